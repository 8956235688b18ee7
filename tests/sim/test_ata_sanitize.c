/* The sanitize table: each command in each state, signatures, registers, what is let through. */
#include "ata_codes.h"
#include "ata_sanitize.h"
#include "test.h"

static const struct ata_sanitize_abilities all = {true, true, true, true};

enum { CLEAR_FAILED = 1 << 0, FAILURE_MODE = 1 << 4 };

static const uint64_t CRYPTO = 0x43727970, BLOCK = 0x426b4572, OVERWRITE = 0x4f57deadbeef,
                      FREEZE = 0x46724c6b, ANTIFREEZE = 0x416e7469;

static struct ata_registers_in command(uint16_t feature, uint16_t count, uint64_t lba) {
    return (struct ata_registers_in){
        .features = feature, .count = count, .lba = lba, .command = ATA_SANITIZE_DEVICE};
}

static struct ata_sanitize_verdict send(struct ata_sanitize *s, uint16_t feature, uint16_t count,
                                        uint64_t lba) {
    const struct ata_registers_in in = command(feature, count, lba);
    return ata_sanitize_command(s, &all, &in);
}

static void assert_aborts(struct ata_sanitize_verdict verdict, uint8_t reason) {
    assert_false(verdict.accepted || verdict.begins);
    assert_int_equal(verdict.reason, reason);
}

static const struct {
    uint16_t feature;
    uint64_t lba;
} operations[] = {{SANITIZE_CRYPTO_SCRAMBLE, CRYPTO},
                  {SANITIZE_BLOCK_ERASE, BLOCK},
                  {SANITIZE_OVERWRITE, OVERWRITE}};

static struct ata_sanitize in_state(enum ata_sanitize_state state, bool failure_mode) {
    struct ata_sanitize s = {.state = state, .failure_mode = failure_mode};
    if (state == SD4_SUCCEEDED)
        s.completed = true;
    if (state == SD3_FAILED)
        s.reason = SANITIZE_REASON_NOT_ALL_SANITIZED;
    return s;
}

static void test_operations_begin_from_idle_failed_and_succeeded(void **state) {
    (void)state;
    static const enum ata_sanitize_state from[] = {SD0_IDLE, SD3_FAILED, SD4_SUCCEEDED};
    for (size_t i = 0; i < COUNT_OF(from); i++)
        for (size_t j = 0; j < COUNT_OF(operations); j++) {
            struct ata_sanitize s = in_state(from[i], false);
            const struct ata_sanitize_verdict verdict =
                send(&s, operations[j].feature, 0, operations[j].lba);
            assert_true(verdict.accepted && verdict.begins);
            assert_int_equal(s.state, SD2_IN_OPERATION);
            assert_int_equal(ata_sanitize_count(&s), 0x4000); /* and no longer completed */
        }
}

static void test_operations_abort_when_frozen_or_in_operation(void **state) {
    (void)state;
    for (size_t j = 0; j < COUNT_OF(operations); j++) {
        struct ata_sanitize frozen = in_state(SD1_FROZEN, false);
        assert_aborts(send(&frozen, operations[j].feature, 0, operations[j].lba), 3);
        assert_int_equal(frozen.state, SD1_FROZEN);
        struct ata_sanitize busy = in_state(SD2_IN_OPERATION, false);
        assert_aborts(send(&busy, operations[j].feature, 0, operations[j].lba), 0);
        assert_int_equal(busy.state, SD2_IN_OPERATION);
    }
}

static void test_signatures_are_checked(void **state) {
    (void)state;
    static const struct {
        uint16_t feature;
        uint64_t lba;
    } wrong[] = {
        {SANITIZE_CRYPTO_SCRAMBLE, BLOCK},
        {SANITIZE_CRYPTO_SCRAMBLE, CRYPTO | 1ULL << 32}, /* the upper bytes must be zero */
        {SANITIZE_BLOCK_ERASE, CRYPTO},
        {SANITIZE_OVERWRITE, 0x4f5600000000},
        {SANITIZE_FREEZE_LOCK, 0},
        {SANITIZE_ANTIFREEZE_LOCK, FREEZE},
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct ata_sanitize s = in_state(SD0_IDLE, false);
        assert_aborts(send(&s, wrong[i].feature, 0, wrong[i].lba), 0);
        assert_int_equal(s.state, SD0_IDLE);
        assert_int_equal(ata_sanitize_count(&s), 0);
    }
}

