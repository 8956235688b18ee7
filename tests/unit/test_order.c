/* Orders: form, signatures, time, server; and making them. */
#include "quietus/cleanup.h"
#include "quietus/clock.h"
#include "quietus/json.h"
#include "quietus/order_make.h"

#include "order_setup.h"
#include "test.h"

#include <errno.h>

static void open_good(struct order *out) {
    struct reason reason = {""};
    if (open_signed(order_document(), out, &reason) != 0)
        fail_msg("%s", reason.text);
}

static void test_good_order(void **state) {
    (void)state;
    struct order order;
    struct reason reason = {""};
    open_good(&order);
    assert_string_equal(order.id, "o-1");
    assert_string_equal(order.signers, "site");
    assert_int_equal(order_check_time(&order, NOON, &reason), 0);
    assert_int_equal(order_check_server(&order, &good_server, &reason), 0);
    order_free(&order);
}

static void test_time(void **state) {
    (void)state;
    struct order order;
    struct reason reason = {""};
    open_good(&order);
    assert_int_equal(order.not_before, NOON);
    assert_int_equal(order_check_time(&order, NOON - 1, &reason), -ETIME);
    assert_int_equal(order_check_time(&order, NOON + 86399, &reason), 0);
    assert_int_equal(order_check_time(&order, NOON + 86400, &reason), -ETIME);
    assert_non_null(strstr(reason.text, "expired"));
    order_free(&order);
}

static void test_unsigned_or_signed_by_others(void **state) {
    (void)state;
    struct order order;
    struct reason reason = {""};
    struct signing_key *stranger = signing_key_generate();
    AUTO_FREE char *envelope =
        envelope_make(envelope_type_order, good_order, strlen(good_order), stranger);
    assert_int_equal(order_open(envelope, strlen(envelope), &site_trust, &order, &reason), -EACCES);
    assert_int_equal(order_open(good_order, strlen(good_order), &site_trust, &order, &reason),
                     -EINVAL);
    const struct trust nobody = {0};
    AUTO_FREE char *ours =
        envelope_make(envelope_type_order, good_order, strlen(good_order), site_key);
    assert_int_equal(order_open(ours, strlen(ours), &nobody, &order, &reason), -EACCES);
    /* A certificate's signature is no order's: the type is signed too. */
    AUTO_FREE char *other_type =
        envelope_make(envelope_type_certificate, good_order, strlen(good_order), site_key);
    assert_int_equal(order_open(other_type, strlen(other_type), &site_trust, &order, &reason),
                     -EINVAL);
    signing_key_free(stranger);
}

/* What nobody has signed is not looked at: it gets into no message. */
static void test_unsigned_content_is_not_read(void **state) {
    (void)state;
    struct order order;
    struct reason reason = {""};
    struct signing_key *stranger = signing_key_generate();
    static const char *const payloads[] = {"{\"SECRETMARK\":1}", "{SECRETMARK"};
    static const char *const types[] = {"application/vnd.quietus.order+json", "SECRETMARK"};
    for (size_t i = 0; i < COUNT_OF(payloads) * COUNT_OF(types); i++) {
        const char *payload = payloads[i % 2];
        AUTO_FREE char *text = envelope_make(types[i / 2], payload, strlen(payload), stranger);
        assert_int_equal(order_open(text, strlen(text), &site_trust, &order, &reason), -EACCES);
        assert_null(strstr(reason.text, "SECRETMARK"));
    }
    signing_key_free(stranger);
}

/* Long names that a message cuts in the middle of a character: the refusal is a document all the
 * same. */
static void test_messages_about_cut_texts_are_documents(void **state) {
    (void)state;
    char name[64];
    struct order order;
    struct reason reason = {""};
    memset(name, 'a', 59);
    strcpy(name + 59, "\xc3\xa9");
    json_t *document = order_document();
    json_object_set_new(document, name, json_true());
    assert_int_equal(open_signed(document, &order, &reason), -EINVAL);
    json_t *object = json_new_object();
    json_put_text(object, "problem", reason.text);
    assert_non_null(strstr(json_text(object, "problem"), "aaa?"));
    json_decref(object);
}

