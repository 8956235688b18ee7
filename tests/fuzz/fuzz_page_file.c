/* Saved pages in the forms that tools print. */
#include "quietus/page_file.h"

#include "fuzz.h"

#include <stdio.h>

/* The page printed as bytes is read as the same page. */
static void check_round_trip(struct bytes page) {
    struct reason reason = {""};
    char *text = malloc(3 * page.length + 1);
    uint8_t *again = malloc(page.length);
    REQUIRE(text && again);
    for (size_t i = 0; i < page.length; i++)
        (void)snprintf(text + 3 * i, 4, "%02x%c", page.data[i], i % 16 == 15 ? '\n' : ' ');
    const int length = page_file_parse(text, 3 * page.length, again, page.length, &reason);
    REQUIRE(length >= 0 && (size_t)length == page.length);
    REQUIRE(memcmp(again, page.data, page.length) == 0);
    free(text);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const size_t rooms[] = {8192, 512, 1};
    const struct bytes text = fuzz_copy(data, size);
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        struct reason reason = {""};
        uint8_t *out = malloc(rooms[i]);
        REQUIRE(out);
        const int length =
            page_file_parse((const char *)text.data, text.length, out, rooms[i], &reason);
        REQUIRE(length <= (int)rooms[i]);
        if (length < 0)
            require_reason(&reason);
        else if (length > 0)
            check_round_trip((struct bytes){out, (size_t)length});
        free(out);
    }
    free((void *)text.data);
    return 0;
}
