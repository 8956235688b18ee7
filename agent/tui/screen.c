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

void screen_settle(struct screen *screen) {
    struct lines body = {0};
    screen_body(screen, &body);
    const size_t rows = screen_body_rows(screen);
    const size_t last = body.count > rows ? body.count - rows : 0;
    if (screen->top > last)
        screen->top = last;
    if (screen->page == PAGE_CONFIRM && screen->top == last && rows > 0 &&
        !screen_too_small(screen))
        screen->seen = true;
    lines_free(&body);
}

void screen_go(struct screen *screen, enum page page) {
    screen->page = page;
    screen->top = 0;
    screen->field = 0;
    screen->typed[0] = '\0';
    screen->message[0] = '\0';
    screen->seen = false;
    screen->lose.said = false;
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