static void test_altered(void **state) {
    (void)state;
    struct order order;
    struct reason reason = {""};
    struct envelope envelope;
    AUTO_FREE char *text =
        envelope_make(envelope_type_order, good_order, strlen(good_order), site_key);
    assert_int_equal(envelope_parse(text, strlen(text), &envelope, &reason), 0);
    char *serial = strstr(envelope.payload, "DISK-A");
    serial[5] = 'C';
    /* Another signature over the altered payload, by a key that nobody trusts, beside the good one.
     */
    struct signing_key *stranger = signing_key_generate();
    AUTO_FREE char *altered = envelope_sign(&envelope, stranger);
    assert_int_equal(order_open(altered, strlen(altered), &site_trust, &order, &reason), -EACCES);
    envelope_free(&envelope);
    signing_key_free(stranger);
}

/* Two approvals by different keys, one of them in a role. */
static void test_approvals(void **state) {
    (void)state;
    struct order order;
    struct reason reason = {""};
    struct signing_key *security = signing_key_generate();
    trust_add(&site_trust, signing_key_public(security), "eva", "security");
    trust_add(&site_trust, signing_key_public(site_key), "site-again", "operator");
    json_t *document = order_document();
    json_object_set_new(document, "approvals",
                        json_pack("{s:i,s:[s]}", "needed", 2, "roles", "security"));
    AUTO_FREE char *text = json_line(document);
    json_decref(document);
    AUTO_FREE char *one = envelope_make(envelope_type_order, text, strlen(text), site_key);
    /* One key under two names is one approval. */
    assert_int_equal(order_open(one, strlen(one), &site_trust, &order, &reason), -EACCES);
    struct envelope envelope;
    assert_int_equal(envelope_parse(one, strlen(one), &envelope, &reason), 0);
    AUTO_FREE char *twice = envelope_sign(&envelope, site_key);
    assert_int_equal(order_open(twice, strlen(twice), &site_trust, &order, &reason), -EACCES);
    AUTO_FREE char *both = envelope_sign(&envelope, security);
    envelope_free(&envelope);
    assert_int_equal(order_open(both, strlen(both), &site_trust, &order, &reason), 0);
    assert_non_null(strstr(order.signers, "eva as security"));
    order_free(&order);
    signing_key_free(security);
}

/* Each change makes the form bad: what is missing, what is wrong, and what nobody knows. */
static void test_form(void **state) {
    (void)state;
    static const struct {
        const char *key;
        const char *value; /* JSON; NULL removes the member */
    } changes[] = {
        {"schema", NULL},
        {"schema", "\"quietus.order/2\""},
        {"id", NULL},
        {"id", "\"\""},
        {"id", "7"},
        {"nonce", NULL},
        {"issued", "\"yesterday\""},
        {"not_before", NULL},
        {"expires", "\"2026-11-22T12:00:00Z\""},
        {"expires", "\"2026-11-21T12:00:00Z\""},
        {"server", NULL},
        {"server", "[]"},
        {"server", "{\"hostname\":\"x\"}"},
        {"server", "{\"macs\":[7]}"},
        {"disks", NULL},
        {"disks", "\"all\""},
        {"disks", "[{}]"},
        {"disks", "[{\"serial\":\"X\"}]"},
        {"disks", "[{\"serial\":\"X\",\"content\":\"whatever\"}]"},
        {"disks", "[{\"serial\":\"X\",\"content\":[1]}]"},
        {"disks", "[{\"serial\":\"\",\"content\":[]}]"},
        {"disks", "[{\"serial\":\"X\",\"content\":[],\"capacity\":\"4T\"}]"},
        {"disks", "[{\"serial\":\"X\",\"content\":[],\"slot\":4}]"},
        {"retain", "[{\"model\":\"X\"}]"},
        {"holds", NULL},
        {"holds", "\"checked\""},
        {"holds", "{\"register\":1}"},
        {"unknown_disks", "\"erase\""},
        {"policy", "{\"least_category\":\"destroy\"}"},
        {"policy", "{\"passes\":\"dod\"}"},
        {"policy", "{\"verify\":\"none\"}"},
        {"policy", "{\"methods\":[\"trim\"]}"},
        {"policy", "{\"speed\":\"fast\"}"},
        {"policy", "{\"clear_reservations\":\"yes\"}"},
        {"policy", "{\"sector_size\":520}"},
        {"policy", "{\"sector_size\":\"512\"}"},
        {"approvals", "{\"needed\":0}"},
        {"approvals", "{\"roles\":[\"a\"]}"},
        {"only_after", "\"the hearing\""},
    };
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        struct order order;
        struct reason reason = {""};
        json_t *document = order_document();
        json_object_del(document, changes[i].key);
        if (changes[i].value)
            json_object_set_new(document, changes[i].key,
                                json_loads(changes[i].value, JSON_DECODE_ANY, NULL));
        const int error = open_signed(document, &order, &reason);
        if (error != -EINVAL)
            fail_msg("%s = %s was accepted (%d)", changes[i].key,
                     changes[i].value ? changes[i].value : "(none)", error);
        assert_string_not_equal(reason.text, "");
    }
}

