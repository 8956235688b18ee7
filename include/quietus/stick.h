/*
 * The stick: a small vfat file system labelled QUIETUS, on the boot stick or another one. init
 * mounts it, and makes its folders: orders, keys, holds (in), certificates, logs (out), state.
 */
#ifndef QUIETUS_STICK_H
#define QUIETUS_STICK_H

#include <stdbool.h>
#include <stddef.h>

/* A link to where init has mounted it, which is there only as long as it is mounted. */
#define STICK_FOLDER "/run/quietus/stick"
#define STICK_LABEL  "QUIETUS"

/*
 * Whether a block device (or an image in a file) holds the stick's file system and nothing else.
 * name, for people: "/dev/sdb1 (SanDisk Ultra, 15.8 GB, volume 1A2B-3C4D)", as far as it is known
 * below root; the volume is the file system's serial number, which tells two sticks of one model
 * apart.
 */
enum { STICK_NAME_SIZE = 160 };
bool stick_is_on(const char *root, const char *device, char name[STICK_NAME_SIZE]);

/* Where init tells which sticks are in: lines "used NAME" and "unused NAME". */
#define STICK_LIST_SUFFIX ".list"

/* Whether a stick is there; it may be one that cannot be written to (virtual media, a CD). */
bool stick_present(const char *stick);

/* Whether one is there that takes documents, as far as its mount tells. */
bool stick_writable(const char *stick);

/*
 * Writes a new file into a folder of the stick (made if need be), whole or not at all: a temporary
 * file, synced, renamed, the folder synced, and read back from the medium. 0: it is safe there. A
 * file that is there already is never replaced: -EEXIST, unless the medium holds the same bytes; a
 * try that failed may have left them in memory alone. Negative errno else: -EROFS if the stick
 * cannot be written to, -ENODEV if there is none, -EBADMSG if it reads back as something else.
 * folder and name are single names, not paths (-EINVAL).
 *
 * After a power cut a file has its whole content or none, and NAME.tmp… may be left beside it.
 */
int stick_put(const char *stick, const char *folder, const char *name, const void *data,
              size_t length);

#endif
