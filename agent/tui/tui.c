#include "tui.h"

#include "quietus/cleanup.h"
#include "quietus/exit_status.h"
#include "quietus/file.h"
#include "quietus/interrupt.h"
#include "quietus/stick.h"

#include "consoles.h"
#include "job.h"
#include "keeping.h"
#include "model.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

enum { LOOK_MS = 500 };

struct tui {
    const struct tui_options *options;
    struct screen screen;
    struct consoles *consoles;
    struct keeping *keeping;
    struct scan scan;
    bool has_scan;
    struct secrets *secrets;
    struct job *job;
    bool erasing;
    struct signing_key *key; /* opened by its passphrase, for the next erase */
    bool without_key;        /* the person would rather do without */
    int status;
    bool ended;
};

/* Whose signature it will be: the key that was named, or the stick's. "": neither. */
static const char *key_path(const struct tui *tui, char path[PATH_MAX]) {
    struct stat status;
    path[0] = '\0';
    if (tui->options->sign_key)
        text_copy(path, PATH_MAX, tui->options->sign_key);
    else if (tui->options->stick)
        path_format(path, tui->options->stick, "/keys/site.key");
    if (!tui->options->sign_key && stat(path, &status) != 0)
        path[0] = '\0';
    return path;
}

static void look_for_key(struct tui *tui) {
    char path[PATH_MAX];
    struct screen *screen = &tui->screen;
    const bool any = key_path(tui, path)[0] != '\0' && !tui->without_key;
    screen->key_sealed = any && !tui->key && signing_key_is_sealed(path);
    text_copy(screen->key_name, sizeof screen->key_name,
              !any                 ? "a key made in memory (intact, origin unproven)"
              : screen->key_sealed ? "the site's key, with its passphrase"
                                   : "the site's key");
}

static void start_scan(struct tui *tui) {
    screen_go(&tui->screen, PAGE_SCANNING);
    tui->job = job_scan(tui->options->root);
    tui->erasing = false;
}

static void take_scan(struct tui *tui) {
    if (tui->has_scan)
        scan_free(&tui->scan);
    (void)job_end(tui->job, &tui->scan);
    tui->has_scan = true;
    tui->job = NULL;
    screen_go(&tui->screen, PAGE_DISKS);
    tui->screen.record_id[0] = '\0';
    look_for_key(tui);
    model_take(&tui->screen, &tui->scan, &tui->options->policy);
}

/* NULL: a key made in memory. */
static int take_key(struct tui *tui, struct signing_key **out, struct reason *reason) {
    char path[PATH_MAX];
    *out = tui->key;
    tui->key = NULL;
    if (*out || tui->without_key || key_path(tui, path)[0] == '\0')
        return 0;
    return signing_key_read(path, out, reason);
}

static void to_first_chosen(struct screen *screen) {
    for (size_t i = 0; i < screen->disk_count; i++) {
        if (screen->disks[i].chosen) {
            screen->cursor = i;
            break;
        }
    }
}

static void start_erase(struct tui *tui) {
    struct reason reason;
    struct signing_key *key = NULL;
    if (tui->options->root[0] != '\0') {
        screen_say(&tui->screen, "This is a saved tree: there is nothing to erase");
        return;
    }
    if (take_key(tui, &key, &reason)) {
        screen_say(&tui->screen, "The key cannot be used: %s", reason.text);
        return;
    }
    const struct job_erase how = {
        .screen = &tui->screen,
        .scan = &tui->scan,
        .policy = &tui->options->policy,
        .secrets = tui->secrets,
        .key = key,
        .spool = tui->options->spool,
        .limits = &tui->options->limits,
    };
    tui->job = job_erase(&how);
    tui->erasing = true;
    tui->screen.stopping = false;
    to_first_chosen(&tui->screen);
    screen_go(&tui->screen, PAGE_RUN);
}

static void take_result(struct tui *tui) {
    tui->status = job_end(tui->job, NULL);
    tui->job = NULL;
    /* One that did not open its disk must not cost it another attempt in the next run. */
    secrets_free(tui->secrets);
    tui->secrets = secrets_new();
    tui->screen.stopping = false;
    tui->without_key = false;
    keeping_look_again(tui->keeping);
    keeping_read(tui->keeping, &tui->screen.keeping);
    /* Disks that fell silent are in the scan no more: the next erase begins with a new one. */
    to_first_chosen(&tui->screen);
    screen_go(&tui->screen, PAGE_RESULT);
}

static void take_secret(struct tui *tui) {
    struct reason reason;
    struct screen *screen = &tui->screen;
    const char *serial = screen->disks[screen->asked].serial;
    int error = 0;
    if (screen->secret[0] == '\0')
        secrets_forget(tui->secrets, screen->asked_kind, serial);
    else
        error = secrets_add(tui->secrets, screen->asked_kind, serial, screen->secret, &reason);
    if (error)
        screen_say(screen, "Not taken: %s", reason.text);
    else
        screen_go_on(screen);
    sodium_memzero(screen->secret, sizeof screen->secret);
}

