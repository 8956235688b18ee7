/* TCG level-0 discovery: the answers of drives of every class, and broken ones. */
#include "quietus/tcg.h"

#include "test.h"

#include <errno.h>

struct answer {
    uint8_t bytes[TCG_DISCOVERY_SIZE];
    size_t length;
};

static void begin(struct answer *answer) {
    memset(answer, 0, sizeof *answer);
    put_be32(answer->bytes + 4, 1); /* revision 0.1 */
    answer->length = 48;
    put_be32(answer->bytes, 44);
}

static void add(struct answer *answer, uint16_t code, const uint8_t *data, uint8_t length) {
    uint8_t *at = answer->bytes + answer->length;
    put_be16(at, code);
    at[2] = 0x10;
    at[3] = length;
    memcpy(at + 4, data, length);
    answer->length += 4U + length;
    put_be32(answer->bytes, (uint32_t)answer->length - 4);
}

static void add_flags(struct answer *answer, uint16_t code, uint8_t flags) {
    const uint8_t data[12] = {flags};
    add(answer, code, data, sizeof data);
}

static void add_class(struct answer *answer, uint16_t code, uint16_t comid) {
    uint8_t data[16] = {0};
    put_be16(data, comid);
    data[3] = 1;
    add(answer, code, data, sizeof data);
}

static struct tcg_discovery decoded(const struct answer *answer) {
    struct tcg_discovery out;
    assert_int_equal(tcg_decode_discovery((struct bytes){answer->bytes, TCG_DISCOVERY_SIZE}, &out),
                     0);
    assert_true(out.known);
    return out;
}

static void test_classes(void **state) {
    (void)state;
    static const struct {
        uint16_t code;
        unsigned class;
        const char *name;
    } rows[] = {
        {0x0100, TCG_ENTERPRISE, "Enterprise"},
        {0x0200, TCG_OPAL_1, "Opal 1"},
        {0x0203, TCG_OPAL_2, "Opal 2"},
        {0x0301, TCG_OPALITE, "Opalite"},
        {0x0302, TCG_PYRITE_1, "Pyrite 1"},
        {0x0303, TCG_PYRITE_2, "Pyrite 2"},
        {0x0304, TCG_RUBY, "Ruby"},
        {0x0999, 0, "no known class"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct answer answer;
        char text[96];
        begin(&answer);
        add_flags(&answer, 0x0001, 0x11);
        add_class(&answer, rows[i].code, 0x07fe);
        const struct tcg_discovery out = decoded(&answer);
        assert_true(out.tper);
        assert_int_equal(out.classes, rows[i].class);
        assert_int_equal(out.comid, rows[i].class ? 0x07fe : 0);
        assert_string_equal(tcg_classes_text(&out, text, sizeof text), rows[i].name);
        assert_false(out.locking || tcg_covers_media(&out));
    }
}

static void test_locking_flags(void **state) {
    (void)state;
    static const struct {
        uint8_t flags;
        bool covers;
    } rows[] = {{0x00, false}, {0x01, false}, {0x03, false}, {0x07, true}, {0x05, false},
                {0x0f, true},  {0x11, true},  {0x31, false}, {0x37, true}, {0x48, false}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct answer answer;
        begin(&answer);
        add_flags(&answer, 0x0002, rows[i].flags);
        const struct tcg_discovery out = decoded(&answer);
        assert_true(out.locking);
        assert_true(out.locking_supported == bit(rows[i].flags, 0));
        assert_true(out.locking_enabled == bit(rows[i].flags, 1));
        assert_true(out.locked == bit(rows[i].flags, 2));
        assert_true(out.media_encryption == bit(rows[i].flags, 3));
        assert_true(out.shadow_enabled == bit(rows[i].flags, 4));
        assert_true(out.shadow_done == bit(rows[i].flags, 5));
        if (tcg_covers_media(&out) != rows[i].covers)
            fail_msg("flags %02x", rows[i].flags);
    }
}

static void test_all_features_of_an_opal_drive(void **state) {
    (void)state;
    struct answer answer;
    char text[96];
    begin(&answer);
    add_flags(&answer, 0x0001, 0x11);
    add_flags(&answer, 0x0002, 0x0b);
    add_flags(&answer, 0x0003, 0);
    add_class(&answer, 0x0203, 0x1004);
    add_flags(&answer, 0x0201, 0);
    add_flags(&answer, 0x0202, 0);
    add_flags(&answer, 0x0402, 0);
    add_flags(&answer, 0xc001, 0xff); /* a vendor's */
    const struct tcg_discovery out = decoded(&answer);
    assert_true(out.single_user && out.data_store && out.block_sid && out.media_encryption);
    assert_string_equal(tcg_classes_text(&out, text, sizeof text), "Opal 2, Block SID");
}

static void test_broken_answers(void **state) {
    (void)state;
    struct answer answer;
    struct tcg_discovery out;
    begin(&answer);
    add_flags(&answer, 0x0002, 0x07);
    const struct bytes whole = {answer.bytes, answer.length};
    assert_int_equal(tcg_decode_discovery(whole, &out), 0);
    assert_true(out.locked);
    /* Shorter than it says, than its header, all zero, all ones. */
    assert_int_equal(tcg_decode_discovery((struct bytes){whole.data, whole.length - 1}, &out),
                     -EINVAL);
    assert_int_equal(tcg_decode_discovery((struct bytes){whole.data, 47}, &out), -EINVAL);
    uint8_t data[512] = {0};
    assert_int_equal(tcg_decode_discovery((struct bytes){data, sizeof data}, &out), -EINVAL);
    memset(data, 0xff, sizeof data);
    assert_int_equal(tcg_decode_discovery((struct bytes){data, sizeof data}, &out), -EINVAL);
    assert_false(out.known);
    /* The feature says that it is longer than what is left: it is passed over. */
    answer.bytes[48 + 3] = 200;
    assert_int_equal(tcg_decode_discovery(whole, &out), 0);
    assert_false(out.locking);
    /* Without data its flags are not there. */
    begin(&answer);
    add(&answer, 0x0002, data, 0);
    add(&answer, 0x0203, data, 1);
    out = decoded(&answer);
    assert_false(out.locking || out.classes);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_classes),
    cmocka_unit_test(test_locking_flags),
    cmocka_unit_test(test_all_features_of_an_opal_drive),
    cmocka_unit_test(test_broken_answers),
};
TEST_MAIN(tests)
