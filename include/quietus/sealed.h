/*
 * A text under a passphrase: libsodium's secretbox (XSalsa20 and Poly1305) with a key that Argon2id
 * makes of the passphrase, in a JSON document. Used for secrets of disks and for keys that sign.
 */
#ifndef QUIETUS_SEALED_H
#define QUIETUS_SEALED_H

#include "quietus/text.h"

#include <stdbool.h>

/*
 * schema: the document's own, so that one kind is not taken for another. The passphrase has at
 * least PASSPHRASE_LEAST characters (secrets.h). The caller frees what was sealed. -EINVAL, or
 * -ENOMEM, with the reason.
 */
int sealed_make(const char *schema, const char *text, size_t length, const char *passphrase,
                char **sealed, struct reason *reason);

/* True if the text is such a document of that kind. */
bool sealed_is(const char *schema, const char *text, size_t length);

/* text: with a NUL behind it, in memory that is locked; the caller ends it with sodium_free.
 * -EINVAL: no such document; -EACCES: another passphrase, or it was altered; with the reason. */
int sealed_open(const char *schema, const char *sealed, size_t length, const char *passphrase,
                char **text, struct reason *reason);

#endif
