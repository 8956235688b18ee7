/* The parts of each page, for layout.c: lines above, a text that scrolls, lines below. Pure. */
#ifndef QUIETUS_TUI_PAGES_H
#define QUIETUS_TUI_PAGES_H

#include "screen.h"

void disks_head(const struct screen *screen, struct lines *out);
void disks_body(const struct screen *screen, struct lines *out);
void disks_foot(const struct screen *screen, struct lines *out);
void disk_body(const struct screen *screen, struct lines *out);
void findings_body(const struct screen *screen, struct lines *out);
void plan_head(const struct screen *screen, struct lines *out);
void plan_body(const struct screen *screen, struct lines *out);
void authority_body(const struct screen *screen, struct lines *out);
void secret_body(const struct screen *screen, struct lines *out);
void passphrase_body(const struct screen *screen, struct lines *out);
void confirm_body(const struct screen *screen, struct lines *out);
void confirm_disks(const struct screen *screen, size_t count, struct lines *out);
void confirm_foot(const struct screen *screen, struct lines *out);
void scanning_body(const struct screen *screen, struct lines *out);
void run_head(const struct screen *screen, struct lines *out);
void run_body(const struct screen *screen, struct lines *out);
void run_foot(const struct screen *screen, struct lines *out);
void stop_foot(const struct screen *screen, struct lines *out);
void result_head(const struct screen *screen, struct lines *out);
void result_body(const struct screen *screen, struct lines *out);
void result_disks(const struct screen *screen, size_t count, struct lines *out);
void result_foot(const struct screen *screen, struct lines *out);
void code_body(const struct screen *screen, struct lines *out);
void end_body(const struct screen *screen, struct lines *out);
void end_foot(const struct screen *screen, struct lines *out);
void help_body(const struct screen *screen, struct lines *out);

/* For several pages: that there are sticks that are not used. Nothing if there are none. */
void other_sticks(const struct screen *screen, struct lines *out);

/* With so few rows what is not needed is left out. */
static inline bool screen_is_low(const struct screen *screen) {
    enum { LOW = 16 };
    return screen->rows < LOW;
}

/* The serial number; where there is none, the node. */
static inline const char *screen_disk_name(const struct screen_disk *disk) {
    return disk->serial[0] ? disk->serial : disk->name;
}

#endif
