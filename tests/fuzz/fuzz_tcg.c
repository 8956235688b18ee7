/* TCG: level-0 discovery, and the answers in a session. */
#include "quietus/scan.h"
#include "quietus/tcg.h"
#include "quietus/tcg_message.h"

#include "fuzz.h"

/* Every item is within the answer, and each takes something from its front. */
static void check_session(struct bytes answer) {
    struct bytes payload;
    struct tcg_item item;
    uint8_t status;
    uint32_t tper;
    uint64_t number;
    if (tcg_answer_payload(answer, &payload))
        return;
    REQUIRE(payload.data >= answer.data && payload.length <= answer.length);
    REQUIRE(payload.data + payload.length <= answer.data + answer.length);
    (void)tcg_answer_status(payload, &status);
    (void)tcg_answer_session(payload, 105, &tper);
    (void)tcg_answer_number(payload, &number);
    for (size_t before = payload.length; tcg_next_item(&payload, &item); before = payload.length) {
        REQUIRE(payload.length < before);
        REQUIRE(!item.is_bytes || item.data.length < before);
        for (size_t i = 0; item.is_bytes && i < item.data.length; i++)
            status = item.data.data[i];
    }
}

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
    check_session(answer);
    free((void *)answer.data);
    return 0;
}
