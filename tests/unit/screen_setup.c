#include "screen_setup.h"

#include "quietus/json.h"

#include "../../agent/tui/model.h"
#include "test.h"

void add_screen_disk(struct scan *scan, const char *serial, const char *model) {
    struct disk *disk = disk_new();
    disk->number = (unsigned)scan->disk_count + 1;
    disk->bus = BUS_SATA;
    disk->area_count = 1;
    disk->areas[0] = (struct disk_area){.lba_size = 512, .lba_count = 2048};
    (void)snprintf(disk->areas[0].node, DISK_NODE_SIZE, "/dev/sd%zu", scan->disk_count);
    text_copy(disk->identity.serial, TEXT_FIELD_SIZE, serial);
    text_copy(disk->identity.model, TEXT_FIELD_SIZE, model);
    disk->identity.capacity = 1 << 20;
    scan->disks = realloc(scan->disks, (scan->disk_count + 1) * sizeof *scan->disks);
    assert_non_null(scan->disks);
    scan->disks[scan->disk_count++] = disk;
}

void take_scan(struct screen *screen, const struct scan *scan) {
    struct policy policy;
    policy_default(&policy);
    model_take(screen, scan, &policy);
}

void start_screen(struct screen *screen, size_t count) {
    struct scan scan = {.server = {.serial = "SRV"}, .findings = json_new_array()};
    char serial[32];
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(serial, sizeof serial, "SERIAL-%zu", i);
        add_screen_disk(&scan, serial, "MODEL");
    }
    *screen = (struct screen){.columns = 80, .rows = 24, .half_blocks = true, .machine = true};
    take_scan(screen, &scan);
    scan_free(&scan);
    screen_go(screen, PAGE_DISKS);
}

enum action type_text(struct screen *screen, const char *text) {
    for (const char *p = text; *p; p++)
        assert_int_equal(screen_key(screen, (unsigned char)*p), ACTION_NONE);
    return screen_key(screen, KEY_RETURN);
}

bool is_shown(const struct screen *screen, const char *text) {
    struct lines lines;
    bool found = false;
    screen_draw(screen, &lines);
    for (size_t i = 0; i < lines.count; i++)
        found = found || strstr(lines.list[i].text, text);
    lines_free(&lines);
    return found;
}

void assert_sound(const struct screen *screen) {
    struct lines lines;
    screen_draw(screen, &lines);
    assert_int_equal(lines.count, screen->rows);
    for (size_t i = 0; i < lines.count; i++) {
        const char *text = lines.list[i].text;
        assert_true(strlen(text) <= screen->columns);
        for (const char *p = text; *p; p++)
            assert_true(*p >= ' ' && *p <= '~');
    }
    lines_free(&lines);
}

void go_to_confirmation(struct screen *screen) {
    assert_int_equal(screen_key(screen, 'n'), ACTION_NONE);
    assert_int_equal(screen->page, PAGE_PLAN);
    assert_int_equal(screen_key(screen, 'n'), ACTION_NONE);
    assert_int_equal(screen->page, PAGE_AUTHORITY);
    assert_int_equal(screen_key(screen, KEY_RETURN), ACTION_NONE);
    assert_true(is_shown(screen, "A name is needed"));
    assert_int_equal(type_text(screen, "Ann"), ACTION_NONE);
    assert_int_equal(type_text(screen, "T-1"), ACTION_NONE);
    screen_drawn(screen);
}
