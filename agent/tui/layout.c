/* What the screen looks like. A page is a title, some lines above, a text that scrolls, some lines
 * below, and what the keys do. */
#include "quietus/cleanup.h"
#include "quietus/memory.h"

#include "code.h"
#include "screen.h"

#include <string.h>

enum { SMALL_ROWS = 16 }; /* fewer: what is not needed is left out */

static bool is_small(const struct screen *screen) {
    return screen->rows < SMALL_ROWS;
}

static const char *name_of(const struct screen_disk *disk) {
    return disk->serial[0] ? disk->serial : disk->name;
}

/* The columns of the table of disks; those that do not fit are left out, by how much they matter.
 */
struct column {
    const char *title;
    unsigned width;
    unsigned from; /* shown if the screen has so many columns */
};

enum { COLUMN_NAME, COLUMN_KIND, COLUMN_SIZE, COLUMN_HEALTH, COLUMN_WORTH, COLUMN_SERIAL, COLUMNS };

static const struct column columns[COLUMNS] = {
    [COLUMN_NAME] = {"DISK", 9, 50},  [COLUMN_KIND] = {"KIND", 11, 100},
    [COLUMN_SIZE] = {"SIZE", 9, 0},   [COLUMN_HEALTH] = {"HEALTH", 7, 60},
    [COLUMN_WORTH] = {"WORTH", 5, 0}, [COLUMN_SERIAL] = {"SERIAL", 21, 0},
};

static void add_row(struct lines *out, const struct screen *screen, enum style style,
                    const char *mark, const char *const cells[COLUMNS], const char *last) {
    char text[LINE_SIZE] = "";
    (void)snprintf(text, sizeof text, "%s", mark);
    for (int i = 0; i < COLUMNS; i++) {
        const size_t used = strlen(text);
        if (screen->columns >= columns[i].from)
            (void)snprintf(text + used, sizeof text - used, " %-*.*s", (int)columns[i].width,
                           (int)columns[i].width, cells[i]);
    }
    lines_add(out, style, "%s %s", text, last);
}

static void disks_head(const struct screen *screen, struct lines *out) {
    const char *titles[COLUMNS];
    if (!is_small(screen)) {
        lines_add(out, STYLE_PLAIN, "%s", screen->server);
        lines_add(out, STYLE_PLAIN, "Signed by: %s", screen->key_name);
        lines_add(out, STYLE_PLAIN, " ");
    }
    for (int i = 0; i < COLUMNS; i++)
        titles[i] = columns[i].title;
    add_row(out, screen, STYLE_STRONG, "   ", titles, "MODEL");
}

static void disks_body(const struct screen *screen, struct lines *out) {
    if (screen->disk_count == 0)
        lines_add(out, STYLE_BAD, "No disk was found. What cannot be reached: f.");
    for (size_t i = 0; i < screen->disk_count; i++) {
        const struct screen_disk *disk = &screen->disks[i];
        const char *const cells[COLUMNS] = {disk->name,   disk->kind,  disk->size,
                                            disk->health, disk->worth, name_of(disk)};
        add_row(out, screen, i == screen->cursor ? STYLE_CURSOR : STYLE_PLAIN,
                disk->chosen       ? "[x]"
                : disk->why_not[0] ? " - "
                                   : "[ ]",
                cells, disk->model);
    }
}

static void disks_foot(const struct screen *screen, struct lines *out) {
    if (!is_small(screen) && screen->cursor < screen->disk_count) {
        const struct screen_disk *disk = &screen->disks[screen->cursor];
        lines_add(out, STYLE_PLAIN, " ");
        lines_add(out, STYLE_PLAIN, "Holds  %s", disk->holds);
        if (disk->why_not[0])
            lines_add(out, STYLE_BAD, "Not to be erased here: %s", disk->why_not);
        else
            lines_add(out, STYLE_PLAIN, "%.*s", (int)strcspn(disk->plan, "\n"), disk->plan);
    }
    if (screen->finding_count)
        lines_add(out, STYLE_BAD, "%zu findings: storage that cannot be reached, and more (f)",
                  screen->finding_count);
    lines_add(out, STYLE_STRONG, "%zu of %zu disks chosen", screen_chosen(screen),
              screen->disk_count);
}

static void disk_body(const struct screen *screen, struct lines *out) {
    if (screen->cursor < screen->disk_count)
        lines_wrap(out, STYLE_PLAIN, screen->columns, 0, screen->disks[screen->cursor].about);
}

