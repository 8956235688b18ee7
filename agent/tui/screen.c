/* What the screen knows, and the way from page to page. */
#include "screen.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char screen_lose_text[] = "lose the certificates";

void screen_say(struct screen *screen, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(screen->message, sizeof screen->message, format, arguments);
    va_end(arguments);
}

size_t screen_chosen(const struct screen *screen) {
    size_t count = 0;
    for (size_t i = 0; i < screen->disk_count; i++)
        count += screen->disks[i].chosen;
    return count;
}

bool screen_too_small(const struct screen *screen) {
    return screen->columns < SCREEN_LEAST_COLUMNS || screen->rows < SCREEN_LEAST_ROWS;
}

char *screen_must_type(const struct screen *screen, char *out, size_t size) {
    const size_t count = screen_chosen(screen);
    if (count > 1)
        return text_number(out, size, (unsigned)count);
    out[0] = '\0';
    for (size_t i = 0; i < screen->disk_count; i++) {
        if (screen->disks[i].chosen)
            text_copy(out, size, screen->disks[i].must_type);
    }
    return out;
}

static bool all_saved(const struct screen_keeping *keeping) {
    return keeping->unsaved == 0 && !keeping->incomplete && !keeping->stale;
}

/* Of documents that have come since then nothing was said. */
bool screen_loses(const struct screen *screen) {
    const struct screen_keeping *keeping = &screen->keeping;
    return screen->lose.said && !all_saved(keeping) &&
           keeping->saved + keeping->unsaved <= screen->lose.documents &&
           keeping->incomplete <= screen->lose.incomplete;
}

bool screen_safe(const struct screen *screen) {
    return all_saved(&screen->keeping) || screen_loses(screen);
}

bool screen_all_seen(const struct screen *screen) {
    for (size_t i = screen->seen.disks; i < screen->disk_count; i++) {
        if (screen->disks[i].chosen)
            return false;
    }
    return true;
}

/* The first line that was not on the screen. A disk of which a part was seen at another width,
 * where its lines are others, counts as not seen. */
static size_t unseen_line(const struct screen *screen) {
    const struct screen_seen *seen = &screen->seen;
    return screen_line_of(screen, seen->disks) +
           (seen->columns == screen->columns ? seen->lines : 0);
}

static size_t body_lines(const struct screen *screen) {
    struct lines body = {0};
    screen_body(screen, &body);
    const size_t count = body.count;
    lines_free(&body);
    return count;
}

void screen_settle(struct screen *screen) {
    const size_t count = body_lines(screen);
    const size_t rows = screen_body_rows(screen);
    const size_t last = count > rows ? count - rows : 0;
    if (screen->page == PAGE_CONFIRM && screen->top > unseen_line(screen))
        screen->top = unseen_line(screen); /* what is to be confirmed is not jumped over */
    if (screen->top > last)
        screen->top = last;
}

void screen_resize(struct screen *screen, unsigned columns, unsigned rows) {
    const bool other = columns != screen->columns || rows != screen->rows;
    screen->columns = columns;
    screen->rows = rows;
    if (other && screen->page == PAGE_RESULT)
        screen->top = screen_line_of(screen, screen->cursor);
    screen_settle(screen);
}

void screen_drawn(struct screen *screen) {
    struct screen_seen *seen = &screen->seen;
    if (screen->page != PAGE_CONFIRM || screen_too_small(screen))
        return;
    const size_t count = body_lines(screen);
    const size_t first = screen_first_row(screen);
    const size_t behind = first + screen_body_rows(screen);
    const size_t end = behind < count ? behind : count;
    const size_t next = unseen_line(screen);
    if (next < first || next >= end)
        return;
    while (seen->disks < screen->disk_count && screen_line_of(screen, seen->disks + 1) <= end)
        seen->disks++;
    seen->lines = end - screen_line_of(screen, seen->disks);
    seen->columns = screen->columns;
}

void screen_moved(struct screen *screen) {
    screen->seen = (struct screen_seen){0};
}

void screen_go(struct screen *screen, enum page page) {
    screen->page = page;
    screen->top = page == PAGE_RESULT ? screen_line_of(screen, screen->cursor) : 0;
    screen->field = 0;
    screen->typed[0] = '\0';
    screen->message[0] = '\0';
    screen->seen = (struct screen_seen){0};
    screen->lose.said = false;
    sodium_memzero(screen->partial, sizeof screen->partial);
    sodium_memzero(screen->secret, sizeof screen->secret);
    screen_settle(screen);
}

/* The next secret to ask for after the one that was asked for; false if there is none. */
static bool next_secret(struct screen *screen) {
    for (; screen->asked < screen->disk_count; screen->asked++) {
        const struct screen_disk *disk = &screen->disks[screen->asked];
        for (; screen->asked_kind < SECRET_KINDS; screen->asked_kind++) {
            const bool wanted =
                screen->asked_kind == SECRET_PSID ? disk->wants_psid : disk->wants_password;
            if (disk->chosen && wanted)
                return true;
        }
        screen->asked_kind = SECRET_ATA_USER;
    }
    return false;
}

void screen_go_on(struct screen *screen) {
    if (screen->page == PAGE_SECRET)
        screen->asked_kind++;
    else if (screen->page == PAGE_AUTHORITY) {
        screen->asked = 0;
        screen->asked_kind = SECRET_ATA_USER;
    }
    if (screen->page != PAGE_PASSPHRASE && next_secret(screen))
        screen_go(screen, PAGE_SECRET);
    else if (screen->page != PAGE_PASSPHRASE && screen->key_sealed)
        screen_go(screen, PAGE_PASSPHRASE);
    else
        screen_go(screen, PAGE_CONFIRM);
}

void screen_free_disks(struct screen *screen) {
    for (size_t i = 0; i < screen->disk_count; i++) {
        free(screen->disks[i].about);
        free(screen->disks[i].plan);
    }
    free(screen->disks);
    screen->disks = NULL;
    screen->disk_count = 0;
}

void screen_free(struct screen *screen) {
    screen_free_disks(screen);
    free(screen->findings);
    sodium_memzero(screen, sizeof *screen);
}
