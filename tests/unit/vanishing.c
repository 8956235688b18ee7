#include "vanishing.h"

#include "quietus/clock.h"
#include "quietus/json.h"

#include "test.h"

static int64_t fast_ms;

int64_t fast_clock(void) {
    return fast_ms += 500;
}

void fast_wait(int64_t milliseconds) {
    fast_ms += milliseconds;
}

void vanishing_make(struct erase *erase, enum command_set commands, unsigned mebibytes,
                    const char *passes) {
    static const struct clock_source fast = {fast_clock, fast_wait};
    struct reason reason;
    erase_make(erase, commands, mebibytes);
    erase_only(erase, "overwrite");
    assert_int_equal(passes_parse(passes, &erase->policy.passes, &reason), 0);
    assert_int_equal(verify_level_parse("1%", &erase->policy.verify, &reason), 0);
    clock_use(&fast);
    fake_disk_cache_writes(&erase->fake);
    erase->fake.loses_cache = true;
}

json_t *vanishing_passes(const struct erase *erase) {
    size_t i;
    json_t *entry;
    json_t *list = json_new_array();
    json_t *evidence = evidence_list(erase->run->evidence);
    json_array_foreach(evidence, i, entry) {
        if (strcmp(json_text(entry, "kind"), "overwrite-pass") == 0)
            json_add(list, json_deep_copy(entry));
    }
    json_decref(evidence);
    return list;
}

bool was_all_read(const struct erase *erase) {
    return json_flag(erase->run->attempts[0].verification, "every_unit");
}

bool has_exception(const struct erase *erase, const char *part) {
    size_t i;
    json_t *entry;
    json_array_foreach(erase->run->attempts[0].exceptions, i, entry) {
        if (strstr(json_string_value(entry), part))
            return true;
    }
    return false;
}

void assert_went_on(const struct erase *erase, unsigned times) {
    char text[64];
    json_t *passes = vanishing_passes(erase);
    uint64_t flushed = 0;
    unsigned parts = 0;
    for (size_t i = 0; i < json_array_size(passes); i++) {
        const json_t *pass = json_array_get(passes, i);
        assert_int_equal(json_count(pass, "taken_up_at"), flushed);
        const bool is_part = strcmp(json_text(pass, "result"), "gone through") != 0 ||
                             json_count(pass, "bad_lbas") > 0;
        flushed = is_part ? json_count(pass, "flushed_below") : 0;
        parts += is_part;
        (void)snprintf(text, sizeof text, "went on at byte %llu,", (unsigned long long)flushed);
        assert_true(!is_part || has_exception(erase, text));
    }
    json_decref(passes);
    assert_int_equal(parts, times);
    assert_true(was_all_read(erase));
    assert_true(has_exception(erase, "came back as /dev/again0"));
    assert_false(has_exception(erase, "Success"));
    assert_false(has_exception(erase, "no error"));
}