static void test_unsupported_features_abort_with_their_reason(void **state) {
    (void)state;
    static const struct ata_sanitize_abilities none = {false, false, false, false};
    static const uint64_t lba[] = {CRYPTO, BLOCK, OVERWRITE, ANTIFREEZE, 0};
    static const uint16_t feature[] = {0x11, 0x12, 0x14, 0x40, 0x13};
    for (size_t i = 0; i < COUNT_OF(feature); i++) {
        struct ata_sanitize s = in_state(SD0_IDLE, false);
        const struct ata_registers_in in = command(feature[i], 0, lba[i]);
        assert_aborts(ata_sanitize_command(&s, &none, &in), 2);
    }
    struct ata_sanitize s = in_state(SD0_IDLE, false);
    assert_aborts(send(&s, 0x13, 0, 0), 2);
}

static void test_failure_mode_decides_the_way_out(void **state) {
    (void)state;
    struct ata_sanitize open = in_state(SD3_FAILED, true);
    assert_aborts(send(&open, SANITIZE_STATUS, 0, 0), 1); /* asking alone clears nothing */
    assert_int_equal(open.state, SD3_FAILED);
    assert_true(send(&open, SANITIZE_STATUS, CLEAR_FAILED, 0).accepted);
    assert_int_equal(open.state, SD0_IDLE);
    assert_int_equal(ata_sanitize_count(&open), 0);

    struct ata_sanitize restricted = in_state(SD3_FAILED, false);
    assert_aborts(send(&restricted, SANITIZE_STATUS, CLEAR_FAILED, 0), 1);
    assert_aborts(send(&restricted, SANITIZE_BLOCK_ERASE, FAILURE_MODE, BLOCK), 0);
    assert_int_equal(restricted.state, SD3_FAILED);
    assert_true(send(&restricted, SANITIZE_BLOCK_ERASE, 0, BLOCK).begins);
}

static void test_ends_of_an_operation(void **state) {
    (void)state;
    struct ata_sanitize s = in_state(SD0_IDLE, false);
    assert_true(send(&s, SANITIZE_BLOCK_ERASE, 0, BLOCK).begins);
    ata_sanitize_succeeded(&s);
    assert_int_equal(s.state, SD4_SUCCEEDED);
    assert_int_equal(ata_sanitize_count(&s), 0x8000);
    assert_true(send(&s, SANITIZE_BLOCK_ERASE, 0, BLOCK).begins);
    ata_sanitize_failed(&s, SANITIZE_REASON_NOT_REPORTED);
    assert_aborts(send(&s, SANITIZE_STATUS, 0, 0), 0);
    assert_int_equal(ata_sanitize_count(&s), 0);
}

static void test_freeze_and_antifreeze(void **state) {
    (void)state;
    struct ata_sanitize s = in_state(SD0_IDLE, false);
    assert_true(send(&s, SANITIZE_FREEZE_LOCK, 0, FREEZE).accepted);
    assert_int_equal(s.state, SD1_FROZEN);
    assert_int_equal(ata_sanitize_count(&s), 0x2000);
    assert_true(send(&s, SANITIZE_STATUS, 0, 0).accepted);
    assert_aborts(send(&s, SANITIZE_ANTIFREEZE_LOCK, 0, ANTIFREEZE), 3);

    s = in_state(SD0_IDLE, false);
    assert_true(send(&s, SANITIZE_ANTIFREEZE_LOCK, 0, ANTIFREEZE).accepted);
    assert_int_equal(ata_sanitize_count(&s), 0x1000);
    assert_aborts(send(&s, SANITIZE_FREEZE_LOCK, 0, FREEZE), 4);
    assert_int_equal(s.state, SD0_IDLE);
    ata_sanitize_power_on(&s);
    assert_int_equal(ata_sanitize_count(&s), 0);

    s = in_state(SD2_IN_OPERATION, false);
    assert_aborts(send(&s, SANITIZE_FREEZE_LOCK, 0, FREEZE), 0);
    assert_true(send(&s, SANITIZE_ANTIFREEZE_LOCK, 0, ANTIFREEZE).accepted);
    s = in_state(SD3_FAILED, true);
    assert_aborts(send(&s, SANITIZE_FREEZE_LOCK, 0, FREEZE), 0);
}

