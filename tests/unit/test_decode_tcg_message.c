/* Tokens and packets of TCG sessions: the exact bytes that go, and answers good and broken. */
#include "quietus/tcg_message.h"

#include "test.h"

#include <errno.h>

enum { HEADERS = 56 };

static void test_start_session_bytes(void **state) {
    (void)state;
    static const uint8_t expected[] = {
        0xf8, 0xa8, 0,    0,    0,    0, 0, 0, 0, 0xff, 0xa8, 0, 0, 0, 0,    0, 0,    0xff,
        0x02, 0xf0, 0x81, 0x69, 0xa8, 0, 0, 2, 5, 0,    0,    0, 1, 1, 0xf2, 0, 0xd0, 0x20,
    };
    struct tcg_message message;
    uint8_t challenge[32];
    memset(challenge, 'P', sizeof challenge);
    tcg_message_begin(&message);
    tcg_put_call(&message, TCG_UID_SESSION_MANAGER, TCG_UID_START_SESSION);
    tcg_put_token(&message, TCG_START_LIST);
    tcg_put_number(&message, 105);
    tcg_put_uid(&message, TCG_UID_ADMIN_SP);
    tcg_put_number(&message, 1);
    tcg_put_token(&message, TCG_START_NAME);
    tcg_put_number(&message, 0);
    tcg_put_bytes(&message, challenge, sizeof challenge);
    assert_int_equal(tcg_message_finish(&message, 0x07fe, 0x1234, 105), 0);
    assert_memory_equal(message.bytes + HEADERS, expected, sizeof expected);
    const uint8_t *behind = message.bytes + HEADERS + sizeof expected + sizeof challenge;
    assert_memory_equal(behind, ((const uint8_t[]){0xf9, 0xf0, 0, 0, 0, 0xf1}), 6);
    /* The headers: 74 bytes of payload, 76 with what pads them. */
    assert_int_equal(message.length, 512);
    assert_int_equal(get_be16(message.bytes + 4), 0x07fe);
    assert_int_equal(get_be32(message.bytes + 16), 24 + 12 + 76);
    assert_int_equal(get_be32(message.bytes + 20), 0x1234);
    assert_int_equal(get_be32(message.bytes + 24), 105);
    assert_int_equal(get_be32(message.bytes + 40), 12 + 76);
    assert_int_equal(get_be32(message.bytes + 52), 74);
}

static void test_atoms_there_and_back(void **state) {
    (void)state;
    static const uint64_t numbers[] = {0, 1, 63, 64, 105, 255, 256, 65535, 1ULL << 32, UINT64_MAX};
    static const size_t lengths[] = {0, 1, 15, 16, 255, 256, 1000};
    uint8_t data[1000];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        struct tcg_message message;
        struct tcg_item item;
        tcg_message_begin(&message);
        tcg_put_number(&message, numbers[i]);
        struct bytes rest = {message.bytes + HEADERS, message.length - HEADERS};
        assert_true(tcg_next_item(&rest, &item));
        assert_false(item.is_token || item.is_bytes);
        assert_true(item.number == numbers[i]);
        assert_int_equal(rest.length, 0);
    }
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct tcg_message message;
        struct tcg_item item;
        tcg_message_begin(&message);
        tcg_put_bytes(&message, data, lengths[i]);
        struct bytes rest = {message.bytes + HEADERS, message.length - HEADERS};
        assert_true(tcg_next_item(&rest, &item));
        assert_true(item.is_bytes);
        assert_int_equal(item.data.length, lengths[i]);
        assert_memory_equal(item.data.data, data, lengths[i]);
        assert_int_equal(rest.length, 0);
    }
}

static void test_messages_that_do_not_fit(void **state) {
    (void)state;
    static const uint8_t data[2048];
    struct tcg_message message;
    tcg_message_begin(&message);
    tcg_put_bytes(&message, data, 2048);
    assert_int_equal(tcg_message_finish(&message, 1, 0, 0), -ENOSPC);
    tcg_message_begin(&message);
    tcg_put_bytes(&message, data, 1500);
    tcg_put_bytes(&message, data, 1500);
    assert_int_equal(tcg_message_finish(&message, 1, 0, 0), -ENOSPC);
    tcg_message_begin(&message);
    for (int i = 0; i < 3000; i++)
        tcg_put_token(&message, TCG_START_LIST);
    assert_int_equal(tcg_message_finish(&message, 1, 0, 0), -ENOSPC);
    assert_true(message.length <= sizeof message.bytes);
}

/* A SyncSession with host session 105 and the drive's 1234h, status 00h. */
static const uint8_t sync_session[] = {
    0xf8, 0xa8, 0,    0,    0,    0,    0,    0,    0,    0xff, 0xa8, 0,    0, 0, 0, 0,
    0,    0xff, 0x03, 0xf0, 0x81, 0x69, 0x82, 0x12, 0x34, 0xf1, 0xf9, 0xf0, 0, 0, 0, 0xf1,
};

