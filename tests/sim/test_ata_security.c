/* The security table: each command in each state, the counter, the resets. */
#include "ata_security.h"
#include "test.h"

enum { MASTER = 1 << 0, ENHANCED = 1 << 1, MAXIMUM = 1 << 8 };

static const uint8_t *block_of(uint16_t flags, const char *password) {
    static uint8_t block[ATA_SECURITY_BLOCK_SIZE];
    memset(block, 0, sizeof block);
    block[0] = (uint8_t)flags;
    block[1] = (uint8_t)(flags >> 8);
    memcpy(block + 2, password, strlen(password));
    return block;
}

static const uint8_t *with_master_id(const uint8_t *block, uint16_t id) {
    ((uint8_t *)block)[34] = (uint8_t)id;
    ((uint8_t *)block)[35] = (uint8_t)(id >> 8);
    return block;
}

enum state { SEC1, SEC2, SEC4, SEC5, SEC6 };

/* User password "user", master password "master". */
static struct ata_security in_state(enum state state, bool maximum) {
    struct ata_security s;
    ata_security_make(&s);
    assert_true(ata_security_set_password(&s, block_of(MASTER, "master")));
    if (state >= SEC4)
        assert_true(ata_security_set_password(&s, block_of(maximum ? MAXIMUM : 0, "user")));
    if (state == SEC4)
        ata_security_power_on(&s);
    if (state == SEC2 || state == SEC6)
        assert_true(ata_security_freeze(&s));
    return s;
}

static enum state state_of(const struct ata_security *s) {
    if (s->locked) {
        assert_true(s->enabled && !s->frozen);
        return SEC4;
    }
    if (s->enabled)
        return s->frozen ? SEC6 : SEC5;
    return s->frozen ? SEC2 : SEC1;
}

enum command {
    SET_USER,
    SET_MASTER,
    UNLOCK,
    UNLOCK_WRONG,
    DISABLE,
    DISABLE_WRONG,
    ERASE,
    ERASE_WRONG,
    ERASE_UNPREPARED,
    PREPARE,
    FREEZE
};

static bool prepared_erase(struct ata_security *s, const uint8_t *block) {
    ata_security_prepare(s);
    ata_security_next_command(s, 0xf4);
    if (!ata_security_may_erase(s, block))
        return false;
    ata_security_erased(s);
    return true;
}

static bool send(struct ata_security *s, enum command command) {
    switch (command) {
    case SET_USER:
        return ata_security_set_password(s, block_of(0, "user"));
    case SET_MASTER:
        return ata_security_set_password(s, block_of(MASTER, "new master"));
    case UNLOCK:
        return ata_security_unlock(s, block_of(0, "user"));
    case UNLOCK_WRONG:
        return ata_security_unlock(s, block_of(0, "wrong"));
    case DISABLE:
        return ata_security_disable(s, block_of(0, "user"));
    case DISABLE_WRONG:
        return ata_security_disable(s, block_of(0, "wrong"));
    case ERASE:
        return prepared_erase(s, block_of(0, "user"));
    case ERASE_WRONG:
        return prepared_erase(s, block_of(0, "wrong"));
    case ERASE_UNPREPARED:
        return ata_security_may_erase(s, block_of(0, "user"));
    case PREPARE:
        return ata_security_prepare(s);
    case FREEZE:
        return ata_security_freeze(s);
    }
    return false;
}

