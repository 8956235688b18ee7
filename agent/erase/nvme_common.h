/* What the NVMe methods share. */
#ifndef QUIETUS_NVME_COMMON_H
#define QUIETUS_NVME_COMMON_H

#include "quietus/method.h"

/*
 * What a finished erase command says. 0 if the drive took it. Otherwise -EIO with the reason and
 * facts->refuted: true if the drive said no; false if the command got lost (the transport failed,
 * or the kernel's own path-related status after a timeout and reset), since then it may have been
 * done. error: the transport's.
 */
int nvme_judge_completion(struct erase_run *run, const char *what,
                          const struct nvme_command *command, int error);

/* Whether every namespace answers, is not being formatted, and has the size and format it had. */
int nvme_namespaces_unchanged(struct erase_run *run);

#endif
