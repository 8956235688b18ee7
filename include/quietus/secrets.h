/*
 * What opens a locked disk and only a person can know: an ATA password, or the PSID from the label.
 * A secret is for one disk, by its serial number. It is kept in memory that is locked and wiped,
 * and no document, log or screen ever shows it, nor a hash of it (law 5): the evidence says which
 * kind was used.
 *
 * Anyone who can boot the image over the network can read it and what is loaded beside it (law 9).
 * So secrets travel in a sealed file only: encrypted by libsodium's secretbox (XSalsa20 and
 * Poly1305) under a key that Argon2id makes of a passphrase. Who has the file and not the
 * passphrase can guess, at a third of a second and 256 MiB a guess: the passphrase must be a good
 * one, and must not be where the file is.
 */
#ifndef QUIETUS_SECRETS_H
#define QUIETUS_SECRETS_H

#include "quietus/text.h"

#include <stdbool.h>

enum secret_kind { SECRET_ATA_USER, SECRET_ATA_MASTER, SECRET_PSID, SECRET_KINDS };

enum {
    SECRET_SIZE = 32, /* an ATA password has so many bytes, a PSID so many characters */
    SECRETS_FILE_LIMIT = 1 << 20,
    PASSPHRASE_LEAST = 12,
    PASSPHRASE_SIZE = 256,
};

/* "ata-user", "ata-master", "psid": in files and in the evidence. */
const char *secret_kind_name(enum secret_kind kind);

/* What is known of one disk. Copied into its run; end with disk_secrets_wipe. */
struct disk_secrets {
    struct {
        bool given;
        char bytes[SECRET_SIZE]; /* padded with NUL */
    } of[SECRET_KINDS];
};
void disk_secrets_wipe(struct disk_secrets *secrets);

/* Of all disks. */
struct secrets;
struct secrets *secrets_new(void);
void secrets_free(struct secrets *secrets);

/* Adds or replaces one. -EINVAL with the reason if the value cannot be of that kind. */
int secrets_add(struct secrets *secrets, enum secret_kind kind, const char *serial,
                const char *value, struct reason *reason);

/* Removes one, if it is there. */
void secrets_forget(struct secrets *secrets, enum secret_kind kind, const char *serial);

/*
 * Adds the lines of a text: `KIND SERIAL = VALUE`. The serial number is as `quietus scan` shows it;
 * the value is all that follows "= ", or after "hex:" the bytes of an ATA password. Empty lines
 * and those that begin with # are passed over. -EINVAL with the reason, which has the line's number
 * and never what is in it.
 */
int secrets_parse(struct secrets *secrets, const char *text, struct reason *reason);

/* What is known of the disk with this serial number; nothing if it has none. */
void secrets_of_disk(const struct secrets *secrets, const char *serial, struct disk_secrets *out);

/*
 * Seals such a text under a passphrase of at least PASSPHRASE_LEAST characters; the text is parsed
 * first. The result is a JSON document, which the caller frees. -EINVAL with the reason.
 */
int secrets_seal(const char *text, const char *passphrase, char **sealed, struct reason *reason);

/* Opens a sealed file and adds what is in it. -EINVAL: no sealed file; -EACCES: another passphrase,
 * or it was altered; with the reason. */
int secrets_open(struct secrets *secrets, const char *sealed, size_t length, const char *passphrase,
                 struct reason *reason);

/*
 * Asks on a terminal without echo, and waits for at most that many seconds (0: for ever). -ENOTTY
 * if fd is none; -ETIME; -EINVAL: too long, or the end of input. What was typed has no newline.
 */
int secret_typed(int fd, const char *prompt, unsigned seconds, char *out, size_t size);

#endif