static void findings_body(const struct screen *screen, struct lines *out) {
    lines_wrap(out, STYLE_PLAIN, screen->columns, 0,
               screen->finding_count ? screen->findings
                                     : "Nothing: no storage was seen that cannot be reached.");
}

static void add_chosen(const struct screen *screen, bool with_plan, struct lines *out) {
    char text[1024];
    for (size_t i = 0; i < screen->disk_count; i++) {
        const struct screen_disk *disk = &screen->disks[i];
        if (!disk->chosen)
            continue;
        (void)snprintf(text, sizeof text, "%s  %s, %s, %s", name_of(disk), disk->model, disk->size,
                       disk->name);
        lines_wrap(out, STYLE_STRONG, screen->columns, 0, text);
        (void)snprintf(text, sizeof text, "Holds: %s", disk->holds);
        lines_wrap(out, STYLE_PLAIN, screen->columns, 4, text);
        if (with_plan)
            lines_wrap(out, STYLE_PLAIN, screen->columns, 4, disk->plan);
    }
}

static void plan_body(const struct screen *screen, struct lines *out) {
    add_chosen(screen, true, out);
}

static void confirm_body(const struct screen *screen, struct lines *out) {
    add_chosen(screen, false, out);
}

static void add_field(const struct screen *screen, struct lines *out, unsigned field,
                      const char *label, const char *value) {
    const bool active = screen->field == field;
    lines_add(out, active ? STYLE_STRONG : STYLE_PLAIN, "%s %-8s %s%s", active ? ">" : " ", label,
              value, active ? "_" : "");
}

static void authority_body(const struct screen *screen, struct lines *out) {
    lines_wrap(out, STYLE_PLAIN, screen->columns, 0,
               "Who erases these disks, and on what ground? Both go on the certificates.");
    lines_add(out, STYLE_PLAIN, " ");
    add_field(screen, out, 0, "Name", screen->operator_name);
    add_field(screen, out, 1, "Ticket", screen->ticket);
}

static const char *secret_name(enum secret_kind kind) {
    static const char *const names[SECRET_KINDS] = {"user password", "master password",
                                                    "PSID (32 characters, on its label)"};
    return names[kind];
}

/* So that one sees that a key was taken, and not which. */
static void add_hidden(const struct screen *screen, struct lines *out) {
    char stars[sizeof screen->secret] = "";
    memset(stars, '*', strnlen(screen->secret, sizeof screen->secret - 1));
    lines_add(out, STYLE_STRONG, "> %.60s_", stars);
}

static void secret_body(const struct screen *screen, struct lines *out) {
    char text[512];
    const struct screen_disk *disk = &screen->disks[screen->asked];
    (void)snprintf(text, sizeof text,
                   "%s (%s, %s) is locked. Its %s? Leave it empty if you do not know it. It is not "
                   "shown, and no certificate has it.",
                   name_of(disk), disk->model, disk->name, secret_name(screen->asked_kind));
    lines_wrap(out, STYLE_PLAIN, screen->columns, 0, text);
    lines_add(out, STYLE_PLAIN, " ");
    add_hidden(screen, out);
}

static void passphrase_body(const struct screen *screen, struct lines *out) {
    lines_wrap(
        out, STYLE_PLAIN, screen->columns, 0,
        "The site's key on the stick is protected. Its passphrase? Leave it empty to go on "
        "without: then a key made in memory signs, and the origin of the certificates is not "
        "proven.");
    lines_add(out, STYLE_PLAIN, " ");
    add_hidden(screen, out);
}

static void confirm_foot(const struct screen *screen, struct lines *out) {
    char expected[OPERATOR_TEXT_SIZE];
    char text[OPERATOR_TEXT_SIZE + 160];
    const size_t count = screen_chosen(screen);
    (void)screen_must_type(screen, expected, sizeof expected);
    if (count > 1)
        (void)snprintf(text, sizeof text,
                       "EVERYTHING on these %zu disks will be destroyed, for good.%s Type how many "
                       "they are: %s",
                       count,
                       screen->seen ? "" : " Look at all of them (Page Down), then:", expected);
    else
        (void)snprintf(text, sizeof text,
                       "EVERYTHING on this disk will be destroyed, for good. Type %s",
                       strncmp(expected, "erase ", 6) == 0 ? expected : "its serial number");
    lines_wrap(out, STYLE_BAD, screen->columns, 0, text);
    lines_add(out, STYLE_STRONG, "> %s_", screen->typed);
}

