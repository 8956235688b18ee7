#include "media.h"
#include "media_file.h"
#include "oracle.h"
#include "plant.h"
#include "test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct media_geometry flash = {MEDIA_FLASH, 1 << 20, 256 << 10, false, false};
static const struct media_geometry magnetic = {MEDIA_MAGNETIC, 1 << 20, 64 << 10, false, false};

static const char *path(void) {
    static char text[256];
    (void)snprintf(text, sizeof text, "%s/medium", test_folder());
    return text;
}

static struct media *reopen(struct media *media, const struct media_geometry *geometry) {
    char problem[256] = "";
    bool fresh;
    const bool expected = media == NULL;
    media_close(media);
    media = media_open(path(), geometry, &fresh, problem, sizeof problem);
    if (media == NULL)
        fail_msg("%s", problem);
    assert_int_equal(fresh, expected);
    return media;
}

static void end(struct media *media) {
    media_close(media);
    test_folder_remove();
}

static void put(struct media *media, uint64_t page, const char *text) {
    uint8_t data[MEDIA_PAGE] = {0};
    memcpy(data, text, strlen(text));
    media_write(media, 0, page * (uint64_t)MEDIA_PAGE, data, sizeof data);
}

static bool has(const struct media *media, uint64_t page, const char *text) {
    uint8_t data[MEDIA_PAGE];
    assert_int_equal(media_read(media, 0, page * MEDIA_PAGE, data, sizeof data), MEDIA_OK);
    return memcmp(data, text, strlen(text)) == 0;
}

static struct oracle_findings find(const struct media *media, const char *text) {
    return oracle_search(media, text, strlen(text));
}

static void flash_keeps_the_old_page(void **state) {
    (void)state;
    struct media *media = reopen(NULL, &flash);
    put(media, 3, "the old text");
    put(media, 3, "the new text");
    assert_true(has(media, 3, "the new text"));
    assert_int_equal(find(media, "the old text").visible, 0);
    assert_int_equal(find(media, "the old text").recoverable, 1);
    assert_int_equal(find(media, "the old text").by_state[PAGE_STALE], 1);
    media_discard(media, 0, 3 * (uint64_t)MEDIA_PAGE, MEDIA_PAGE);
    assert_int_equal(find(media, "the new text").visible, 0);
    assert_int_equal(find(media, "the new text").recoverable, 1);
    end(media);
}

static void disk_writes_in_place(void **state) {
    (void)state;
    struct media *media = reopen(NULL, &magnetic);
    put(media, 3, "the old text");
    put(media, 3, "the new text");
    assert_int_equal(find(media, "the old text").recoverable, 0);
    media_discard(media, 0, 0, 1 << 20);
    assert_true(has(media, 3, "the new text"));
    end(media);
}

static void remapped_page_keeps_its_content(void **state) {
    (void)state;
    struct media *media = reopen(NULL, &magnetic);
    put(media, 5, "the old text");
    assert_true(media_remap(media, 0, 5));
    assert_true(has(media, 5, "the old text"));
    put(media, 5, "the new text");
    media = reopen(media, &magnetic);
    assert_true(has(media, 5, "the new text"));
    assert_int_equal(media_retired_pages(media), 1);
    assert_int_equal(find(media, "the old text").visible, 0);
    assert_int_equal(find(media, "the old text").by_state[PAGE_RETIRED], 1);
    for (unsigned i = 0; i < 15; i++)
        assert_true(media_remap(media, 0, 10 + i));
    assert_false(media_remap(media, 0, 100)); /* 16 spare pages */
    end(media);
}

static void erased_spare_in_use_is_not_taken_again(void **state) {
    (void)state;
    struct media *media = reopen(NULL, &magnetic);
    struct media_effect effect = {.kind = EFFECT_ERASE,
                                  .regions = UINT32_MAX,
                                  .spare = true,
                                  .retired = true,
                                  .passes = 1,
                                  .to_page = UINT64_MAX};
    put(media, 5, "five");
    assert_true(media_remap(media, 0, 5));
    media_effect_run(media, &effect, 0, media_effect_steps(media, &effect));
    put(media, 6, "six");
    assert_true(media_remap(media, 0, 6));
    put(media, 5, "new five");
    assert_true(has(media, 5, "new five"));
    assert_true(has(media, 6, "six"));
    end(media);
}

