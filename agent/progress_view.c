#include "progress_view.h"

#include "quietus/cleanup.h"
#include "quietus/clock.h"
#include "quietus/json.h"
#include "quietus/memory.h"

#include "progress_seen.h"
#include "refusals.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Without a terminal a line is printed when a disk enters a phase, and then this often: a serial
 * log has to stay readable. */
enum { QUIET_LINE_MS = 60000 };

struct shown {
    bool ended;
    struct progress_seen seen;
    int64_t printed_ms;
};

struct progress_view {
    enum progress_style style;
    bool terminal;
    struct console *console;
    FILE *out; /* what is being put together to be said */
    char *text;
    size_t length;
    struct disk_run *const *runs;
    struct shown *shown;
    size_t count;
    size_t lines_drawn;
    struct refusals *refusals; /* until it begins: then they are told of together */
};

struct progress_view *progress_view_new(enum progress_style style, struct console *console) {
    struct progress_view *view = memory_new(1, sizeof *view);
    view->style = style;
    view->terminal = style == PROGRESS_TEXT && isatty(STDOUT_FILENO);
    view->console = console;
    view->refusals = refusals_new();
    return view;
}

void progress_view_complain(struct progress_view *view, const char *text) {
    console_say(view->console, STDERR_FILENO, text);
}

void progress_view_free(struct progress_view *view) {
    refusals_free(view->refusals);
    free(view->shown);
    free(view);
}

static void begin(struct progress_view *view) {
    view->out = open_memstream(&view->text, &view->length);
    memory_require(view->out != NULL);
}

static void say(struct progress_view *view) {
    memory_require(fclose(view->out) == 0);
    if (view->length > 0)
        console_say(view->console, STDOUT_FILENO, view->text);
    free(view->text);
}

void progress_view_begin(struct progress_view *view, struct disk_run *const *runs, size_t count) {
    view->runs = runs;
    view->count = count;
    view->shown = memory_new(count, sizeof *view->shown);
    begin(view);
    refusals_print(view->refusals, view->out);
    say(view);
}

/* "/dev/sda    SERIAL               writing 1/1   43 %  120.0 MB/s  5 min 10 s left" */
static void line_text(const struct disk_run *run, const struct progress_seen *shown, char *out,
                      size_t size) {
    const struct disk *disk = disk_run_at_work(run)->disk;
    const uint64_t total = shown->total;
    const unsigned parts = shown->parts;
    char part[32] = "";
    char rest[96] = "";
    char rate[32];
    char left[32];
    if (parts > 1)
        (void)snprintf(part, sizeof part, " %u/%u", shown->part, parts);
    if (total > 0 && shown->phase == PHASE_WRITING) {
        const uint64_t speed = progress_rate(shown);
        (void)snprintf(rest, sizeof rest, "%3u %%",
                       (unsigned)(100 * (double)shown->done / (double)total));
        const size_t used = strlen(rest);
        if (speed > 0)
            (void)snprintf(rest + used, sizeof rest - used, "  %s/s, left: %s",
                           text_size(rate, sizeof rate, speed),
                           text_duration(left, sizeof left, (total - shown->done) / speed));
    } else if (total > 0) {
        (void)snprintf(rest, sizeof rest, "%3u %%",
                       (unsigned)(100 * (double)shown->done / (double)total));
    }
    (void)snprintf(out, size, "%-14s %-20s %s%s  %s", disk_node(disk),
                   disk->identity.serial[0] ? disk->identity.serial : "(no serial)",
                   phase_name(shown->phase), part, rest);
}