static void run_bar(const struct screen_run *run, unsigned width, char *out, size_t size) {
    char bar[64];
    const unsigned filled =
        run->total ? (unsigned)((double)run->done / (double)run->total * width) : 0;
    if (width + 1 > sizeof bar)
        width = sizeof bar - 1;
    for (unsigned i = 0; i < width; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[width] = '\0';
    (void)snprintf(out, size, "[%s] %3u %%", bar,
                   run->total ? (unsigned)(100 * (double)run->done / (double)run->total) : 0);
}

/* "120.0 MB/s, 5 min 10 s left, 41 C": what of it is known. */
static void run_rest(const struct screen_run *run, char *out, size_t size) {
    char text[32];
    size_t used = 0;
    out[0] = '\0';
    if (run->rate && run->phase == PHASE_WRITING)
        used += (size_t)snprintf(out, size, "%s/s ", text_size(text, sizeof text, run->rate));
    if (run->rate && run->total > run->done)
        used += (size_t)snprintf(
            out + used, size - used, "%s left ",
            text_duration(text, sizeof text, (run->total - run->done) / run->rate));
    if (run->temperature)
        (void)snprintf(out + used, size - used, "%d C", run->temperature);
}

static const char *outcome_word(const struct screen_run *run) {
    return run->what == DISPOSITION_ERASED ? "ERASED" : disposition_name(run->what);
}

static enum style outcome_style(const struct screen_run *run) {
    return run->what == DISPOSITION_ERASED ? STYLE_GOOD : STYLE_BAD;
}

static void add_run_row(const struct screen *screen, const struct screen_disk *disk,
                        enum style style, struct lines *out) {
    const struct screen_run *run = &disk->run;
    char part[24] = "";
    char bar[80] = "";
    char rest[96] = "";
    const bool narrow = screen->columns < 72;
    if (run->ended) {
        lines_add(out, style == STYLE_CURSOR ? style : outcome_style(run), "%-20.20s %s: %s",
                  name_of(disk), outcome_word(run), run->words);
        return;
    }
    if (run->parts > 1)
        (void)snprintf(part, sizeof part, " %u/%u", run->part, run->parts);
    if (run->total && !(run->phase == PHASE_WAITING))
        run_bar(run, narrow ? 6 : screen->columns >= 100 ? 20 : 10, bar, sizeof bar);
    run_rest(run, rest, sizeof rest);
    if (narrow)
        lines_add(out, style, "%-12.12s %.10s%s %s %s", name_of(disk), phase_name(run->phase), part,
                  bar, rest);
    else
        lines_add(out, style, "%-20.20s %s%s %s %s", name_of(disk), phase_name(run->phase), part,
                  bar, rest);
}

static void run_head(const struct screen *screen, struct lines *out) {
    char text[32];
    size_t total = 0;
    size_t ended = 0;
    for (size_t i = 0; i < screen->disk_count; i++) {
        total += screen->disks[i].run.at_work;
        ended += screen->disks[i].run.at_work && screen->disks[i].run.ended;
    }
    if (total == 0)
        lines_add(out, STYLE_STRONG, "Starting");
    else
        lines_add(out, STYLE_STRONG, "%zu of %zu disks have ended, after %s", ended, total,
                  text_duration(text, sizeof text, (uint64_t)screen->seconds));
}

static void run_body(const struct screen *screen, struct lines *out) {
    for (size_t i = 0; i < screen->disk_count; i++) {
        if (screen->disks[i].run.at_work)
            add_run_row(screen, &screen->disks[i], i == screen->cursor ? STYLE_CURSOR : STYLE_PLAIN,
                        out);
    }
}

static void stop_foot(const struct screen *screen, struct lines *out) {
    lines_wrap(out, STYLE_BAD, screen->columns, 0,
               "Stop? Disks that are being erased end as UNKNOWN: what is left on them nobody can "
               "say, and a drive may go on by itself. Type stop to do it, Esc to let it go on.");
    lines_add(out, STYLE_STRONG, "> %s_", screen->typed);
}

static void add_keeping(const struct screen *screen, struct lines *out) {
    const struct screen_keeping *keeping = &screen->keeping;
    char text[640];
    if (keeping->stale) {
        lines_add(out, STYLE_PLAIN, "Saving the documents");
        return;
    }
    if (keeping->incomplete)
        lines_wrap(out, STYLE_BAD, screen->columns, 0,
                   "A document could not be stored at all: note down what this screen shows.");
    if (keeping->saved + keeping->unsaved == 0)
        return;
    if (keeping->unsaved == 0)
        (void)snprintf(text, sizeof text, "Documents saved: %zu, %s", keeping->saved,
                       keeping->where);
    else
        (void)snprintf(text, sizeof text,
                       "Documents in memory alone: %zu. %s%s. Put in a stick with a file system "
                       "labelled QUIETUS; they are saved by themselves.",
                       keeping->unsaved,
                       keeping->stick_there ? "The stick does not take them: "
                                            : "There is no stick",
                       keeping->stick_there ? keeping->problem : "");
    lines_wrap(out, keeping->unsaved ? STYLE_BAD : STYLE_PLAIN, screen->columns, 0, text);
}

static void result_head(const struct screen *screen, struct lines *out) {
    size_t counts[DISPOSITION_COUNT] = {0};
    char text[LINE_SIZE] = "";
    for (size_t i = 0; i < screen->disk_count; i++) {
        if (screen->disks[i].run.ended && screen->disks[i].chosen)
            counts[screen->disks[i].run.what]++;
    }
    for (int i = 0; i < DISPOSITION_COUNT; i++) {
        const size_t used = strlen(text);
        if (counts[i])
            (void)snprintf(text + used, sizeof text - used, "%s%zu %s", used ? ", " : "", counts[i],
                           disposition_name((enum disposition)i));
    }
    const bool good =
        counts[DISPOSITION_ERASED] == screen_chosen(screen) && counts[DISPOSITION_ERASED];
    lines_add(out, good ? STYLE_GOOD : STYLE_BAD, "%s", text[0] ? text : "nothing was done");
}

static void result_body(const struct screen *screen, struct lines *out) {
    char text[768];
    for (size_t i = 0; i < screen->disk_count; i++) {
        const struct screen_disk *disk = &screen->disks[i];
        if (!disk->chosen || !disk->run.ended)
            continue;
        lines_add(out, i == screen->cursor ? STYLE_CURSOR : outcome_style(&disk->run),
                  "%-20.20s %-8s %s", name_of(disk), outcome_word(&disk->run), disk->model);
        (void)snprintf(text, sizeof text, "%s", disk->run.words);
        lines_wrap(out, STYLE_PLAIN, screen->columns, 4, text);
    }
    if (screen->problems[0])
        lines_wrap(out, STYLE_BAD, screen->columns, 0, screen->problems);
}

static void result_foot(const struct screen *screen, struct lines *out) {
    if (!is_small(screen) && screen->record_id[0]) {
        lines_add(out, STYLE_PLAIN, "Record %s", screen->record_id);
        lines_add(out, STYLE_PLAIN, "%s", screen->record_digest);
    }
    add_keeping(screen, out);
}

/* The same for people, to the right of the code, where there is room. */
static void add_beside(const struct screen *screen, const char *id, const char *digest,
                       struct lines *code) {
    enum { GAP = 2, LEAST = 24 };
    const unsigned start = code->list[0].style_columns + GAP;
    struct lines text = {0};
    if (screen->columns < start + LEAST)
        return;
    lines_wrap(&text, STYLE_PLAIN, screen->columns - start, 0,
               screen->code_of_record ? "Record of this run"
                                      : name_of(&screen->disks[screen->cursor]));
    lines_wrap(&text, STYLE_PLAIN, screen->columns - start, 0, id);
    lines_wrap(&text, STYLE_PLAIN, screen->columns - start, 0, digest);
    for (size_t i = 0; i < text.count && i < code->count; i++) {
        struct line *line = &code->list[i];
        (void)snprintf(line->text + line->style_columns, sizeof line->text - line->style_columns,
                       "  %.*s", (int)(screen->columns - start), text.list[i].text);
    }
    lines_free(&text);
}

static void code_body(const struct screen *screen, struct lines *out) {
    char text[256];
    const struct screen_run *run = &screen->disks[screen->cursor].run;
    const char *id = screen->code_of_record ? screen->record_id : run->code_id;
    const char *digest = screen->code_of_record ? screen->record_digest : run->digest;
    const enum style style = screen->half_blocks != screen->wide_code ? STYLE_CODE : STYLE_WIDE;
    (void)code_text(text, sizeof text, id, digest);
    if (code_lines(text, style, screen->columns, (unsigned)screen_body_rows(screen), out) == 0) {
        add_beside(screen, id, digest, out);
        return;
    }
    lines_wrap(out, STYLE_PLAIN, screen->columns, 0,
               "The code does not fit on this screen: make it larger, or write down the text (w: "
               "the other way to draw it).");
    lines_wrap(out, STYLE_STRONG, screen->columns, 0, id);
    lines_wrap(out, STYLE_STRONG, screen->columns, 0, digest);
}

static void end_body(const struct screen *screen, struct lines *out) {
    add_keeping(screen, out);
    if (!screen_safe(screen)) {
        lines_add(out, STYLE_PLAIN, " ");
        lines_wrap(out, STYLE_BAD, screen->columns, 0,
                   "This machine is not powered off or rebooted before its certificates are saved. "
                   "To lose them all the same, type: lose the certificates");
        lines_add(out, STYLE_STRONG, "> %s_", screen->typed);
        return;
    }
    lines_add(out, STYLE_PLAIN, " ");
    if (screen->may_lose)
        lines_add(out, STYLE_BAD, "You have said that certificates may be lost.");
    lines_add(out, STYLE_STRONG, "p  power off");
    lines_add(out, STYLE_STRONG, "r  reboot");
}

static void scanning_body(const struct screen *screen, struct lines *out) {
    (void)screen;
    lines_wrap(out, STYLE_PLAIN, screen->columns, 0,
               "Looking for disks. One that does not answer can take a minute and a half.");
}

struct page_layout {
    const char *title;
    const char *keys;
    void (*head)(const struct screen *screen, struct lines *out);
    void (*body)(const struct screen *screen, struct lines *out);
    void (*foot)(const struct screen *screen, struct lines *out);
};

static const struct page_layout layouts[PAGE_COUNT] = {
    [PAGE_SCANNING] = {"Looking for disks", "", NULL, scanning_body, NULL},
    [PAGE_DISKS] = {"Disks",
                    "Space choose  a all  Enter details  n next  f findings  r rescan  q end",
                    disks_head, disks_body, disks_foot},
    [PAGE_DISK] = {"Disk", "Up Down scroll  Space choose  Esc back", NULL, disk_body, NULL},
    [PAGE_FINDINGS] = {"Findings", "Up Down scroll  Esc back", NULL, findings_body, NULL},
    [PAGE_PLAN] = {"Plan: nothing is done yet", "n next  Up Down scroll  Esc back", NULL, plan_body,
                   NULL},
    [PAGE_AUTHORITY] = {"Who, and why", "Tab other field  Enter next  Esc back", NULL,
                        authority_body, NULL},
    [PAGE_SECRET] = {"Locked disk", "Enter next  Esc back", NULL, secret_body, NULL},
    [PAGE_PASSPHRASE] = {"Signing key", "Enter next  Esc back", NULL, passphrase_body, NULL},
    [PAGE_CONFIRM] = {"Confirm", "Up Down scroll  Enter ERASE  Esc back", NULL, confirm_body,
                      confirm_foot},
    [PAGE_RUN] = {"Erasing", "Up Down move  Ctrl-C stop", run_head, run_body, NULL},
    [PAGE_STOP] = {"Stop?", "Enter  Esc let it go on", run_head, run_body, stop_foot},
    [PAGE_RESULT] = {"Result", "c code  R record's code  s save again  d disks  q end", result_head,
                     result_body, result_foot},
    [PAGE_CODE] = {"Certificate", "w other drawing  Esc back", NULL, code_body, NULL},
    [PAGE_END] = {"End", "Esc back", NULL, end_body, NULL},
};

void screen_body(const struct screen *screen, struct lines *out) {
    layouts[screen->page].body(screen, out);
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
    for (size_t i = 0; i < body->count; i++) {
        if (body->list[i].style == STYLE_CURSOR)
            first = i > rows / 2 ? i - rows / 2 : 0;
    }
    const size_t last = body->count > rows ? body->count - rows : 0;
    return first > last ? last : first;
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

void screen_draw(const struct screen *screen, struct lines *out) {
    struct lines above = {0};
    struct lines body = {0};
    struct lines below = {0};
    *out = (struct lines){0};
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
    for (size_t i = 0; i < out->count; i++)
        out->list[i].text[screen->columns < LINE_SIZE ? screen->columns : LINE_SIZE - 1] = '\0';
    lines_free(&above);
    lines_free(&body);
    lines_free(&below);
}
