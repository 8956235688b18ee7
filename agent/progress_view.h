/* Shows how far the disks are. */
#ifndef QUIETUS_PROGRESS_VIEW_H
#define QUIETUS_PROGRESS_VIEW_H

#include "quietus/pipeline.h"
#include "quietus/run.h"

struct progress_view;

struct progress_view *progress_view_new(enum progress_style style, struct disk_run **runs,
                                        size_t count);
void progress_view_free(struct progress_view *view);

/* Called about every second. */
void progress_view_update(struct progress_view *view);

/* A disk has ended; printed at once. */
void progress_view_ended(struct progress_view *view, const struct disk_run *run,
                         enum disposition disposition, const char *reason, const char *file);

#endif
