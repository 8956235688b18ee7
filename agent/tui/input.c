/* What a key does, page by page. */
#include "moving.h"
#include "typing.h"

#include <string.h>

static bool is_back(int key) {
    return key == KEY_ESCAPE || key == KEY_GO_LEFT || key == 'q' || key == KEY_CONTROL_C;
}

static bool any_disk(const struct screen_disk *disk) {
    (void)disk;
    return true;
}

static bool disk_at_work(const struct screen_disk *disk) {
    return disk->run.at_work;
}

static void choose(struct screen *screen, struct screen_disk *disk) {
    if (disk->why_not[0])
        screen_say(screen, "%s", disk->why_not);
    else
        disk->chosen = !disk->chosen;
}

/* All that can be; or none, if they are already. */
static void choose_all(struct screen *screen) {
    bool any_left = false;
    for (size_t i = 0; i < screen->disk_count; i++)
        any_left = any_left || (!screen->disks[i].why_not[0] && !screen->disks[i].chosen);
    for (size_t i = 0; i < screen->disk_count; i++)
        screen->disks[i].chosen = any_left && !screen->disks[i].why_not[0];
}

static enum action scanning_key(struct screen *screen, int key) {
    (void)screen;
    (void)key;
    return ACTION_NONE;
}

static enum action end_of_disks(struct screen *screen) {
    if (!screen->machine && screen_safe(screen))
        return ACTION_QUIT;
    screen_go(screen, PAGE_END);
    return ACTION_NONE;
}

static void ask_for_help(struct screen *screen) {
    const enum page page = screen->page;
    screen_go(screen, PAGE_HELP);
    screen->before_help = page;
}

static enum action help_key(struct screen *screen, int key) {
    if (is_back(key))
        screen_go(screen, screen->before_help);
    else
        screen_scroll(screen, key);
    return ACTION_NONE;
}

static enum action disks_key(struct screen *screen, int key) {
    if (screen_move(screen, key, any_disk))
        return ACTION_NONE;
    const bool any = screen->cursor < screen->disk_count;
    if (key == ' ' && any)
        choose(screen, &screen->disks[screen->cursor]);
    else if (key == 'a')
        choose_all(screen);
    else if ((key == KEY_RETURN || key == KEY_GO_RIGHT) && any)
        screen_go(screen, PAGE_DISK);
    else if (key == 'f')
        screen_go(screen, PAGE_FINDINGS);
    else if (key == 'h' || key == '?')
        ask_for_help(screen);
    else if (key == 'r')
        return ACTION_SCAN;
    else if (key == 'n' && screen_chosen(screen) > 0)
        screen_go(screen, PAGE_PLAN);
    else if (key == 'n')
        screen_say(screen, "No disk is chosen: the space bar chooses the one under the cursor");
    else if (key == 'q' || key == KEY_CONTROL_C)
        return end_of_disks(screen);
    return ACTION_NONE;
}

static enum action disk_key(struct screen *screen, int key) {
    if (is_back(key))
        screen_go(screen, PAGE_DISKS);
    else if (key == ' ')
        choose(screen, &screen->disks[screen->cursor]);
    else
        screen_scroll(screen, key);
    return ACTION_NONE;
}

static enum action findings_key(struct screen *screen, int key) {
    if (is_back(key))
        screen_go(screen, PAGE_DISKS);
    else
        screen_scroll(screen, key);
    return ACTION_NONE;
}

static enum action plan_key(struct screen *screen, int key) {
    if (is_back(key))
        screen_go(screen, PAGE_DISKS);
    else if (key == 'n')
        screen_go(screen, PAGE_AUTHORITY);
    else if (key == 'h' || key == '?')
        ask_for_help(screen);
    else
        screen_scroll(screen, key);
    return ACTION_NONE;
}

static bool is_cancel(int key) {
    return key == KEY_ESCAPE || key == KEY_CONTROL_C;
}

static enum action authority_key(struct screen *screen, int key) {
    char *text = screen->field == 0 ? screen->operator_name : screen->ticket;
    if (is_cancel(key))
        screen_go(screen, PAGE_PLAN);
    else if (!screen_text_whole(screen, key))
        return ACTION_NONE;
    else if (key == KEY_NEXT_FIELD || key == KEY_GO_UP || key == KEY_GO_DOWN)
        screen->field = !screen->field;
    else if (key == KEY_RETURN && screen->field == 0 && screen->operator_name[0] != '\0')
        screen->field = 1;
    else if (key == KEY_RETURN && screen->operator_name[0] == '\0') {
        screen->field = 0;
        screen_say(screen, "A name is needed: the certificates say who did it");
    } else if (key == KEY_RETURN)
        screen_go_on(screen);
    else
        screen_type_text(screen, text, SCREEN_NAME_SIZE, key);
    return ACTION_NONE;
}

static enum action secret_key(struct screen *screen, int key) {
    if (is_cancel(key))
        screen_go(screen, PAGE_AUTHORITY);
    else if (key == KEY_RETURN)
        return ACTION_SECRET;
    else
        (void)screen_type(screen, screen->secret, sizeof screen->secret, key);
    return ACTION_NONE;
}

static enum action passphrase_key(struct screen *screen, int key) {
    if (is_cancel(key))
        screen_go(screen, PAGE_AUTHORITY);
    else if (!screen_text_whole(screen, key))
        return ACTION_NONE;
    else if (key == KEY_RETURN)
        return ACTION_OPEN_KEY;
    else
        screen_type_text(screen, screen->secret, sizeof screen->secret, key);
    return ACTION_NONE;
}