static int check_server(const char *server_json_text, const struct server *server) {
    struct order order;
    struct reason reason = {""};
    json_t *document = order_document();
    json_object_set_new(document, "server", json_loads(server_json_text, 0, NULL));
    assert_int_equal(open_signed(document, &order, &reason), 0);
    const int error = order_check_server(&order, server, &reason);
    order_free(&order);
    return error;
}

static void test_server_identity(void **state) {
    (void)state;
    static const char uuid[] = "6A1F3C52-9D0E-4B7A-8C11-0F5E2D7B9A01";
    char both[256];
    (void)snprintf(both, sizeof both, "{\"serial\":\"QT-SRV-0042\",\"uuid\":\"%s\"}", uuid);
    assert_int_equal(check_server(both, &good_server), 0); /* UUIDs have no case */
    static const char *const wrong[] = {
        "{}",
        "{\"serial\":\"QT-SRV-0042\"}", /* one factor is too few */
        "{\"serial\":\"QT-SRV-0043\",\"macs\":[\"52:54:00:00:00:01\"]}",
        "{\"serial\":\"QT-SRV-0042\",\"macs\":[\"52:54:00:00:00:09\"]}",
        "{\"serial\":\"QT-SRV-0042\",\"macs\":[\"52:54:00:00:00:01\",\"52:54:00:00:00:09\"]}",
        "{\"serial\":\"QT-SRV-0042\",\"board_serial\":\"B-8\"}",
        "{\"serial\":\"To be filled by O.E.M.\",\"board_serial\":\"B-7\"}", /* one that counts */
        "{\"macs\":[\"52:54:00:00:00:01\",\"52:54:00:00:00:02\"]}",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_int_equal(check_server(wrong[i], &good_server), -EXDEV);
    /* Placeholders on both sides are no agreement. */
    const struct server nobody = {.serial = "Default string",
                                  .uuid = "00000000-0000-0000-0000-000000000000"};
    assert_int_equal(check_server("{\"serial\":\"Default string\","
                                  "\"uuid\":\"00000000-0000-0000-0000-000000000000\"}",
                                  &nobody),
                     -EXDEV);
}

static void test_placeholders(void **state) {
    (void)state;
    static const char *const empty[] = {
        "",         "None",     "TO BE FILLED BY O.E.M.",
        "0",        "........", "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "0000-0000"};
    static const char *const real[] = {"QT-1", "0001", "CZ123", "Not"};
    for (size_t i = 0; i < COUNT_OF(empty); i++)
        assert_true(server_value_is_placeholder(empty[i]));
    for (size_t i = 0; i < COUNT_OF(real); i++)
        assert_false(server_value_is_placeholder(real[i]));
}

/* "all" is every disk of the server, not what a network or the BMC shows it. */
static void test_all_is_what_is_local(void **state) {
    (void)state;
    struct reason reason = {""};
    json_t *inventory =
        json_loads("{\"server\":{\"serial\":\"S-1\",\"board_serial\":\"B-1\"},\"disks\":["
                   "{\"serial\":\"A\",\"content_ids\":[],\"local\":true},"
                   "{\"serial\":\"LUN\",\"content_ids\":[],\"local\":false},"
                   "{\"serial\":\"OLD\",\"content_ids\":[]}]}",
                   0, NULL);
    json_t *description = json_loads("{\"disks\":\"all\",\"holds\":\"not-checked\"}", 0, NULL);
    json_t *order = order_make(description, inventory, &reason);
    if (!order)
        fail_msg("%s", reason.text);
    const json_t *disks = json_object_get(order, "disks");
    assert_int_equal(json_array_size(disks), 2);
    assert_string_equal(json_text(json_array_get(disks, 0), "serial"), "A");
    assert_string_equal(json_text(json_array_get(disks, 1), "serial"), "OLD");
    json_decref(order);
    json_decref(description);
    json_decref(inventory);
}

/* A short description and an inventory make an order that authorizes what was inventoried. */
static void test_order_from_an_inventory(void **state) {
    (void)state;
    struct reason reason = {""};
    struct setup setup;
    setup_begin(&setup);
    setup_add_disk(&setup, "STICK", NULL)->boot_medium = true;
    json_t *inventory = scan_json(&setup.scan);
    json_t *description = json_loads("{\"disks\":\"all\",\"holds\":\"not-checked\"}", 0, NULL);
    json_t *document = order_make(description, inventory, &reason);
    assert_non_null(document);
    assert_int_equal(json_array_size(json_object_get(document, "disks")), 3);
    setup_authorize(&setup, document);
    assert_int_equal(setup.error, -ETIME); /* made now, not in this test's time */
    assert_int_equal(order_check_time(&setup.order, clock_now(), &reason), 0);
    authorization_free(&setup.authorization);
    assert_int_equal(
        authorize_by_order(&setup.order, &setup.scan, clock_now(), &setup.authorization, &reason),
        0);
    for (size_t i = 0; i < 3; i++)
        expect_decision(&setup, i, true, 0);
    expect_decision(&setup, 3, false, DISPOSITION_EXCLUDED);
    json_decref(description);

    description =
        json_loads("{\"disks\":[\"DISK-A\",{\"node\":\"/dev/sdb\"}],\"retain\":[\"DISK-KEEP\"],"
                   "\"holds\":\"not-checked\",\"valid_hours\":2}",
                   0, NULL);
    document = order_make(description, inventory, &reason);
    assert_non_null(document);
    const json_t *disks = json_object_get(document, "disks");
    assert_string_equal(json_text(json_array_get(disks, 1), "serial"), "DISK-B");
    assert_int_equal(json_count(json_array_get(disks, 1), "capacity"), 1000);
    json_decref(document);
    json_decref(description);

    static const char *const bad[] = {
        "{\"disks\":[\"DISK-X\"],\"holds\":\"not-checked\"}",
        "{\"disks\":\"all\"}",
        "{\"disks\":\"some\",\"holds\":\"not-checked\"}",
        "[]",
        "{\"disks\":\"all\",\"holds\":\"not-checked\",\"valid_hours\":9223372036854775807}",
        "{\"disks\":\"all\",\"holds\":\"not-checked\",\"valid_hours\":-1}",
        "{\"disks\":\"all\",\"holds\":\"not-checked\",\"valid_hours\":\"2\"}",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        description = json_loads(bad[i], 0, NULL);
        assert_null(order_make(description, inventory, &reason));
        json_decref(description);
    }
    json_decref(inventory);
    setup_end(&setup);
}

static const struct CMUnitTest tests[] = {
    TEST(test_good_order),
    TEST(test_time),
    TEST(test_unsigned_or_signed_by_others),
    TEST(test_unsigned_content_is_not_read),
    TEST(test_messages_about_cut_texts_are_documents),
    TEST(test_altered),
    TEST(test_approvals),
    TEST(test_form),
    TEST(test_server_identity),
    TEST(test_placeholders),
    TEST(test_all_is_what_is_local),
    TEST(test_order_from_an_inventory),
};

TEST_MAIN(tests)