static void test_sync_session(void **state) {
    (void)state;
    uint32_t tper = 0;
    uint8_t status = 0xff;
    const struct bytes whole = {sync_session, sizeof sync_session};
    assert_int_equal(tcg_answer_session(whole, 105, &tper), 0);
    assert_int_equal(tper, 0x1234);
    assert_int_equal(tcg_answer_session(whole, 106, &tper), -EINVAL);
    assert_int_equal(tcg_answer_status(whole, &status), 0);
    assert_int_equal(status, 0);
    for (size_t length = 0; length < sizeof sync_session; length++) {
        const struct bytes cut = {sync_session, length};
        assert_int_equal(tcg_answer_session(cut, 105, &tper), length < 25 ? -EINVAL : 0);
        assert_int_equal(tcg_answer_status(cut, &status), length < 29 ? -EINVAL : 0);
    }
    /* Not authorized: no numbers in the list. */
    const uint8_t refused[] = {0xf0, 0xf1, 0xf9, 0xf0, 0x01, 0, 0, 0xf1};
    assert_int_equal(tcg_answer_status((struct bytes){refused, sizeof refused}, &status), 0);
    assert_int_equal(status, TCG_NOT_AUTHORIZED);
    assert_int_equal(tcg_answer_session((struct bytes){refused, sizeof refused}, 105, &tper),
                     -EINVAL);
    /* What Authenticate gives back. */
    uint64_t number = 9;
    const uint8_t yes[] = {0xf0, 0x01, 0xf1, 0xf9, 0xf0, 0x00, 0, 0, 0xf1};
    assert_int_equal(tcg_answer_number((struct bytes){yes, sizeof yes}, &number), 0);
    assert_int_equal(number, 1);
    assert_int_equal(tcg_answer_number((struct bytes){yes, 1}, &number), -EINVAL);
    assert_int_equal(tcg_answer_number((struct bytes){refused, sizeof refused}, &number), -EINVAL);
}

static void test_packets(void **state) {
    (void)state;
    uint8_t packet[512] = {0};
    struct bytes payload;
    const struct bytes answer = {packet, sizeof packet};
    assert_int_equal(tcg_answer_payload(answer, &payload), -EAGAIN);
    assert_int_equal(tcg_answer_payload((struct bytes){packet, 19}, &payload), -EINVAL);
    static const struct {
        uint32_t outer, middle, inner;
        int error;
    } rows[] = {
        {24 + 12 + 32, 12 + 32, 32, 0},
        {24 + 12 + 32, 12 + 32, 33, -EINVAL},
        {24 + 12 + 32, 12 + 33, 32, -EINVAL},
        {512, 12 + 32, 32, -EINVAL},
        {492, 468, 456, 0},
        {492, 468, 0, 0},
        {UINT32_MAX, UINT32_MAX, UINT32_MAX, -EINVAL},
        {492, UINT32_MAX, 0, -EINVAL},
        {492, 468, UINT32_MAX, -EINVAL},
        {1, 0, 0, -EINVAL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        put_be32(packet + 16, rows[i].outer);
        put_be32(packet + 40, rows[i].middle);
        put_be32(packet + 52, rows[i].inner);
        if (tcg_answer_payload(answer, &payload) != rows[i].error)
            fail_msg("row %zu", i);
        if (rows[i].error == 0)
            assert_true(payload.data == packet + HEADERS && payload.length == rows[i].inner);
    }
}

static void test_broken_atoms(void **state) {
    (void)state;
    static const struct {
        uint8_t bytes[8];
        size_t length;
    } rows[] = {
        {{0xa8, 1, 2}, 3}, /* a short one that is cut */
        {{0xd0}, 1},       /* a medium one without its length */
        {{0xd0, 9, 1}, 3},
        {{0xe2, 0, 0}, 3}, /* a long one */
        {{0xe2, 0xff, 0xff, 0xff}, 4},
        {{0xe4, 0, 0, 0}, 4}, /* none */
        {{0xc0, 9, 0}, 3},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct tcg_item item;
        struct bytes rest = {rows[i].bytes, rows[i].length};
        if (tcg_next_item(&rest, &item))
            fail_msg("row %zu is taken", i);
    }
    /* An integer of nine bytes is none that anybody means. */
    const uint8_t long_number[10] = {0x89, 1};
    struct tcg_item item;
    struct bytes rest = {long_number, sizeof long_number};
    assert_false(tcg_next_item(&rest, &item));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_start_session_bytes),
    cmocka_unit_test(test_atoms_there_and_back),
    cmocka_unit_test(test_messages_that_do_not_fit),
    cmocka_unit_test(test_sync_session),
    cmocka_unit_test(test_packets),
    cmocka_unit_test(test_broken_atoms),
};
TEST_MAIN(tests)
