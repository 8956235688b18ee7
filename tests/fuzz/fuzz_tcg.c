/* TCG: level-0 discovery. */
#include "quietus/scan.h"
#include "quietus/tcg.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tcg_discovery out;
    char text[96];
    const struct bytes answer = fuzz_copy(data, size);
    if (tcg_decode_discovery(answer, &out) == 0) {
        REQUIRE(out.known);
        REQUIRE(!tcg_covers_media(&out) || out.locking);
        (void)tcg_classes_text(&out, text, sizeof text);
        REQUIRE_ASCII(text);
        REQUIRE(text[0] != '\0');
        require_document(tcg_json(&out));
    } else {
        REQUIRE(!out.known);
    }
    free((void *)answer.data);
    return 0;
}