static void print_json(const struct disk_run *run, const struct progress_seen *shown, FILE *out) {
    char time[CLOCK_TEXT_SIZE];
    json_t *object = json_new_object();
    json_put_text(object, "event", "progress");
    json_put_text(object, "time", clock_text(time, clock_now()));
    json_put_text(object, "node", disk_node(run->disk));
    json_put_text(object, "serial", run->disk->identity.serial);
    json_put_text(object, "phase", phase_name(shown->phase));
    json_put_count(object, "part", shown->part);
    json_put_count(object, "parts", shown->parts);
    json_put_count(object, "done", shown->done);
    json_put_count(object, "total", shown->total);
    if (shown->phase == PHASE_WRITING)
        json_put_count(object, "flushed", shown->flushed);
    AUTO_FREE char *line = json_line(object);
    (void)fprintf(out, "%s\n", line);
    json_decref(object);
}

static void redraw(struct progress_view *view) {
    char text[256];
    if (view->lines_drawn > 0)
        (void)fprintf(view->out, "\033[%zuA", view->lines_drawn);
    view->lines_drawn = 0;
    for (size_t i = 0; i < view->count; i++) {
        if (view->shown[i].ended)
            continue;
        line_text(view->runs[i], &view->shown[i].seen, text, sizeof text);
        (void)fprintf(view->out, "\r%.78s\033[K\n", text);
        view->lines_drawn++;
    }
}

void progress_view_update(struct progress_view *view) {
    const int64_t now = clock_monotonic_ms();
    char text[256];
    if (view->style == PROGRESS_NONE || console_is_busy(view->console))
        return;
    begin(view);
    for (size_t i = 0; i < view->count; i++) {
        struct shown *shown = &view->shown[i];
        const bool entered =
            progress_look(&disk_run_at_work(view->runs[i])->progress, &shown->seen);
        if (shown->ended || view->terminal)
            continue;
        if (view->style == PROGRESS_JSON) {
            print_json(view->runs[i], &shown->seen, view->out);
        } else if (entered || now - shown->printed_ms >= QUIET_LINE_MS) {
            line_text(view->runs[i], &shown->seen, text, sizeof text);
            (void)fprintf(view->out, "%s\n", text);
            shown->printed_ms = now;
        }
    }
    if (view->terminal)
        redraw(view);
    say(view);
}

static void print_ended_json(const struct disk *disk, enum disposition disposition,
                             const char *reason, const char *file, FILE *out) {
    char time[CLOCK_TEXT_SIZE];
    json_t *object = json_new_object();
    json_put_text(object, "event", "ended");
    json_put_text(object, "time", clock_text(time, clock_now()));
    json_put_text(object, "node", disk_node(disk));
    json_put_text(object, "serial", disk->identity.serial);
    json_put_text(object, "disposition", disposition_name(disposition));
    json_put_text(object, "reason", reason);
    json_put_text(object, "certificate", file);
    AUTO_FREE char *line = json_line(object);
    (void)fprintf(out, "%s\n", line);
    json_decref(object);
}

void progress_view_ended(struct progress_view *view, const struct disk *disk,
                         const struct disk_run *run, enum disposition disposition,
                         const char *reason, const char *file) {
    for (size_t i = 0; i < view->count; i++) {
        if (view->runs[i] == run)
            view->shown[i].ended = true;
    }
    if (view->style == PROGRESS_NONE)
        return;
    if (!run && view->style == PROGRESS_TEXT) {
        refusals_add(view->refusals, disk, disposition, reason);
        return;
    }
    begin(view);
    if (view->style == PROGRESS_JSON) {
        print_ended_json(disk, disposition, reason, file, view->out);
    } else {
        if (view->lines_drawn > 0)
            (void)fprintf(view->out, "\033[%zuA\033[J", view->lines_drawn);
        view->lines_drawn = 0;
        (void)fprintf(view->out, "%-14s %-20s ", disk_node(disk),
                      disk->identity.serial[0] ? disk->identity.serial : "(no serial)");
        const struct attempt *last = run ? disk_run_last_attempt(run) : NULL;
        if (disposition == DISPOSITION_ERASED && last)
            (void)fprintf(view->out, "ERASED by %s, worth %s; %s\n", last->method->name,
                          category_name(last->claim.category), reason);
        else
            (void)fprintf(view->out, "%s: %s\n", disposition_name(disposition), reason);
    }
    say(view);
}
