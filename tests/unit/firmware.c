#include "firmware.h"

#include "test.h"

struct firmware firmware;

void firmware_say(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    assert_true(firmware.count < FIRMWARE_SENT);
    (void)vsnprintf(firmware.sent[firmware.count++], sizeof *firmware.sent, format, arguments);
    va_end(arguments);
}

void firmware_begin(struct fake_disk *fake) {
    if (firmware.fault.ignores)
        return;
    firmware.left = firmware.polls_at_work;
    firmware.state = FIRMWARE_AT_WORK;
    if (!firmware.fault.keeps_data && !firmware.fault.fails)
        fake_disk_erase(fake);
}

enum firmware_state firmware_asked(void) {
    if (firmware.state == FIRMWARE_AT_WORK && !firmware.fault.stuck) {
        if (firmware.left == 0)
            firmware.state = firmware.fault.fails ? FIRMWARE_FAILED : FIRMWARE_DONE;
        else
            firmware.left--;
    }
    return firmware.state;
}

void firmware_make(struct erase *erase, enum command_set commands, const char *method) {
    erase_make(erase, commands, 4);
    still_clock();
    firmware = (struct firmware){.polls_at_work = 3};
    erase->policy.fallback = false;
    if (method)
        erase_only(erase, method);
}

static void check_sent(const struct firmware_bytes *expected) {
    unsigned count = 0;
    while (count < COUNT_OF(expected->sent) && expected->sent[count])
        count++;
    assert_int_equal(firmware.count, count);
    for (unsigned i = 0; i < count; i++)
        assert_string_equal(firmware.sent[i], expected->sent[i]);
}

void firmware_check_bytes(firmware_prepare prepare, const struct firmware_bytes *cases,
                          size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct erase erase;
        prepare(&erase, cases[i].method);
        erase_go(&erase);
        check_sent(&cases[i]);
        assert_int_equal(firmware_facts(&erase)->binding, BINDING_SEEN_AT_WORK);
        erase_end(&erase, DISPOSITION_ERASED);
    }
}

void firmware_check_ends(firmware_prepare prepare, const struct firmware_end *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct erase erase;
        prepare(&erase, cases[i].method);
        firmware.fault = cases[i].fault;
        erase_go(&erase);
        if (cases[i].because && !strstr(erase.reason.text, cases[i].because))
            fail_msg("%s, case %zu: '%s', not '%s'", cases[i].method, i, erase.reason.text,
                     cases[i].because);
        erase_end(&erase, cases[i].expected);
    }
}

const struct erase_facts *firmware_facts(const struct erase *erase) {
    assert_true(erase->run->attempt_count > 0);
    return &erase->run->attempts[erase->run->attempt_count - 1].facts;
}
