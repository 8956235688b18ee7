/*
 * The list of what was said to a disk and what it answered, for its certificate (law 5). Safe to
 * use from the disk's thread while another takes a copy.
 */
#ifndef QUIETUS_EVIDENCE_H
#define QUIETUS_EVIDENCE_H

#include "quietus/transport.h"

#include <jansson.h>

struct evidence;

struct evidence *evidence_new(void);
void evidence_free(struct evidence *evidence);

/*
 * Records a command with its bytes, its outcome and the data it returned; of the data of ATA
 * security commands never the password, of messages to TCG security nothing (the command's name
 * says which it was). error is the transport's return value. The same command with the same answer
 * as last time only counts up
 * ("repeated").
 */
void evidence_scsi(struct evidence *evidence, const struct scsi_command *command, int error);
void evidence_nvme(struct evidence *evidence, const struct nvme_command *command, int error);

/* Records something else that was done; takes over the object and adds kind and time to it. */
void evidence_event(struct evidence *evidence, const char *kind, json_t *event);

/*
 * A drive that is polled for hours answers thousands of times. What was recorded since the mark can
 * be taken back where it adds nothing; how many are left out is the caller's to record.
 */
size_t evidence_mark(struct evidence *evidence);
void evidence_rewind(struct evidence *evidence, size_t mark);

/* A copy of the list so far: a new array. */
json_t *evidence_list(struct evidence *evidence);

#endif
