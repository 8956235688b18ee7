/*
 * What is known of models that erase badly, hang or lie: agent/plan/models.json, compiled in, and
 * replaced as a whole by models_load. Each entry is an object:
 *   model           the model as the drive reports it; * and ? stand for anything, as in file names
 *   firmware        likewise, optional
 *   firmware_below  only firmware that sorts before this one in the same scheme (its letters and
 *                   length agree), optional
 *   does            what it does, in words
 *   avoid           array of method names that are not used on it, with * and ?
 *   source          where that is known from
 */
#ifndef QUIETUS_MODELS_H
#define QUIETUS_MODELS_H

#include "quietus/disk.h"

/* Where the agent looks for a file that replaces what is compiled in. */
#define MODELS_FILE "/etc/quietus/models.json"

/*
 * Takes the file's entries in place of those compiled in; before threads are started. 0, or -EINVAL
 * or another negative errno with the reason; then nothing has changed.
 */
int models_load(const char *file, struct reason *reason);

/* True if the method must not be used on this disk, with the reason. */
bool models_avoid(const struct disk *disk, const char *method, struct reason *reason);

/* Adds what is known of the disk's model to its findings. */
void models_note(struct disk *disk);

/* The digest (SHA-256, hexadecimal) of the entries in use, for the record. */
const char *models_digest(void);

#endif
