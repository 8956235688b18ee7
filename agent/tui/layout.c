/* What the screen looks like. A page is a title, some lines above, a text that scrolls, some lines
 * below, and what the keys do. */
#include "quietus/memory.h"

#include "pages.h"

#include <string.h>

struct page_layout {
    const char *title;
    const char *keys;
    void (*head)(const struct screen *screen, struct lines *out);
    void (*body)(const struct screen *screen, struct lines *out);
    void (*foot)(const struct screen *screen, struct lines *out);
    /* What of the body is about the first so many disks; NULL: they have no paragraphs. */
    void (*disks)(const struct screen *screen, size_t count, struct lines *out);
    bool follows; /* the body shows where the cursor is, whatever was scrolled to */
};

static const struct page_layout layouts[PAGE_COUNT] = {
    [PAGE_SCANNING] = {.title = "Looking for disks", .keys = "", .body = scanning_body},
    [PAGE_DISKS] =
        {.title = "Disks",
         .keys = "Space choose  a all  Enter details  n next  f findings  r rescan  h help  q end",
         .head = disks_head,
         .body = disks_body,
         .foot = disks_foot,
         .follows = true},
    [PAGE_DISK] = {.title = "Disk",
                   .keys = "Up Down scroll  Space choose  Esc back",
                   .body = disk_body},
    [PAGE_FINDINGS] = {.title = "Findings",
                       .keys = "Up Down scroll  Esc back",
                       .body = findings_body},
    [PAGE_HELP] = {.title = "Help", .keys = "Up Down scroll  Esc back", .body = help_body},
    [PAGE_PLAN] = {.title = "Plan: nothing is done yet",
                   .keys = "n next  Up Down scroll  h help  Esc back",
                   .head = plan_head,
                   .body = plan_body},
    [PAGE_AUTHORITY] = {.title = "Who, and why",
                        .keys = "Tab other field  Enter next  Esc back",
                        .body = authority_body},
    [PAGE_SECRET] = {.title = "Locked disk", .keys = "Enter next  Esc back", .body = secret_body},
    [PAGE_PASSPHRASE] = {.title = "Signing key",
                         .keys = "Enter next  Esc back",
                         .body = passphrase_body},
    [PAGE_CONFIRM] = {.title = "Confirm",
                      .keys = "Up Down scroll  Enter ERASE  Esc back",
                      .body = confirm_body,
                      .foot = confirm_foot,
                      .disks = confirm_disks},
    [PAGE_RUN] = {.title = "Erasing",
                  .keys = "Up Down move  Ctrl-C stop",
                  .head = run_head,
                  .body = run_body,
                  .foot = run_foot,
                  .follows = true},
    [PAGE_STOP] = {.title = "Stop?",
                   .keys = "Enter  Esc let it go on",
                   .head = run_head,
                   .body = run_body,
                   .foot = stop_foot,
                   .follows = true},
    [PAGE_RESULT] = {.title = "Result",
                     .keys = "c code  R record's code  s save again  d disks  h help  q end",
                     .head = result_head,
                     .body = result_body,
                     .foot = result_foot,
                     .disks = result_disks},
    [PAGE_CODE] = {.title = "Certificate", .keys = "w other drawing  Esc back", .body = code_body},
    [PAGE_END] = {.title = "End",
                  .keys = "Up Down scroll  Esc back",
                  .body = end_body,
                  .foot = end_foot},
};

void screen_body(const struct screen *screen, struct lines *out) {
    layouts[screen->page].body(screen, out);
}

size_t screen_line_of(const struct screen *screen, size_t disk) {
    struct lines before = {0};
    if (layouts[screen->page].disks)
        layouts[screen->page].disks(screen, disk, &before);
    const size_t count = before.count;
    lines_free(&before);
    return count;
}

/* What is above and below the body. */
static void frame(const struct screen *screen, struct lines *above, struct lines *below) {
    const struct page_layout *layout = &layouts[screen->page];
    lines_add(above, STYLE_BAR, " %s  %s", screen->version, layout->title);
    if (layout->head)
        layout->head(screen, above);
    if (layout->foot)
        layout->foot(screen, below);
    if (screen->message[0])
        lines_wrap(below, STYLE_BAD, screen->columns, 0, screen->message);
    const size_t before = below->count;
    lines_wrap(below, STYLE_BAR, screen->columns, 0, layout->keys);
    for (size_t i = before; i < below->count; i++)
        below->list[i].style = STYLE_BAR;
}

