/*
 * From the authorization to the delivered record: what the unattended agent and a person's erase
 * have in common.
 */
#ifndef QUIETUS_PIPELINE_H
#define QUIETUS_PIPELINE_H

#include "quietus/certificate.h"
#include "quietus/exit_status.h"

enum progress_style {
    PROGRESS_TEXT, /* a line for each disk, redrawn on a terminal, now and then elsewhere */
    PROGRESS_JSON, /* a JSON document a line */
    PROGRESS_NONE,
};

/*
 * Who is told how it goes. Called in the thread of pipeline_run, which must not be made to wait:
 * for a terminal, for instance. The runs are there from begun until pipeline_run returns.
 */
struct pipeline_watcher {
    void (*begun)(void *user, struct disk_run *const *runs, size_t count);
    void (*tick)(void *user); /* about every second */
    /* What became of a disk, once for each of the scan. run: NULL if it had no warrant;
     * certificate: NULL if it has none (excluded). */
    void (*ended)(void *user, const struct disk *disk, const struct disk_run *run,
                  enum disposition disposition, const char *reason,
                  const struct document *certificate);
    void (*closed)(void *user, const struct document *record);
    /* What went wrong; a text of one or more lines. */
    void (*complained)(void *user, const char *text);
    void *user;
};

struct pipeline {
    struct session *session;
    struct scan *scan;
    struct authorization *authorization;
    const struct policy *policy;
    const struct secrets *secrets; /* what opens locked disks, or NULL */
    const char *mode;              /* "erase" or "inspect" */
    json_t *order;      /* for the record: the order's id and digest, or what was wrong with it;
                           borrowed, or NULL */
    bool order_invalid; /* exit status 11 */
    const char *spool;  /* folder */
    const char *state;  /* folder where it is kept how far overwrites are (resume.h), or NULL */
    const char *report; /* URL, or NULL: documents stay in the spool */
    const char *stick;  /* folder of a stick that documents are written to as well, as soon as it is
                           there, and that may hang (stick_writer); or NULL */
    bool locate;        /* switch the lights of disks that are erased: off at the start, on where it
                           failed or nothing is known */
    bool must_deliver;  /* the spool is not where documents are to stay: exit status 30 if any do
                           (without a report: if any is not on the stick either) */
    unsigned deliver_seconds;   /* how long to go on trying after the last disk */
    unsigned heartbeat_seconds; /* how often one is stored below report; 0: none */
    enum progress_style progress;
    const struct pipeline_watcher *watcher; /* instead of what is printed; or NULL */
    struct runner_limits limits;
};

/*
 * Runs every disk that has a warrant, certifies each as soon as it ends, writes the record, and
 * delivers. Returns the exit status. Disks whose run was given up are taken out of the scan (NULL),
 * since their threads may still use them.
 */
enum exit_status pipeline_run(const struct pipeline *pipeline);

#endif