static void test_table(void **state) {
    (void)state;
    static const struct {
        enum state from;
        enum command command;
        bool accepted;
        enum state to;
    } rows[] = {
        {SEC1, SET_USER, true, SEC5},
        {SEC1, SET_MASTER, true, SEC1},
        {SEC1, UNLOCK, false, SEC1},
        {SEC1, DISABLE, false, SEC1},
        {SEC1, ERASE, false, SEC1},
        {SEC1, PREPARE, true, SEC1},
        {SEC1, FREEZE, true, SEC2},
        {SEC2, SET_USER, false, SEC2},
        {SEC2, SET_MASTER, false, SEC2},
        {SEC2, UNLOCK, false, SEC2},
        {SEC2, DISABLE, false, SEC2},
        {SEC2, ERASE, false, SEC2},
        {SEC2, PREPARE, false, SEC2},
        {SEC2, FREEZE, true, SEC2},
        {SEC4, SET_USER, false, SEC4},
        {SEC4, SET_MASTER, false, SEC4},
        {SEC4, UNLOCK, true, SEC5},
        {SEC4, UNLOCK_WRONG, false, SEC4},
        {SEC4, DISABLE, false, SEC4},
        {SEC4, ERASE, true, SEC1},
        {SEC4, ERASE_WRONG, false, SEC4},
        {SEC4, ERASE_UNPREPARED, false, SEC4},
        {SEC4, PREPARE, true, SEC4},
        {SEC4, FREEZE, false, SEC4},
        {SEC5, SET_USER, true, SEC5},
        {SEC5, SET_MASTER, true, SEC5},
        {SEC5, UNLOCK, true, SEC5},
        {SEC5, UNLOCK_WRONG, false, SEC5},
        {SEC5, DISABLE, true, SEC1},
        {SEC5, DISABLE_WRONG, false, SEC5},
        {SEC5, ERASE, true, SEC1},
        {SEC5, ERASE_WRONG, false, SEC5},
        {SEC5, ERASE_UNPREPARED, false, SEC5},
        {SEC5, PREPARE, true, SEC5},
        {SEC5, FREEZE, true, SEC6},
        {SEC6, SET_USER, false, SEC6},
        {SEC6, SET_MASTER, false, SEC6},
        {SEC6, UNLOCK, false, SEC6},
        {SEC6, DISABLE, false, SEC6},
        {SEC6, ERASE, false, SEC6},
        {SEC6, PREPARE, false, SEC6},
        {SEC6, FREEZE, true, SEC6},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ata_security s = in_state(rows[i].from, false);
        assert_int_equal(state_of(&s), rows[i].from);
        if (send(&s, rows[i].command) != rows[i].accepted || state_of(&s) != rows[i].to)
            fail_msg("row %zu: state %d, command %d", i, rows[i].from, rows[i].command);
    }
}

static void test_power_cycle_and_hard_reset(void **state) {
    (void)state;
    static const struct {
        enum state from, after_power, after_hard, after_preserved;
    } rows[] = {
        {SEC1, SEC1, SEC1, SEC1}, {SEC2, SEC1, SEC1, SEC2}, {SEC4, SEC4, SEC4, SEC4},
        {SEC5, SEC4, SEC4, SEC5}, {SEC6, SEC4, SEC4, SEC6},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ata_security s = in_state(rows[i].from, false);
        ata_security_hard_reset(&s, true);
        assert_int_equal(state_of(&s), rows[i].after_preserved);
        ata_security_hard_reset(&s, false);
        assert_int_equal(state_of(&s), rows[i].after_hard);
        s = in_state(rows[i].from, false);
        ata_security_power_on(&s);
        assert_int_equal(state_of(&s), rows[i].after_power);
    }
}

static void test_prepare_is_good_for_the_next_command_only(void **state) {
    (void)state;
    struct ata_security s = in_state(SEC5, false);
    assert_true(ata_security_prepare(&s));
    ata_security_next_command(&s, 0xec);
    ata_security_next_command(&s, 0xf4);
    assert_false(ata_security_may_erase(&s, block_of(0, "user")));

    assert_true(ata_security_prepare(&s));
    ata_security_next_command(&s, 0xf4);
    assert_false(ata_security_may_erase(&s, block_of(0, "wrong")));
    assert_false(ata_security_may_erase(&s, block_of(0, "user"))); /* spent by the attempt */

    assert_true(ata_security_prepare(&s));
    ata_security_hard_reset(&s, true);
    assert_false(ata_security_may_erase(&s, block_of(0, "user")));
}

static void test_five_mismatches_expire_until_power_on(void **state) {
    (void)state;
    struct ata_security s = in_state(SEC4, false);
    for (int i = 0; i < 4; i++)
        assert_false(ata_security_unlock(&s, block_of(i % 2 ? MASTER : 0, "wrong")));
    assert_int_equal(ata_security_word(&s, false) & 0x10, 0);
    assert_false(ata_security_unlock(&s, block_of(0, "wrong")));
    assert_int_equal(ata_security_word(&s, false) & 0x10, 0x10);
    assert_false(ata_security_unlock(&s, block_of(0, "user")));
    assert_false(prepared_erase(&s, block_of(0, "user")));
    ata_security_hard_reset(&s, true);
    assert_false(ata_security_unlock(&s, block_of(0, "user")));
    ata_security_power_on(&s);
    assert_true(ata_security_unlock(&s, block_of(0, "user")));
}

