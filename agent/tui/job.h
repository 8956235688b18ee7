/* Scanning and erasing, in a thread of their own, so that the screen goes on meanwhile and a
 * terminal that takes nothing holds up no certificate. */
#ifndef QUIETUS_TUI_JOB_H
#define QUIETUS_TUI_JOB_H

#include "quietus/pipeline.h"

#include "screen.h"

struct job;

struct job *job_scan(const char *root);

/* What an erase is made of; all of it has to be there until job_end. */
struct job_erase {
    const struct screen *screen; /* what was chosen and typed; copied */
    struct scan *scan;
    const struct policy *policy;
    const struct secrets *secrets;
    struct signing_key *key; /* owned from now on; NULL: one made in memory */
    const char *spool;
    const struct runner_limits *limits;
};
struct job *job_erase(const struct job_erase *how);

/* Copies how far each disk is into the screen; the disks of the scan and of the screen are the
 * same, in the same order. True as soon as the job has ended. */
bool job_read(struct job *job, struct screen *screen);

/* Asks an erase to end; what is under way gets its certificates. */
void job_stop(void);

/* After job_read has said that it has ended. The scan of job_scan goes to out. The exit status of
 * an erase. */
int job_end(struct job *job, struct scan *out);

#endif
