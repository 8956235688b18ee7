/* Through a text, and through the disks of a page. */
#include "moving.h"

void screen_scroll(struct screen *screen, int key) {
    const size_t rows = screen_body_rows(screen);
    const size_t page = rows > 1 ? rows - 1 : 1;
    if (key == KEY_GO_UP && screen->top > 0)
        screen->top--;
    else if (key == KEY_GO_DOWN)
        screen->top++;
    else if (key == KEY_PAGE_UP)
        screen->top -= screen->top < page ? screen->top : page;
    else if (key == KEY_PAGE_DOWN || key == KEY_GO_END)
        screen->top += page; /* End too: nothing is jumped over */
    else if (key == KEY_GO_HOME)
        screen->top = 0;
    screen_settle(screen);
}

static bool disk_with_result(const struct screen_disk *disk) {
    return disk->chosen && disk->run.ended;
}

/* The cursor goes so many disks down, or up, among those shown. */
static void move(struct screen *screen, long steps, shown_disk shown) {
    const long direction = steps < 0 ? -1 : 1;
    long at = (long)screen->cursor;
    for (long left = steps * direction; left > 0; left--) {
        long next = at + direction;
        while (next >= 0 && next < (long)screen->disk_count && !shown(&screen->disks[next]))
            next += direction;
        if (next < 0 || next >= (long)screen->disk_count)
            break;
        at = next;
    }
    if (screen->disk_count > 0 && shown(&screen->disks[at]))
        screen->cursor = (size_t)at;
}

/* Some terminals have no such keys: letters stand for them. */
static int moving_key(int key) {
    static const struct {
        int key;
        int letter;
    } letters[] = {
        {KEY_GO_UP, 'k'},     {KEY_GO_DOWN, 'j'}, {KEY_PAGE_UP, 'K'},
        {KEY_PAGE_DOWN, 'J'}, {KEY_GO_HOME, '<'}, {KEY_GO_END, '>'},
    };
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        if (key == letters[i].key || key == letters[i].letter)
            return letters[i].key;
    }
    return KEY_OTHER;
}

bool screen_move(struct screen *screen, int key, shown_disk shown) {
    const long page = (long)screen_body_rows(screen);
    const long all = (long)screen->disk_count;
    const struct {
        int key;
        long steps;
    } moves[] = {
        {KEY_GO_UP, -1},       {KEY_GO_DOWN, 1},    {KEY_PAGE_UP, -page},
        {KEY_PAGE_DOWN, page}, {KEY_GO_HOME, -all}, {KEY_GO_END, all},
    };
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        if (moving_key(key) != moves[i].key)
            continue;
        move(screen, moves[i].steps, shown);
        return true;
    }
    return false;
}

/* The result's text has several lines for each disk, and some behind the last one: a key goes to
 * the next disk when all of this one was shown, and then to the end of the text. */
static void result_down(struct screen *screen) {
    const size_t behind = screen->top + screen_body_rows(screen);
    const size_t before = screen->cursor;
    if (screen_line_of(screen, before + 1) <= behind)
        move(screen, 1, disk_with_result);
    if (screen->cursor == before || screen_line_of(screen, screen->cursor) >= behind)
        screen->top++;
}

static void result_up(struct screen *screen) {
    if (screen->top > screen_line_of(screen, screen->cursor)) {
        screen->top--;
        return;
    }
    move(screen, -1, disk_with_result);
    if (screen->top > screen_line_of(screen, screen->cursor))
        screen->top = screen_line_of(screen, screen->cursor);
}

/* By pages: the cursor goes to the first disk that begins on this one; if none does, to the one
 * that has the page. */
static void result_page(struct screen *screen, int key) {
    const size_t before = screen->top;
    screen_scroll(screen, key);
    if (screen->top == before) { /* at its end */
        screen_move(screen, key == KEY_PAGE_UP ? KEY_GO_HOME : KEY_GO_END, disk_with_result);
        return;
    }
    screen_move(screen, KEY_GO_HOME, disk_with_result);
    for (size_t i = screen->cursor; i < screen->disk_count; i++) {
        const size_t line = screen_line_of(screen, i);
        if (!disk_with_result(&screen->disks[i]) || line >= screen->top + screen_body_rows(screen))
            continue;
        screen->cursor = i;
        if (line >= screen->top)
            return;
    }
}

bool screen_move_in_result(struct screen *screen, int key) {
    key = moving_key(key);
    if (key == KEY_GO_DOWN)
        result_down(screen);
    else if (key == KEY_GO_UP)
        result_up(screen);
    else if (key == KEY_PAGE_UP || key == KEY_PAGE_DOWN)
        result_page(screen, key);
    else if (screen_move(screen, key, disk_with_result)) /* to one of the ends */
        screen->top = key == KEY_GO_HOME ? 0 : SIZE_MAX;
    else
        return false;
    screen_settle(screen);
    return true;
}
