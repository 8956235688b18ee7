/* Shows how far the disks are. */
#ifndef QUIETUS_PROGRESS_VIEW_H
#define QUIETUS_PROGRESS_VIEW_H

#include "quietus/pipeline.h"
#include "quietus/run.h"

#include "console.h"

struct progress_view;

/* The console has to outlive it. */
struct progress_view *progress_view_new(enum progress_style style, struct console *console);
void progress_view_free(struct progress_view *view);

/* These are what it is about; they have to be there until it is freed. Before this it has nothing
 * to show; with it the disks that nothing is done to are shown, by reason. */
void progress_view_begin(struct progress_view *view, struct disk_run *const *runs, size_t count);

/* Something went wrong; always shown. */
void progress_view_complain(struct progress_view *view, const char *text);

/* Called about every second. Shows nothing while the console has not taken what was shown before.
 */
void progress_view_update(struct progress_view *view);

/* A disk has ended; always shown. run: NULL if nothing was done to it, which is said before the
 * beginning, and shown then. */
void progress_view_ended(struct progress_view *view, const struct disk *disk,
                         const struct disk_run *run, enum disposition disposition,
                         const char *reason, const char *file);

#endif