static void parts_of_pages_and_across_them(void **state) {
    (void)state;
    struct media *media = reopen(NULL, &flash);
    uint8_t data[6000], back[6000];
    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    media_write(media, 0, 4000, data, sizeof data);
    assert_int_equal(media_read(media, 0, 4000, back, sizeof back), MEDIA_OK);
    assert_memory_equal(data, back, sizeof data);
    assert_int_equal(media_read(media, 0, 0, back, 4000), MEDIA_OK);
    for (unsigned i = 0; i < 4000; i++)
        assert_int_equal(back[i], 0);
    end(media);
}

/* Far more writes than pages: stale ones have to be reused, live ones must not be lost. */
static void full_flash_is_recycled(void **state) {
    (void)state;
    struct media *media = reopen(NULL, &flash);
    char text[32];
    for (unsigned i = 0; i < 5000; i++) {
        (void)snprintf(text, sizeof text, "page %u round %u", i % 256, i / 256);
        put(media, i % 256, text);
    }
    for (unsigned i = 0; i < 256; i++) {
        (void)snprintf(text, sizeof text, "page %u round %u", i, i < 5000 % 256 ? 19U : 18U);
        assert_true(has(media, i, text));
    }
    end(media);
}

static void encrypted_medium_holds_no_plain_text(void **state) {
    (void)state;
    struct media_geometry geometry = flash;
    geometry.encrypts = true;
    struct media *media = reopen(NULL, &geometry);
    struct media_effect effect = {.kind = EFFECT_CRYPTO,
                                  .regions = UINT32_MAX,
                                  .spare = true,
                                  .retired = true,
                                  .to_page = UINT64_MAX};
    put(media, 1, "a secret");
    put(media, 2, "a secret");
    put(media, 2, "something");
    media = reopen(media, &geometry);
    assert_true(has(media, 1, "a secret"));
    assert_int_equal(find(media, "a secret").raw, 0);
    assert_int_equal(find(media, "a secret").recoverable, 2);
    media_effect_end(media, &effect);
    assert_int_equal(find(media, "a secret").recoverable, 0);
    assert_false(has(media, 1, "a secret")); /* noise: it is still mapped */
    assert_true(media_is_written(media, 0, MEDIA_PAGE, 1));
    end(media);
}

static void unwritten_pages_can_fail(void **state) {
    (void)state;
    struct media *media = reopen(NULL, &flash);
    uint8_t data[2 * MEDIA_PAGE];
    put(media, 0, "x");
    media_fail_unwritten(media, true);
    media = reopen(media, &flash);
    assert_int_equal(media_read(media, 0, 0, data, MEDIA_PAGE), MEDIA_OK);
    assert_int_equal(media_read(media, 0, 0, data, sizeof data), MEDIA_NOT_WRITTEN);
    put(media, 1, "y");
    assert_int_equal(media_read(media, 0, 0, data, sizeof data), MEDIA_OK);
    end(media);
}

static void fill_byte(void **state) {
    (void)state;
    struct media *media = reopen(NULL, &flash);
    uint8_t byte = 0;
    media_set_fill(media, 0xff);
    assert_int_equal(media_read(media, 0, 77, &byte, 1), MEDIA_OK);
    assert_int_equal(byte, 0xff);
    end(media);
}

/* What the killed process had finished is there; the write it was at is old or new, nothing else.
 */
static void check_after_kill(struct media *media) {
    uint8_t data[MEDIA_PAGE];
    uint64_t newest = 0, count[256];
    for (unsigned page = 0; page < 256; page++) {
        assert_int_equal(media_read(media, 0, page * (uint64_t)MEDIA_PAGE, data, sizeof data), 0);
        count[page] = load_le(data, 8);
        for (unsigned at = 8; at < MEDIA_PAGE; at += 8)
            assert_int_equal(load_le(data + at, 8), count[page]);
        newest = count[page] > newest ? count[page] : newest;
    }
    assert_true(newest > 256);
    for (unsigned page = 0; page < 256; page++) {
        if (count[page] + 256 <= newest) /* it should have been written again since */
            fail_msg("page %u is at %llu, the newest at %llu", page,
                     (unsigned long long)count[page], (unsigned long long)newest);
        assert_int_equal((count[page] - 1) % 256, page);
    }
}

