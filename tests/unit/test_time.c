/* NTP's answers, whom of several sources to believe, and what that means for an order. */
#include "quietus/clock.h"
#include "quietus/http.h"
#include "quietus/json.h"
#include "quietus/order.h"
#include "quietus/sntp.h"
#include "quietus/timekeeping.h"

#include "test.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

static const uint64_t cookie = 0x1122334455667788;

/* A server's answer, put together from the figure in RFC 5905, section 7.3. */
static void make_answer(uint8_t p[SNTP_PACKET_SIZE], uint32_t seconds) {
    memset(p, 0, SNTP_PACKET_SIZE);
    p[0] = 0x24; /* no leap, version 4, server */
    p[1] = 2;
    put_be32(p + 4, 0x8000);  /* root delay 0.5 s */
    put_be32(p + 8, 0x10000); /* root dispersion 1 s */
    put_be64(p + 24, cookie);
    put_be32(p + 32, seconds);
    put_be32(p + 40, seconds);
    put_be32(p + 44, 0x80000000); /* half a second later */
}

static int decode(const uint8_t *p, size_t length, struct sntp_answer *out) {
    return sntp_decode((struct bytes){p, length}, cookie, out);
}

static void test_answer(void **state) {
    (void)state;
    uint8_t p[SNTP_PACKET_SIZE];
    struct sntp_answer answer;
    /* 2026-11-23T00:00:00Z is 1795392000, 4004380800 since 1900. */
    make_answer(p, 4004380800U);
    assert_int_equal(decode(p, sizeof p, &answer), 0);
    assert_int_equal(answer.stratum, 2);
    assert_int_equal(answer.received_ms, INT64_C(1795392000000));
    assert_int_equal(answer.sent_ms, INT64_C(1795392000500));
    assert_int_equal(answer.error_ms, 1250);
    /* RFC 4330, section 3: 0 is 2036-02-07T06:28:16Z; here a second later. */
    make_answer(p, 1);
    assert_int_equal(decode(p, sizeof p, &answer), 0);
    assert_int_equal(answer.received_ms, INT64_C(2085978497000));
}

static void test_no_answer(void **state) {
    (void)state;
    uint8_t p[SNTP_PACKET_SIZE];
    struct sntp_answer answer;
    make_answer(p, 4004380800U);
    assert_int_equal(decode(p, sizeof p - 1, &answer), -EINVAL);
    p[31] ^= 1; /* to another question */
    assert_int_equal(decode(p, sizeof p, &answer), -EINVAL);
    make_answer(p, 4004380800U);
    p[0] = 0x23; /* a question, thrown back */
    assert_int_equal(decode(p, sizeof p, &answer), -EINVAL);
    make_answer(p, 4004380800U);
    p[1] = 0; /* "kiss of death" */
    assert_int_equal(decode(p, sizeof p, &answer), -EAGAIN);
    p[1] = 16; /* not synchronised */
    assert_int_equal(decode(p, sizeof p, &answer), -EAGAIN);
    make_answer(p, 4004380800U);
    p[0] |= 0xc0; /* does not know the time */
    assert_int_equal(decode(p, sizeof p, &answer), -EAGAIN);
    sntp_question(p, cookie);
    assert_int_equal(p[0], 0x23);
    assert_int_equal(get_be64(p + 40), cookie);
}

