/* The pages of an erase and of what became of it. */
#include "code.h"
#include "pages.h"

#include <inttypes.h>
#include <string.h>

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

/* "120.0 MB/s 5 min 10 s left 41 C": what of it is known. */
static void run_rest(const struct screen_run *run, char *out, size_t size) {
    char text[32];
    size_t used = 0;
    out[0] = '\0';
    if (run->rate && run->phase == PHASE_WRITING)
        used += (size_t)snprintf(out, size, "%s/s ", text_size(text, sizeof text, run->rate));
    else if (run->rate && (run->phase == PHASE_SAMPLING || run->phase == PHASE_VERIFYING))
        used += (size_t)snprintf(out, size, "%" PRIu64 " reads/s ", run->rate);
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

static bool is_narrow(const struct screen *screen) {
    return screen->columns < 72;
}

/* What is left beside name and phase, so many columns, and the longest of what run_rest gives: the
 * bar must not become another one whenever a figure has a digit more. */
static unsigned bar_width(const struct screen *screen, size_t before) {
    enum { NARROW = 6, LEAST = 4, MOST = 20, PERCENT = sizeof " [] 100 % " - 1, REST = 32 };
    const size_t others = before + PERCENT + REST;
    if (is_narrow(screen))
        return NARROW;
    if (screen->columns < others + LEAST)
        return LEAST;
    return screen->columns - others < MOST ? (unsigned)(screen->columns - others) : MOST;
}

static void add_run_row(const struct screen *screen, const struct screen_disk *disk,
                        enum style style, struct lines *out) {
    const struct screen_run *run = &disk->run;
    char part[24] = "";
    char name[80];
    char bar[80] = "";
    char rest[96] = "";
    if (run->ended) {
        lines_add(out, style == STYLE_CURSOR ? style : outcome_style(run), "%-20.20s %s: %s",
                  screen_disk_name(disk), outcome_word(run), run->words);
        return;
    }
    if (run->parts > 1)
        (void)snprintf(part, sizeof part, " %u/%u", run->part, run->parts);
    (void)snprintf(name, sizeof name, is_narrow(screen) ? "%-12.12s %.10s%s" : "%-20.20s %s%s",
                   screen_disk_name(disk), phase_name(run->phase), part);
    if (run->total && !(run->phase == PHASE_WAITING))
        run_bar(run, bar_width(screen, strlen(name)), bar, sizeof bar);
    run_rest(run, rest, sizeof rest);
    lines_add(out, style, "%s %s %s", name, bar, rest);
}

/* In a narrow window the rows have no room for it. */
void run_foot(const struct screen *screen, struct lines *out) {
    char rest[96] = "";
    if (!is_narrow(screen))
        return;
    if (screen->cursor < screen->disk_count && !screen->disks[screen->cursor].run.ended)
        run_rest(&screen->disks[screen->cursor].run, rest, sizeof rest);
    lines_add(out, STYLE_PLAIN, "%s", rest[0] ? rest : " ");
}

void run_head(const struct screen *screen, struct lines *out) {
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

void run_body(const struct screen *screen, struct lines *out) {
    for (size_t i = 0; i < screen->disk_count; i++) {
        if (screen->disks[i].run.at_work)
            add_run_row(screen, &screen->disks[i], i == screen->cursor ? STYLE_CURSOR : STYLE_PLAIN,
                        out);
    }
}

void stop_foot(const struct screen *screen, struct lines *out) {
    lines_wrap(out, STYLE_BAD, screen->columns, 0,
               "Stop? Disks that are being erased end as UNKNOWN: what is left on them nobody can "
               "say, and a drive may go on by itself. Type stop to do it, Esc to let it go on.");
    lines_add(out, STYLE_STRONG, "> %s_", screen->typed);
}

void other_sticks(const struct screen *screen, struct lines *out) {
    const struct screen_keeping *keeping = &screen->keeping;
    char text[640];
    if (keeping->others[0] == '\0')
        return;
    if (screen_is_low(screen)) {
        lines_add(out, STYLE_BAD, "Another QUIETUS stick is in, NOT used");
        return;
    }
    (void)snprintf(
        text, sizeof text,
        "Another stick labelled QUIETUS is in and NOT used: %s. Pull out the one that is "
        "not meant.",
        keeping->others);
    lines_wrap(out, STYLE_BAD, screen->columns, 0, text);
}

/* What became of it when the person asked for everything on the stick that was there. */
static void add_again(const struct screen *screen, struct lines *out) {
    const struct screen_keeping *keeping = &screen->keeping;
    const size_t all = keeping->again.saved + keeping->again.failed;
    const bool good = keeping->again.failed == 0 && !keeping->again.no_stick;
    char text[640];
    if (!keeping->again.done || all != keeping->saved + keeping->unsaved) /* of an earlier run */
        return;
    if (keeping->again.no_stick)
        text_copy(text, sizeof text, "Saved again: NO, there was no stick.");
    else if (good)
        (void)snprintf(text, sizeof text, "Saved again, to the stick that was there: all %zu%s%s.",
                       all, keeping->again.stick[0] ? ", on " : "", keeping->again.stick);
    else
        (void)snprintf(text, sizeof text,
                       "Saved again: ONLY %zu of %zu. %s. Put in another stick, then s.",
                       keeping->again.saved, all, keeping->again.problem);
    lines_wrap(out, good ? STYLE_GOOD : STYLE_BAD, screen->columns, 0, text);
}

/* "all on /dev/sdb1 (...)", or "3 on ..., 2 on ...". */
static size_t add_count(char *out, size_t size, size_t used, size_t count, size_t all,
                        const char *stick) {
    char number[24];
    if (count == 0)
        return used;
    (void)snprintf(number, sizeof number, "%zu", count);
    const int length = snprintf(out + used, size - used, "%s%s on %s", used ? ", " : "",
                                count == all ? "all" : number, stick);
    return used + (size_t)length < size ? used + (size_t)length : size - 1;
}

/* Which sticks the documents went to, since a person may have put in several. */
static void saved_text(const struct screen_keeping *keeping, char *out, size_t size) {
    char where[2 * SCREEN_STICKS * STICK_NAME_SIZE] = "";
    size_t known = 0;
    size_t used = 0;
    for (size_t i = 0; i < SCREEN_STICKS; i++) {
        used = add_count(where, sizeof where, used, keeping->saved_to[i].count, keeping->saved,
                         keeping->saved_to[i].stick);
        known += keeping->saved_to[i].count;
    }
    const size_t rest = keeping->saved > known ? keeping->saved - known : 0;
    (void)add_count(where, sizeof where, used, rest, keeping->saved,
                    known ? "another stick" : "a stick");
    if (keeping->needs_stick)
        (void)snprintf(out, size, "Documents saved: %zu, in the folder certificates: %s%s",
                       keeping->saved, where, keeping->stick_there ? "" : "; no stick is in now");
    else
        (void)snprintf(out, size, "Documents saved: %zu, %s", keeping->saved, keeping->where);
}

static void add_keeping(const struct screen *screen, struct lines *out) {
    const struct screen_keeping *keeping = &screen->keeping;
    char text[1024];
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
        saved_text(keeping, text, sizeof text);
    else
        (void)snprintf(text, sizeof text,
                       "Documents in memory alone: %zu. %s%s. Put in a stick with a file system "
                       "labelled QUIETUS; they are saved by themselves.",
                       keeping->unsaved,
                       keeping->stick_there ? "The stick does not take them: "
                                            : "There is no stick",
                       keeping->stick_there ? keeping->problem : "");
    lines_wrap(out, keeping->unsaved ? STYLE_BAD : STYLE_PLAIN, screen->columns, 0, text);
    add_again(screen, out);
}

void result_head(const struct screen *screen, struct lines *out) {
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

/* What the person does now, where it has not ended well. */
static const char *what_to_do(enum disposition what) {
    static const char *const texts[DISPOSITION_COUNT] = {
        [DISPOSITION_FAILED] =
            "Take it that its data is still there: erase it again (d), or destroy it.",
        [DISPOSITION_UNKNOWN] =
            "Nobody knows what is left on it: erase it again (d), or destroy it.",
        [DISPOSITION_REFUSED] = "Nothing was done to it: its data is still there.",
    };
    return texts[what] ? texts[what] : "";
}

void result_disks(const struct screen *screen, size_t count, struct lines *out) {
    char text[768];
    for (size_t i = 0; i < count && i < screen->disk_count; i++) {
        const struct screen_disk *disk = &screen->disks[i];
        if (!disk->chosen || !disk->run.ended)
            continue;
        lines_add(out, i == screen->cursor ? STYLE_CURSOR : outcome_style(&disk->run),
                  "%-20.20s %-8s %s", screen_disk_name(disk), outcome_word(&disk->run),
                  disk->model);
        (void)snprintf(text, sizeof text, "%s", disk->run.words);
        lines_wrap(out, STYLE_PLAIN, screen->columns, 4, text);
        if (what_to_do(disk->run.what)[0] != '\0')
            lines_wrap(out, STYLE_STRONG, screen->columns, 4, what_to_do(disk->run.what));
    }
}

static void add_record(const struct screen *screen, struct lines *out) {
    if (screen->record_id[0] == '\0')
        return;
    lines_add(out, STYLE_PLAIN, "Record %s", screen->record_id);
    lines_wrap(out, STYLE_PLAIN, screen->columns, 0, screen->record_digest);
}

/* Where there are few rows, what is below the text elsewhere is at its end. */
void result_body(const struct screen *screen, struct lines *out) {
    result_disks(screen, screen->disk_count, out);
    if (screen->problems[0])
        lines_wrap(out, STYLE_BAD, screen->columns, 0, screen->problems);
    if (!screen_is_low(screen))
        return;
    add_keeping(screen, out);
    add_record(screen, out);
}

/* The same in a line. */
static void add_keeping_short(const struct screen *screen, struct lines *out) {
    const struct screen_keeping *keeping = &screen->keeping;
    if (keeping->stale)
        lines_add(out, STYLE_PLAIN, "Saving the documents");
    else if (keeping->incomplete)
        lines_add(out, STYLE_BAD, "A document could NOT be stored: see End");
    else if (keeping->unsaved)
        lines_add(out, STYLE_BAD, "%zu documents NOT saved: see End", keeping->unsaved);
    else if (keeping->saved)
        lines_add(out, STYLE_PLAIN, "Documents saved: %zu", keeping->saved);
}

void result_foot(const struct screen *screen, struct lines *out) {
    if (screen_is_low(screen)) {
        add_keeping_short(screen, out);
    } else {
        add_record(screen, out);
        add_keeping(screen, out);
    }
    other_sticks(screen, out);
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
                                      : screen_disk_name(&screen->disks[screen->cursor]));
    lines_wrap(&text, STYLE_PLAIN, screen->columns - start, 0, id);
    lines_wrap(&text, STYLE_PLAIN, screen->columns - start, 0, digest);
    for (size_t i = 0; i < text.count && i < code->count; i++) {
        struct line *line = &code->list[i];
        (void)snprintf(line->text + line->style_columns, sizeof line->text - line->style_columns,
                       "  %.*s", (int)(screen->columns - start), text.list[i].text);
    }
    lines_free(&text);
}

void code_body(const struct screen *screen, struct lines *out) {
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

void end_body(const struct screen *screen, struct lines *out) {
    add_keeping(screen, out);
    other_sticks(screen, out);
    if (!screen_safe(screen)) {
        lines_add(out, STYLE_PLAIN, " ");
        lines_wrap(out, STYLE_BAD, screen->columns, 0,
                   "This machine is not powered off or rebooted before its certificates are saved. "
                   "To lose them all the same, type: lose the certificates");
    }
}

void end_foot(const struct screen *screen, struct lines *out) {
    if (!screen_safe(screen)) {
        lines_add(out, STYLE_STRONG, "> %s_", screen->typed);
        return;
    }
    if (screen_loses(screen))
        lines_add(out, STYLE_BAD, "You have said that certificates may be lost.");
    lines_add(out, STYLE_STRONG, "p  power off");
    lines_add(out, STYLE_STRONG, "r  reboot");
}