static size_t rows_between(const struct screen *screen, const struct lines *above,
                           const struct lines *below) {
    const size_t taken = above->count + below->count;
    return screen->rows > taken ? screen->rows - taken : 0;
}

size_t screen_body_rows(const struct screen *screen) {
    struct lines above = {0};
    struct lines below = {0};
    frame(screen, &above, &below);
    const size_t rows = rows_between(screen, &above, &below);
    lines_free(&above);
    lines_free(&below);
    return rows;
}

/* The first line shown: where the cursor's line is in the middle, or what was scrolled to. */
static size_t first_line(const struct screen *screen, const struct lines *body, size_t rows) {
    size_t first = screen->top;
    for (size_t i = 0; layouts[screen->page].follows && i < body->count; i++) {
        if (body->list[i].style == STYLE_CURSOR)
            first = i > rows / 2 ? i - rows / 2 : 0;
    }
    const size_t last = body->count > rows ? body->count - rows : 0;
    return first > last ? last : first;
}

size_t screen_first_row(const struct screen *screen) {
    struct lines body = {0};
    screen_body(screen, &body);
    const size_t first = first_line(screen, &body, screen_body_rows(screen));
    lines_free(&body);
    return first;
}

static void take(struct lines *out, size_t rows, const struct line *line) {
    if (out->count >= rows)
        return;
    out->list = memory_grow(out->list, out->count + 1, sizeof *out->list);
    out->list[out->count++] = line ? *line : (struct line){.style = STYLE_PLAIN};
}

/* That there is more than what is seen, and where. */
static void note_part(struct line *title, size_t first, size_t rows, size_t count) {
    const size_t used = strlen(title->text);
    (void)snprintf(title->text + used, sizeof title->text - used, "  (lines %zu to %zu of %zu)",
                   first + 1, first + rows, count);
}

static void draw_too_small(const struct screen *screen, struct lines *out) {
    struct lines text = {0};
    char words[160];
    (void)snprintf(words, sizeof words,
                   "Too small: %ux%u, and %dx%d is the least. What is at work goes on; no key "
                   "counts now.",
                   screen->columns, screen->rows, SCREEN_LEAST_COLUMNS, SCREEN_LEAST_ROWS);
    lines_wrap(&text, STYLE_BAD, screen->columns, 0, words);
    for (size_t i = 0; i < screen->rows; i++)
        take(out, screen->rows, i < text.count ? &text.list[i] : NULL);
    lines_free(&text);
}

static void cut_to_width(const struct screen *screen, struct lines *out) {
    for (size_t i = 0; i < out->count; i++)
        out->list[i].text[screen->columns < LINE_SIZE ? screen->columns : LINE_SIZE - 1] = '\0';
}

static void draw_page(const struct screen *screen, struct lines *out) {
    struct lines above = {0};
    struct lines body = {0};
    struct lines below = {0};
    frame(screen, &above, &below);
    screen_body(screen, &body);
    const size_t rows = rows_between(screen, &above, &below);
    const size_t first = first_line(screen, &body, rows);
    if (body.count > rows)
        note_part(&above.list[0], first, rows, body.count);
    for (size_t i = 0; i < above.count; i++)
        take(out, screen->rows, &above.list[i]);
    for (size_t i = 0; i < rows; i++)
        take(out, screen->rows, first + i < body.count ? &body.list[first + i] : NULL);
    /* Where there is no room for all, what the person has to answer is at the end. */
    const size_t room = screen->rows - out->count;
    const size_t skip = below.count > room ? below.count - room : 0;
    for (size_t i = skip; i < below.count; i++)
        take(out, screen->rows, &below.list[i]);
    lines_free(&above);
    lines_free(&body);
    lines_free(&below);
}

void screen_draw(const struct screen *screen, struct lines *out) {
    *out = (struct lines){0};
    if (screen_too_small(screen))
        draw_too_small(screen, out);
    else
        draw_page(screen, out);
    cut_to_width(screen, out);
}