static void test_date_header(void **state) {
    (void)state;
    static const struct {
        const char *line;
        int64_t seconds; /* -1: none */
    } cases[] = {
        {"Date: Sun, 22 Nov 2026 14:23:00 GMT\r\n", 1795357380},
        {"dAtE:Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
        {"Date: Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Date: Sat, 01 Jan 10000 00:00:00 GMT", -1},
        {"Date: 01 Jan 99999999 00:00:00 GMT", -1},
        {"Date: 01 Jan 2147483647 00:00:00 GMT", -1},
        {"Date: Wed, 31 Dec 1969 23:59:58 GMT", -1},
        {"Date: yesterday", -1},
        {"Date:", -1},
        {"Dat", -1},
        {"Expires: Sun, 22 Nov 2026 14:23:00 GMT", -1},
        {"Date: Sun, 22 Nov 2026 14:23:00 GMT, and much that belongs to no date at all", -1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t seconds = -1;
        if (http_date_of_header(cases[i].line, strlen(cases[i].line), &seconds) !=
                (cases[i].seconds >= 0) ||
            (cases[i].seconds >= 0 && seconds != cases[i].seconds))
            fail_msg("%s: %" PRId64, cases[i].line, seconds);
    }
}

static struct time_reading reading(const char *source, bool authenticated, int64_t ahead_ms) {
    struct time_reading out = {
        .authenticated = authenticated, .ahead_ms = ahead_ms, .error_ms = 10};
    text_copy(out.source, sizeof out.source, source);
    return out;
}

static void test_whom_to_believe(void **state) {
    (void)state;
    struct time_reading readings[] = {
        reading("NTP server a", false, 0),
        reading("NTP server b", false, -7600),
        reading("Date of http://c", false, 3000),
        reading("Date of https://d", true, 9400),
    };
    text_copy(readings[0].problem, sizeof readings[0].problem, "no answer");
    assert_true(time_take(readings, 4));
    assert_string_equal(time_chosen()->source, "Date of https://d");
    assert_int_equal(clock_correction(), 9);
    assert_true(time_take(readings, 3));
    assert_string_equal(time_chosen()->source, "NTP server b");
    assert_int_equal(clock_correction(), -8);
    json_t *json = time_json();
    assert_string_equal(json_text(json, "source"), "NTP server b");
    assert_false(json_flag(json, "authenticated"));
    assert_int_equal(json_integer_value(json_object_get(json, "machine_clock_corrected_seconds")),
                     -8);
    const json_t *asked = json_object_get(json, "asked");
    assert_int_equal(json_array_size(asked), 3);
    assert_string_equal(json_text(json_array_get(asked, 0), "problem"), "no answer");
    json_decref(json);
    assert_false(time_take(readings, 1));
    assert_null(time_chosen());
    assert_int_equal(clock_correction(), 0);
    json = time_json();
    assert_string_equal(json_text(json, "source"), "this machine's clock");
    assert_null(json_object_get(json, "authenticated"));
    json_decref(json);
}

/* An order that is valid from 1000 to 2000. now is the corrected time, behind what the machine's
 * clock is. */
static int judge(int64_t now, int64_t machine, bool authenticated, struct reason *doubt,
                 struct reason *reason) {
    const struct order order = {.not_before = 1000, .expires = 2000};
    const struct time_reading told = reading("NTP server n", authenticated, (now - machine) * 1000);
    assert_true(time_take(&told, 1));
    const int error = order_judge_time(&order, now, doubt, reason);
    (void)time_take(NULL, 0);
    return error;
}

static void test_orders_time(void **state) {
    (void)state;
    struct reason doubt;
    struct reason reason = {""};
    assert_int_equal(judge(1500, 1400, false, &doubt, &reason), 0);
    assert_string_equal(doubt.text, "");
    /* A clock that lost its battery: good, and told. */
    assert_int_equal(judge(1500, 10, false, &doubt, &reason), 0);
    assert_non_null(strstr(doubt.text, "NTP server n"));
    assert_non_null(strstr(doubt.text, "1970-01-01T00:00:10Z"));
    /* Nobody who answers for nothing brings an order back to life. */
    assert_int_equal(judge(1500, 2000, false, &doubt, &reason), -ETIME);
    assert_non_null(strstr(reason.text, "expired by this machine's clock"));
    /* Who answers for it may, and the certificates say so. */
    assert_int_equal(judge(1500, 2000, true, &doubt, &reason), 0);
    assert_non_null(strstr(doubt.text, "has expired"));
    assert_non_null(strstr(doubt.text, "1970-01-01T00:33:20Z"));
    assert_int_equal(judge(1500, 10, true, &doubt, &reason), 0);
    assert_string_equal(doubt.text, "");
    /* Expired is expired, whoever says so. */
    assert_int_equal(judge(2000, 1500, false, &doubt, &reason), -ETIME);
    assert_int_equal(judge(2000, 1500, true, &doubt, &reason), -ETIME);
    assert_int_equal(judge(999, 1500, false, &doubt, &reason), -ETIME);
}

/* Every document has the source: not what a URL has of a user and a password. Nobody is there. */
static void test_no_password_in_documents(void **state) {
    (void)state;
    assert_false(time_learn(&(struct time_sources){"", NULL, "http://me:secret@127.0.0.1:1/a@b"}));
    json_t *json = time_json();
    const json_t *asked = json_array_get(json_object_get(json, "asked"), 0);
    assert_string_equal(json_text(asked, "source"), "Date of http://127.0.0.1:1");
    assert_null(strstr(json_text(asked, "problem"), "secret"));
    json_decref(json);
    (void)time_take(NULL, 0);
}

/* The cards of a server name the same one, in DHCP's own words, and so may whoever gives an order.
 */
static void test_a_server_is_asked_once(void **state) {
    (void)state;
    char path[] = "/tmp/quietus-ntp-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    const char of_dhcp[] = "127.0.0.2\nLOCALHOST\n127.0.0.3\n127.0.0.2\n";
    assert_int_equal(write(fd, of_dhcp, sizeof of_dhcp - 1), sizeof of_dhcp - 1);
    assert_int_equal(close(fd), 0);
    (void)time_learn(&(struct time_sources){"localhost,, 127.0.0.2", path, ""});
    assert_int_equal(unlink(path), 0);
    json_t *json = time_json();
    const json_t *asked = json_object_get(json, "asked");
    const char *expected[] = {"NTP server localhost", "NTP server 127.0.0.2",
                              "NTP server 127.0.0.3"};
    assert_int_equal(json_array_size(asked), 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(json_text(json_array_get(asked, i), "source"), expected[i]);
    json_decref(json);
    (void)time_take(NULL, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_answer),
    cmocka_unit_test(test_no_answer),
    cmocka_unit_test(test_date_header),
    cmocka_unit_test(test_whom_to_believe),
    cmocka_unit_test(test_orders_time),
    cmocka_unit_test(test_no_password_in_documents),
    cmocka_unit_test(test_a_server_is_asked_once),
};
TEST_MAIN(tests)