/* Page after page, each filled with the number of the write; tells when all have been written
 * twice. */
static __attribute__((noreturn)) void write_for_ever(const struct media_geometry *geometry,
                                                     int ready) {
    char problem[256];
    bool fresh;
    uint8_t data[MEDIA_PAGE];
    struct media *media = media_open(path(), geometry, &fresh, problem, sizeof problem);
    for (uint64_t i = 1; media != NULL; i++) {
        for (unsigned at = 0; at < MEDIA_PAGE; at += 8)
            store_le(data + at, 8, i);
        media_write(media, 0, (i - 1) % 256 * MEDIA_PAGE, data, sizeof data);
        if (i == 512 && write(ready, "", 1) != 1)
            break;
    }
    _exit(1);
}

static void killed_at_any_moment(void **state) {
    (void)state;
    struct media_geometry geometry = flash;
    geometry.encrypts = true;
    media_close(reopen(NULL, &geometry));
    for (unsigned round = 0; round < 20; round++) {
        int ready[2];
        char byte;
        assert_int_equal(pipe(ready), 0);
        const pid_t child = fork();
        if (child == 0)
            write_for_ever(&geometry, ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        (void)usleep(500 + round * 300);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        (void)close(ready[0]);
        (void)close(ready[1]);
        char problem[256];
        bool fresh;
        struct media *media = media_open(path(), &geometry, &fresh, problem, sizeof problem);
        assert_non_null(media);
        check_after_kill(media);
        media_close(media);
    }
    test_folder_remove();
}

/* A power cut between programming a page and mapping it: the page is there, and nobody's. */
static void cut_before_the_mapping(void **state) {
    (void)state;
    struct media *media = reopen(NULL, &flash);
    uint8_t data[MEDIA_PAGE] = "the new text";
    put(media, 3, "the old text");
    media_program(media, 100, 0, 3, data);
    media = reopen(media, &flash);
    assert_true(has(media, 3, "the old text"));
    assert_int_equal(media_page(media, 100).state, PAGE_STALE);
    end(media);
}

static void looking_changes_nothing(void **state) {
    (void)state;
    char problem[256];
    struct media *media = reopen(NULL, &flash);
    put(media, 3, "the old text");
    struct media *look = media_open_to_look(path(), problem, sizeof problem);
    assert_non_null(look);
    put(look, 3, "the new text");
    media_close(look);
    assert_true(has(media, 3, "the old text"));
    assert_null(media_open_to_look("/nowhere", problem, sizeof problem));
    assert_non_null(strstr(problem, "/nowhere"));
    end(media);
}

static void bad_geometry_is_refused(void **state) {
    (void)state;
    const struct media_geometry bad[] = {{MEDIA_FLASH, 1000, 4096, false, false},
                                         {MEDIA_FLASH, 0, 4096, false, false},
                                         {MEDIA_FLASH, 8192, 0, false, false}};
    for (unsigned i = 0; i < COUNT_OF(bad); i++) {
        char problem[256] = "";
        bool fresh;
        assert_null(media_open(path(), &bad[i], &fresh, problem, sizeof problem));
        assert_true(problem[0] != '\0');
    }
    test_folder_remove();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(flash_keeps_the_old_page),
    cmocka_unit_test(disk_writes_in_place),
    cmocka_unit_test(remapped_page_keeps_its_content),
    cmocka_unit_test(erased_spare_in_use_is_not_taken_again),
    cmocka_unit_test(parts_of_pages_and_across_them),
    cmocka_unit_test(full_flash_is_recycled),
    cmocka_unit_test(encrypted_medium_holds_no_plain_text),
    cmocka_unit_test(unwritten_pages_can_fail),
    cmocka_unit_test(fill_byte),
    cmocka_unit_test(killed_at_any_moment),
    cmocka_unit_test(cut_before_the_mapping),
    cmocka_unit_test(looking_changes_nothing),
    cmocka_unit_test(bad_geometry_is_refused),
};

TEST_MAIN(tests)