static void test_resets(void **state) {
    (void)state;
    static const struct {
        enum ata_sanitize_state from, after_power, after_hard;
    } rows[] = {
        {SD0_IDLE, SD0_IDLE, SD0_IDLE},
        {SD1_FROZEN, SD0_IDLE, SD0_IDLE},
        {SD2_IN_OPERATION, SD2_IN_OPERATION, SD2_IN_OPERATION},
        {SD3_FAILED, SD3_FAILED, SD3_FAILED},
        {SD4_SUCCEEDED, SD0_IDLE, SD4_SUCCEEDED},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ata_sanitize s = in_state(rows[i].from, true);
        ata_sanitize_hard_reset(&s);
        assert_int_equal(s.state, rows[i].after_hard);
        s = in_state(rows[i].from, true);
        ata_sanitize_power_on(&s);
        assert_int_equal(s.state, rows[i].after_power);
        /* "Completed without error" outlives the power cycle. */
        assert_int_equal(s.completed, rows[i].from == SD4_SUCCEEDED);
    }
}

static void test_overwrite_parameters(void **state) {
    (void)state;
    struct ata_registers_in in = command(SANITIZE_OVERWRITE, 0, 0x4f57a1b2c3d4);
    struct ata_sanitize_overwrite out = ata_sanitize_overwrite_of(&in);
    assert_int_equal(out.passes, 16);
    assert_int_equal(out.pattern, 0xa1b2c3d4);
    assert_false(out.invert || out.definitive_ending_pattern);
    in.count = 0x00c3;
    out = ata_sanitize_overwrite_of(&in);
    assert_int_equal(out.passes, 3);
    assert_true(out.invert && out.definitive_ending_pattern);
}

static void test_what_is_let_through(void **state) {
    (void)state;
    static const struct {
        uint8_t command;
        uint16_t features;
        uint64_t lba;
        bool permitted;
    } rows[] = {
        {ATA_IDENTIFY_DEVICE, 0, 0, true},        {ATA_CHECK_POWER_MODE, 0, 0, true},
        {ATA_IDLE_IMMEDIATE, 0, 0, true},         {ATA_SECURITY_UNLOCK, 0, 0, true},
        {ATA_SANITIZE_DEVICE, 0, 0, true},        {ATA_READ_LOG_EXT, 0, 0x30, true},
        {ATA_READ_LOG_DMA_EXT, 0, 0x10, true},    {ATA_READ_LOG_EXT, 0, 0xe0, true},
        {ATA_READ_LOG_EXT, 0, 0x04, false},       {ATA_READ_LOG_EXT, 0, 0x00, false},
        {ATA_SMART, 0xda, 0xc24f00, true},        {ATA_SMART, 0xd0, 0xc24f00, false},
        {ATA_SET_FEATURES, 0x07, 0, true},        {ATA_SET_FEATURES, 0x02, 0, false},
        {ATA_READ_DMA_EXT, 0, 0, false},          {ATA_WRITE_DMA_EXT, 0, 0, false},
        {ATA_FLUSH_CACHE_EXT, 0, 0, false},       {ATA_STANDBY_IMMEDIATE, 0, 0, false},
        {ATA_SECURITY_SET_PASSWORD, 0, 0, false}, {ATA_SECURITY_ERASE_PREPARE, 0, 0, false},
        {ATA_DATA_SET_MANAGEMENT, 1, 0, false},   {ATA_READ_NATIVE_MAX_EXT, 0, 0, false},
    };
    static const enum ata_sanitize_state open[] = {SD0_IDLE, SD1_FROZEN, SD4_SUCCEEDED};
    const struct ata_sanitize busy = in_state(SD2_IN_OPERATION, false);
    const struct ata_sanitize failed = in_state(SD3_FAILED, true);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct ata_registers_in in = {
            .command = rows[i].command, .features = rows[i].features, .lba = rows[i].lba};
        assert_int_equal(ata_sanitize_permits(&busy, &in), rows[i].permitted);
        assert_int_equal(ata_sanitize_permits(&failed, &in), rows[i].permitted);
        for (size_t j = 0; j < COUNT_OF(open); j++) {
            const struct ata_sanitize s = in_state(open[j], false);
            assert_true(ata_sanitize_permits(&s, &in));
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_operations_begin_from_idle_failed_and_succeeded),
    cmocka_unit_test(test_operations_abort_when_frozen_or_in_operation),
    cmocka_unit_test(test_signatures_are_checked),
    cmocka_unit_test(test_unsupported_features_abort_with_their_reason),
    cmocka_unit_test(test_failure_mode_decides_the_way_out),
    cmocka_unit_test(test_ends_of_an_operation),
    cmocka_unit_test(test_freeze_and_antifreeze),
    cmocka_unit_test(test_resets),
    cmocka_unit_test(test_overwrite_parameters),
    cmocka_unit_test(test_what_is_let_through),
};

TEST_MAIN(tests)