static void draw_once(struct tui *tui) {
    struct lines lines;
    screen_draw(&tui->screen, &lines);
    terminal_draw(consoles_current(tui->consoles), &lines);
    screen_drawn(&tui->screen);
    lines_free(&lines);
}

static void draw(struct tui *tui) {
    const bool before = screen_all_seen(&tui->screen);
    draw_once(tui);
    if (screen_all_seen(&tui->screen) != before) /* it is no longer asked for */
        draw_once(tui);
}

static void open_key(struct tui *tui) {
    char path[PATH_MAX];
    struct reason reason;
    struct screen *screen = &tui->screen;
    tui->without_key = screen->secret[0] == '\0';
    screen_say(screen, "One moment: a passphrase is made slow to try"); /* a second or more */
    draw(tui);
    screen->message[0] = '\0';
    if (!tui->without_key &&
        signing_key_open(key_path(tui, path), screen->secret, &tui->key, &reason))
        screen_say(screen, "%s", reason.text);
    else
        screen_go_on(screen);
    sodium_memzero(screen->secret, sizeof screen->secret);
}

/* init reads it; "lose" before it: the person has said that documents may be lost. */
static void end_with(struct tui *tui, const char *word) {
    char text[64];
    (void)snprintf(text, sizeof text, "%s%s\n", screen_loses(&tui->screen) ? "lose " : "", word);
    const int error = file_write(tui->options->choice, text, strlen(text), 0600);
    if (error)
        screen_say(&tui->screen, "%s: %s", tui->options->choice, strerror(-error));
    else
        tui->ended = true;
}

static void act(struct tui *tui, enum action action) {
    switch (action) {
    case ACTION_NONE:
        break;
    case ACTION_SCAN:
        start_scan(tui);
        break;
    case ACTION_SECRET:
        take_secret(tui);
        break;
    case ACTION_OPEN_KEY:
        open_key(tui);
        break;
    case ACTION_ERASE:
        start_erase(tui);
        break;
    case ACTION_STOP:
        job_stop();
        break;
    case ACTION_SAVE:
        keeping_save_all(tui->keeping);
        break;
    case ACTION_POWER_OFF:
        end_with(tui, "poweroff");
        break;
    case ACTION_REBOOT:
        end_with(tui, "reboot");
        break;
    case ACTION_QUIT:
        tui->ended = true;
        break;
    }
}

static void take_size(struct tui *tui) {
    struct terminal *terminal = consoles_current(tui->consoles);
    unsigned columns;
    unsigned rows;
    terminal_size(terminal, &columns, &rows);
    tui->screen.half_blocks = terminal_half_blocks(terminal);
    screen_resize(&tui->screen, columns, rows);
}

static void take_keys(struct tui *tui) {
    for (;;) {
        const int key = terminal_key(consoles_current(tui->consoles));
        if (key == TERMINAL_NOTHING || tui->ended)
            return;
        if (key == TERMINAL_RESIZED)
            take_size(tui);
        else
            act(tui, screen_key(&tui->screen, key));
    }
}

static void look_at_job(struct tui *tui) {
    if (!tui->job || !job_read(tui->job, &tui->screen))
        return;
    if (tui->erasing)
        take_result(tui);
    else
        take_scan(tui);
}

static void go_round(struct tui *tui) {
    const bool moved = consoles_wait(tui->consoles, LOOK_MS);
    look_at_job(tui);
    keeping_read(tui->keeping, &tui->screen.keeping);
    if (!tui->job)
        look_for_key(tui);
    if (consoles_lost(tui->consoles)) { /* nobody is left to ask */
        tui->ended = !tui->job;
        return;
    }
    if (!consoles_current(tui->consoles))
        return;
    if (moved) {
        screen_moved(&tui->screen);
        take_size(tui);
    }
    take_keys(tui);
    if (!tui->ended)
        draw(tui);
}

static void end(struct tui *tui) {
    keeping_stop(tui->keeping);
    consoles_close(tui->consoles);
    if (tui->has_scan)
        scan_free(&tui->scan);
    signing_key_free(tui->key);
    secrets_free(tui->secrets);
    screen_free(&tui->screen);
}

int tui_run(const struct tui_options *options) {
    struct reason reason;
    struct tui tui = {.options = options, .secrets = secrets_new()};
    tui.consoles = consoles_open(options->consoles, options->console_count, &reason);
    if (!tui.consoles) {
        (void)fprintf(stderr, "quietus tui: %s\n", reason.text);
        secrets_free(tui.secrets);
        return EXIT_USAGE;
    }
    tui.screen.machine = options->choice != NULL;
    tui.screen.columns = 80;
    tui.screen.rows = 24;
    if (consoles_current(tui.consoles))
        take_size(&tui);
    interrupt_hold(); /* the keeper's thread must not take what is meant for the pipeline's */
    tui.keeping = keeping_start(options->spool, options->stick);
    interrupt_release();
    start_scan(&tui);
    while (!tui.ended)
        go_round(&tui);
    end(&tui);
    return tui.status;
}