static void test_an_unlocked_drive_does_not_count(void **state) {
    (void)state;
    struct ata_security s = in_state(SEC5, false);
    for (int i = 0; i < 10; i++)
        assert_false(ata_security_unlock(&s, block_of(0, "wrong")));
    assert_int_equal(ata_security_word(&s, false), 0x0003);
}

static void test_master_password_high_and_maximum(void **state) {
    (void)state;
    struct ata_security high = in_state(SEC4, false);
    assert_true(ata_security_unlock(&high, block_of(MASTER, "master")));
    assert_true(ata_security_disable(&high, block_of(MASTER, "master")));
    assert_int_equal(state_of(&high), SEC1);

    struct ata_security maximum = in_state(SEC4, true);
    assert_false(ata_security_unlock(&maximum, block_of(MASTER, "master")));
    assert_int_equal(maximum.attempts_left, ATA_SECURITY_ATTEMPTS);
    assert_true(ata_security_unlock(&maximum, block_of(0, "user")));
    assert_false(ata_security_disable(&maximum, block_of(MASTER, "master")));
    ata_security_power_on(&maximum);
    assert_true(prepared_erase(&maximum, block_of(MASTER, "master")));
    assert_int_equal(state_of(&maximum), SEC1);
}

static void test_erase_takes_the_user_password_and_leaves_the_master(void **state) {
    (void)state;
    struct ata_security s = in_state(SEC5, false);
    assert_true(
        ata_security_set_password(&s, with_master_id(block_of(MASTER, "second master"), 0x1234)));
    assert_true(prepared_erase(&s, block_of(ENHANCED, "user")));
    assert_int_equal(s.master_id, 0x1234);
    assert_true(ata_security_set_password(&s, block_of(0, "")));
    ata_security_power_on(&s);
    assert_false(ata_security_unlock(&s, block_of(0, "user")));
    assert_true(ata_security_unlock(&s, block_of(MASTER, "second master")));
}

static void test_disabled_drive_erases_for_the_master_only(void **state) {
    (void)state;
    struct ata_security s = in_state(SEC1, false);
    assert_false(prepared_erase(&s, block_of(0, ""))); /* not even for an empty user password */
    assert_true(prepared_erase(&s, block_of(MASTER, "master")));
}

static void test_master_identifier(void **state) {
    (void)state;
    struct ata_security s;
    ata_security_make(&s);
    assert_int_equal(s.master_id, 0xfffe);
    assert_true(ata_security_set_password(&s, with_master_id(block_of(MASTER, "m"), 7)));
    assert_int_equal(s.master_id, 7);
    assert_true(ata_security_set_password(&s, with_master_id(block_of(MASTER, "m"), 0)));
    assert_true(ata_security_set_password(&s, with_master_id(block_of(MASTER, "m"), 0xffff)));
    assert_int_equal(s.master_id, 7);
    assert_true(ata_security_set_password(&s, with_master_id(block_of(0, "u"), 9)));
    assert_int_equal(s.master_id, 7);
}

static void test_word_128(void **state) {
    (void)state;
    static const struct {
        enum state state;
        bool maximum, enhanced;
        uint16_t word;
    } rows[] = {
        {SEC1, false, false, 0x0001}, {SEC1, false, true, 0x0021},  {SEC2, false, true, 0x0029},
        {SEC4, false, true, 0x0027},  {SEC5, false, false, 0x0003}, {SEC5, true, true, 0x0123},
        {SEC6, true, false, 0x010b},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct ata_security s = in_state(rows[i].state, rows[i].maximum);
        assert_int_equal(ata_security_word(&s, rows[i].enhanced), rows[i].word);
    }
    assert_true(ata_security_erase_is_enhanced(block_of(ENHANCED, "")));
    assert_false(ata_security_erase_is_enhanced(block_of(MASTER | MAXIMUM, "")));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_table),
    cmocka_unit_test(test_power_cycle_and_hard_reset),
    cmocka_unit_test(test_prepare_is_good_for_the_next_command_only),
    cmocka_unit_test(test_five_mismatches_expire_until_power_on),
    cmocka_unit_test(test_an_unlocked_drive_does_not_count),
    cmocka_unit_test(test_master_password_high_and_maximum),
    cmocka_unit_test(test_erase_takes_the_user_password_and_leaves_the_master),
    cmocka_unit_test(test_disabled_drive_erases_for_the_master_only),
    cmocka_unit_test(test_master_identifier),
    cmocka_unit_test(test_word_128),
};

TEST_MAIN(tests)
