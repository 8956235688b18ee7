/* The pages on the way to an erase: what the disks are, what will be done, who says so. */
#include "pages.h"

#include <string.h>

void scanning_body(const struct screen *screen, struct lines *out) {
    (void)screen;
    lines_wrap(out, STYLE_PLAIN, screen->columns, 0,
               "Looking for disks. One that does not answer can take a minute and a half.");
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

void disks_head(const struct screen *screen, struct lines *out) {
    const char *titles[COLUMNS];
    if (!screen_is_low(screen)) {
        lines_add(out, STYLE_PLAIN, "%s", screen->server);
        lines_add(out, STYLE_PLAIN, "Signed by: %s", screen->key_name);
        if (screen->keeping.stick[0])
            lines_add(out, STYLE_PLAIN, "Stick: %s", screen->keeping.stick);
    }
    other_sticks(screen, out);
    if (!screen_is_low(screen))
        lines_add(out, STYLE_PLAIN, " ");
    for (int i = 0; i < COLUMNS; i++)
        titles[i] = columns[i].title;
    add_row(out, screen, STYLE_STRONG, "   ", titles, "MODEL");
}

void disks_body(const struct screen *screen, struct lines *out) {
    if (screen->disk_count == 0)
        lines_add(out, STYLE_BAD, "No disk was found. What cannot be reached: f.");
    for (size_t i = 0; i < screen->disk_count; i++) {
        const struct screen_disk *disk = &screen->disks[i];
        const char *const cells[COLUMNS] = {disk->name,   disk->kind,  disk->size,
                                            disk->health, disk->worth, screen_disk_name(disk)};
        char last[TEXT_FIELD_SIZE + 16];
        (void)snprintf(last, sizeof last, "%s%s", disk->locked[0] ? "LOCKED " : "", disk->model);
        add_row(out, screen, i == screen->cursor ? STYLE_CURSOR : STYLE_PLAIN,
                disk->chosen       ? "[x]"
                : disk->why_not[0] ? " - "
                                   : "[ ]",
                cells, last);
    }
}

void disks_foot(const struct screen *screen, struct lines *out) {
    if (!screen_is_low(screen) && screen->cursor < screen->disk_count) {
        const struct screen_disk *disk = &screen->disks[screen->cursor];
        lines_add(out, STYLE_PLAIN, " ");
        lines_add(out, STYLE_PLAIN, "Holds  %s", disk->holds);
        if (disk->why_not[0])
            lines_add(out, STYLE_BAD, "Not to be erased here: %s", disk->why_not);
        else if (disk->locked[0])
            lines_wrap(out, STYLE_BAD, screen->columns, 0, disk->locked);
        else
            lines_add(out, STYLE_PLAIN, "%.*s", (int)strcspn(disk->plan, "\n"), disk->plan);
    }
    if (screen->finding_count)
        lines_add(out, STYLE_BAD, "%zu findings: storage that cannot be reached, and more (f)",
                  screen->finding_count);
    lines_add(out, STYLE_STRONG, "%zu of %zu disks chosen", screen_chosen(screen),
              screen->disk_count);
}

void disk_body(const struct screen *screen, struct lines *out) {
    if (screen->cursor < screen->disk_count)
        lines_wrap(out, STYLE_PLAIN, screen->columns, 0, screen->disks[screen->cursor].about);
}

void findings_body(const struct screen *screen, struct lines *out) {
    lines_wrap(out, STYLE_PLAIN, screen->columns, 0,
               screen->finding_count ? screen->findings
                                     : "Nothing: no storage was seen that cannot be reached.");
}

/* Of the first so many disks. */
static void add_chosen(const struct screen *screen, size_t count, bool with_plan,
                       struct lines *out) {
    char text[1024];
    for (size_t i = 0; i < count && i < screen->disk_count; i++) {
        const struct screen_disk *disk = &screen->disks[i];
        if (!disk->chosen)
            continue;
        (void)snprintf(text, sizeof text, "%s  %s, %s, %s", screen_disk_name(disk),
                       disk->model[0] ? disk->model : "model unknown", disk->size, disk->name);
        lines_wrap(out, STYLE_STRONG, screen->columns, 0, text);
        (void)snprintf(text, sizeof text, "Holds: %s", disk->holds);
        lines_wrap(out, STYLE_PLAIN, screen->columns, 4, text);
        if (with_plan && disk->locked[0])
            lines_wrap(out, STYLE_BAD, screen->columns, 4, disk->locked);
        if (with_plan)
            lines_wrap(out, STYLE_PLAIN, screen->columns, 4, disk->plan);
    }
}

void plan_head(const struct screen *screen, struct lines *out) {
    if (screen_is_low(screen))
        return;
    lines_wrap(out, STYLE_PLAIN, screen->columns, 0,
               "Worth, by IEEE 2883: Purge is to keep the data even from a laboratory; Clear from "
               "every program, but what the drive has set aside (worn-out sectors) stays.");
    lines_add(out, STYLE_PLAIN, " ");
}

void plan_body(const struct screen *screen, struct lines *out) {
    add_chosen(screen, screen->disk_count, true, out);
}

void confirm_body(const struct screen *screen, struct lines *out) {
    confirm_disks(screen, screen->disk_count, out);
}

void confirm_disks(const struct screen *screen, size_t count, struct lines *out) {
    add_chosen(screen, count, false, out);
}

static void add_field(const struct screen *screen, struct lines *out, unsigned field,
                      const char *label, const char *value) {
    const bool active = screen->field == field;
    lines_add(out, active ? STYLE_STRONG : STYLE_PLAIN, "%s %-8s %s%s", active ? ">" : " ", label,
              value, active ? "_" : "");
}

static bool is_beyond_ascii(const char *text) {
    while (*text && (unsigned char)*text < 0x80)
        text++;
    return *text != '\0';
}

void authority_body(const struct screen *screen, struct lines *out) {
    lines_wrap(out, STYLE_PLAIN, screen->columns, 0,
               "Who erases these disks, and on what ground? Both go on the certificates.");
    lines_add(out, STYLE_PLAIN, " ");
    add_field(screen, out, 0, "Name", screen->operator_name);
    add_field(screen, out, 1, "Ticket", screen->ticket);
    if (is_beyond_ascii(screen->operator_name) || is_beyond_ascii(screen->ticket)) {
        lines_add(out, STYLE_PLAIN, " ");
        lines_wrap(
            out, STYLE_PLAIN, screen->columns, 0,
            "This screen shows ? for each character beyond ASCII; the certificates have them "
            "as they were typed.");
    }
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

void secret_body(const struct screen *screen, struct lines *out) {
    char text[512];
    const struct screen_disk *disk = &screen->disks[screen->asked];
    (void)snprintf(text, sizeof text,
                   "%s (%s, %s) is locked. Its %s? Leave it empty if you do not know it. It is not "
                   "shown, and no certificate has it.%s",
                   screen_disk_name(disk), disk->model, disk->name, secret_name(screen->asked_kind),
                   screen->asked_kind == SECRET_PSID
                       ? ""
                       : " A wrong one costs one of the drive's five attempts until it is without "
                         "power.");
    lines_wrap(out, STYLE_PLAIN, screen->columns, 0, text);
    lines_add(out, STYLE_PLAIN, " ");
    add_hidden(screen, out);
}

void passphrase_body(const struct screen *screen, struct lines *out) {
    lines_wrap(
        out, STYLE_PLAIN, screen->columns, 0,
        "The site's key on the stick is protected. Its passphrase? Leave it empty to go on "
        "without: then a key made in memory signs, and the origin of the certificates is not "
        "proven.");
    lines_add(out, STYLE_PLAIN, " ");
    add_hidden(screen, out);
}

void confirm_foot(const struct screen *screen, struct lines *out) {
    char expected[OPERATOR_TEXT_SIZE];
    char text[OPERATOR_TEXT_SIZE + 160];
    const size_t count = screen_chosen(screen);
    (void)screen_must_type(screen, expected, sizeof expected);
    if (count > 1)
        (void)snprintf(
            text, sizeof text,
            "EVERYTHING on these %zu disks will be destroyed, for good.%s Type how many "
            "they are: %s",
            count,
            screen_all_seen(screen) ? "" : " Look at all of them (Page Down), then:", expected);
    else
        (void)snprintf(text, sizeof text,
                       "EVERYTHING on this disk will be destroyed, for good. Type %s",
                       strncmp(expected, "erase ", 6) == 0 ? expected : "its serial number");
    lines_wrap(out, STYLE_BAD, screen->columns, 0, text);
    lines_add(out, STYLE_STRONG, "> %s_", screen->typed);
}

void help_body(const struct screen *screen, struct lines *out) {
    static const char text[] =
        "What an erase is worth (WORTH, by IEEE 2883-2022)\n"
        "Purge   is to keep the data even from a laboratory. That a drive's own erase did so is "
        "the drive's word.\n"
        "Clear   is to keep it from every program. What the drive has set aside, such as worn-out "
        "sectors, stays. Where your site wants Purge, see why the drive cannot (Enter), and "
        "destroy it.\n"
        "What stands before a disk\n"
        "[ ]     it can be chosen;  [x]  it is chosen\n"
        " -      it cannot be: put the cursor on it, and the reason is below the list\n"
        "LOCKED  it wants a password, or the PSID from its label: choose it, and you are asked\n"
        "What became of it\n"
        "ERASED  done, and checked by reading: nothing more to do\n"
        "failed  take it that its data is still there. Read why; try again (d at the result), or "
        "destroy it.\n"
        "unknown nobody knows what is left on it: do as with failed\n"
        "refused nothing was done to it\n"
        "Certificates\n"
        "There is one for each disk, and the machine does not go off before they are on a stick "
        "with a file system labelled QUIETUS. For a second copy put in another stick in its "
        "place, and press s at the result.";
    lines_wrap(out, STYLE_PLAIN, screen->columns, 0, text);
}