static enum action confirmed(struct screen *screen) {
    char expected[OPERATOR_TEXT_SIZE];
    (void)screen_must_type(screen, expected, sizeof expected);
    if (!screen_all_seen(screen)) {
        screen_say(screen, "Look at all of %s first: Page Down",
                   screen_chosen(screen) > 1 ? "them" : "it");
        return ACTION_NONE;
    }
    if (screen_chosen(screen) > 0 && strcmp(screen->typed, expected) == 0)
        return ACTION_ERASE;
    if (screen->typed[0] != '\0')
        screen_say(screen, "That is not it. Nothing was done.");
    screen->typed[0] = '\0';
    return ACTION_NONE;
}

static void edit_or_scroll(struct screen *screen, int key) {
    if (!screen_type(screen, screen->typed, sizeof screen->typed, key))
        screen_scroll(screen, key);
}

static enum action confirm_key(struct screen *screen, int key) {
    if (is_cancel(key))
        screen_go(screen, PAGE_AUTHORITY);
    else if (key == KEY_RETURN)
        return confirmed(screen);
    else
        edit_or_scroll(screen, key);
    return ACTION_NONE;
}

static enum action run_key(struct screen *screen, int key) {
    if (screen_move(screen, key, disk_at_work))
        return ACTION_NONE;
    if (key == KEY_CONTROL_C && !screen->stopping)
        screen_go(screen, PAGE_STOP);
    return ACTION_NONE;
}

static enum action stop_key(struct screen *screen, int key) {
    if (is_cancel(key)) {
        screen_go(screen, PAGE_RUN);
    } else if (key == KEY_RETURN) {
        const bool stop = strcmp(screen->typed, "stop") == 0;
        screen_go(screen, PAGE_RUN);
        screen->stopping = stop;
        screen_say(screen, stop ? "Stopping" : "It goes on");
        return stop ? ACTION_STOP : ACTION_NONE;
    } else {
        (void)screen_type(screen, screen->typed, sizeof screen->typed, key);
    }
    return ACTION_NONE;
}

static enum action result_key(struct screen *screen, int key) {
    if (screen_move_in_result(screen, key))
        return ACTION_NONE;
    const bool any = screen->cursor < screen->disk_count;
    if (key == 'R' && screen->record_id[0] != '\0') {
        screen->code_of_record = true;
        screen_go(screen, PAGE_CODE);
    } else if (key == 'c' && any && screen->disks[screen->cursor].run.code_id[0] != '\0') {
        screen->code_of_record = false;
        screen_go(screen, PAGE_CODE);
    } else if (key == 's' && !screen->keeping.needs_stick)
        screen_say(screen, "There is no stick here: the documents are in %s",
                   screen->keeping.where);
    else if (key == 's')
        return ACTION_SAVE;
    else if (key == 'h' || key == '?')
        ask_for_help(screen);
    else if (key == 'd')
        return ACTION_SCAN;
    else if (key == 'q' || key == KEY_CONTROL_C)
        return end_of_disks(screen);
    return ACTION_NONE;
}

static enum action code_key(struct screen *screen, int key) {
    if (is_back(key))
        screen_go(screen, PAGE_RESULT);
    else if (key == 'w')
        screen->wide_code = !screen->wide_code;
    return ACTION_NONE;
}

static void say_lose(struct screen *screen) {
    screen->lose.said = true;
    screen->lose.documents = screen->keeping.saved + screen->keeping.unsaved;
    screen->lose.incomplete = screen->keeping.incomplete;
}

static enum action end_key(struct screen *screen, int key) {
    if (is_cancel(key)) {
        screen_go(screen, screen->record_id[0] != '\0' ? PAGE_RESULT : PAGE_DISKS);
        return ACTION_NONE;
    }
    if (!screen_safe(screen)) {
        if (key == KEY_RETURN && strcmp(screen->typed, screen_lose_text) == 0)
            say_lose(screen);
        else if (key == KEY_RETURN)
            screen->typed[0] = '\0';
        else
            edit_or_scroll(screen, key);
        return screen_loses(screen) && !screen->machine ? ACTION_QUIT : ACTION_NONE;
    }
    if (!screen->machine)
        return ACTION_QUIT;
    if (key == 'p')
        return ACTION_POWER_OFF;
    if (key == 'r')
        return ACTION_REBOOT;
    screen_scroll(screen, key);
    return ACTION_NONE;
}

static enum action (*const keys[PAGE_COUNT])(struct screen *screen, int key) = {
    [PAGE_SCANNING] = scanning_key, [PAGE_DISKS] = disks_key,
    [PAGE_DISK] = disk_key,         [PAGE_FINDINGS] = findings_key,
    [PAGE_PLAN] = plan_key,         [PAGE_AUTHORITY] = authority_key,
    [PAGE_SECRET] = secret_key,     [PAGE_PASSPHRASE] = passphrase_key,
    [PAGE_CONFIRM] = confirm_key,   [PAGE_RUN] = run_key,
    [PAGE_STOP] = stop_key,         [PAGE_RESULT] = result_key,
    [PAGE_CODE] = code_key,         [PAGE_END] = end_key,
    [PAGE_HELP] = help_key,
};

enum action screen_key(struct screen *screen, int key) {
    if (screen_too_small(screen)) /* nobody confirms what cannot be read */
        return ACTION_NONE;
    screen->message[0] = '\0';
    return keys[screen->page](screen, key);
}
