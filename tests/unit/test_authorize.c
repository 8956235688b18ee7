/* What an order, and what a person, authorizes on a scan. */
#include "quietus/json.h"
#include "quietus/order_make.h"

#include "order_setup.h"
#include "test.h"

#include <errno.h>

static void test_authorized_disks(void **state) {
    (void)state;
    struct setup setup;
    setup_begin(&setup);
    setup_authorize(&setup, order_document());
    assert_int_equal(setup.error, 0);
    expect_decision(&setup, 0, true, 0);
    expect_decision(&setup, 1, true, 0);
    expect_decision(&setup, 2, false, DISPOSITION_EXCLUDED);
    const json_t *authority = warrant_authority(setup.authorization.decisions[0].warrant);
    assert_string_equal(json_text(authority, "holds"), "not-checked");
    assert_string_equal(json_text(authority, "content"), "as in the order");
    authority = warrant_authority(setup.authorization.decisions[1].warrant);
    assert_string_equal(json_text(authority, "content"), "not-checked");
    assert_int_equal(json_array_size(setup.authorization.absent), 0);
    setup_end(&setup);
}

static void test_unknown_disk_refuses_the_server(void **state) {
    (void)state;
    struct setup setup;
    setup_begin(&setup);
    setup_add_disk(&setup, "DISK-NEW", NULL);
    setup_authorize(&setup, order_document());
    expect_decision(&setup, 0, false, DISPOSITION_REFUSED);
    expect_decision(&setup, 1, false, DISPOSITION_REFUSED);
    expect_decision(&setup, 3, false, DISPOSITION_EXCLUDED);
    setup_end(&setup);
    setup_begin(&setup);
    setup_add_disk(&setup, "DISK-NEW", NULL);
    json_t *document = order_document();
    json_put_text(document, "unknown_disks", "leave");
    setup_authorize(&setup, document);
    expect_decision(&setup, 0, true, 0);
    expect_decision(&setup, 3, false, DISPOSITION_EXCLUDED);
    setup_end(&setup);
}

static void test_content_that_differs(void **state) {
    (void)state;
    struct setup setup;
    setup_begin(&setup);
    json_array_clear(setup.scan.disks[0]->content_ids);
    json_add_text(setup.scan.disks[0]->content_ids, "disk gpt Y");
    setup_authorize(&setup, order_document());
    expect_decision(&setup, 0, false, DISPOSITION_REFUSED);
    expect_decision(&setup, 1, true, 0);
    setup_end(&setup);
}

/* Empty because nothing could be read is not empty. */
static void test_content_that_could_not_be_read(void **state) {
    (void)state;
    struct setup setup;
    setup_begin(&setup);
    json_t *document = order_document();
    json_object_set_new(json_array_get(json_object_get(document, "disks"), 0), "content",
                        json_array());
    json_array_clear(setup.scan.disks[0]->content_ids);
    setup.scan.disks[0]->content_known = false;
    setup.scan.disks[1]->content_known = false;
    setup_authorize(&setup, document);
    expect_decision(&setup, 0, false, DISPOSITION_REFUSED);
    expect_decision(&setup, 1, true, 0); /* the order says that it does not compare */
    /* And no order is made from an inventory in which it could not be read. */
    struct reason reason = {""};
    json_t *inventory = scan_json(&setup.scan);
    json_t *description = json_loads("{\"disks\":\"all\",\"holds\":\"not-checked\"}", 0, NULL);
    assert_null(order_make(description, inventory, &reason));
    assert_non_null(strstr(reason.text, "content"));
    json_decref(description);
    json_decref(inventory);
    setup_end(&setup);
}

static void test_boot_medium_and_use(void **state) {
    (void)state;
    struct setup setup;
    setup_begin(&setup);
    setup.scan.disks[0]->boot_medium = true;
    setup.scan.disks[1]->in_use = true;
    setup_authorize(&setup, order_document());
    expect_decision(&setup, 0, false,
                    DISPOSITION_REFUSED); /* the order wanted it: that is a refusal */
    expect_decision(&setup, 1, false, DISPOSITION_REFUSED);
    setup_end(&setup);
    setup_begin(&setup);
    setup_add_disk(&setup, "STICK", NULL)->boot_medium = true;
    setup_authorize(&setup, order_document());
    expect_decision(&setup, 0, true, 0); /* the stick is no unknown disk */
    expect_decision(&setup, 3, false, DISPOSITION_EXCLUDED);
    setup_end(&setup);
}

static void test_disks_with_one_name(void **state) {
    (void)state;
    struct setup setup;
    setup_begin(&setup);
    setup_add_disk(&setup, "DISK-A", "disk gpt X");
    setup_authorize(&setup, order_document());
    expect_decision(&setup, 0, false, DISPOSITION_REFUSED);
    expect_decision(&setup, 3, false, DISPOSITION_REFUSED);
    setup_end(&setup);
    /* Entries that could mean the same disk. */
    setup_begin(&setup);
    json_t *document = order_document();
    json_array_append_new(
        json_object_get(document, "disks"),
        json_loads("{\"serial\":\"DISK-B\",\"content\":\"not-checked\"}", 0, NULL));
    setup_authorize(&setup, document);
    expect_decision(&setup, 1, false, DISPOSITION_REFUSED);
    setup_end(&setup);
}

static void test_absent_and_capacity(void **state) {
    (void)state;
    struct setup setup;
    setup_begin(&setup);
    json_t *document = order_document();
    json_t *disks = json_object_get(document, "disks");
    json_object_set_new(json_array_get(disks, 1), "capacity", json_integer(2000));
    json_put_text(document, "unknown_disks", "leave");
    setup_authorize(&setup, document);
    /* A disk of another capacity is another disk, and the one that was meant is absent. */
    expect_decision(&setup, 1, false, DISPOSITION_EXCLUDED);
    assert_int_equal(json_array_size(setup.authorization.absent), 1);
    assert_int_equal(json_array_size(setup.authorization.absent_retained), 0);
    setup_end(&setup);
}

/* Disks to retain are expected too; and an order that may not be acted on has expected its disks.
 */
static void test_absent_whatever_the_order(void **state) {
    (void)state;
    static const char *const expires[] = {"2026-11-23T12:00:00Z", "2026-11-22T12:00:30Z"};
    for (size_t i = 0; i < COUNT_OF(expires); i++) {
        struct setup setup;
        setup_begin(&setup);
        text_copy(setup.scan.disks[0]->identity.serial, TEXT_FIELD_SIZE, "DISK-OTHER");
        text_copy(setup.scan.disks[2]->identity.serial, TEXT_FIELD_SIZE, "DISK-ANOTHER");
        json_t *document = order_document();
        json_put_text(document, "expires", expires[i]);
        setup_authorize(&setup, document);
        assert_int_equal(setup.error, i == 0 ? 0 : -ETIME);
        assert_int_equal(json_array_size(setup.authorization.absent), 1);
        assert_string_equal(json_text(json_array_get(setup.authorization.absent, 0), "serial"),
                            "DISK-A");
        assert_int_equal(json_array_size(setup.authorization.absent_retained), 1);
        setup_end(&setup);
    }
}

/* Only an entry that names one reaches it, and nothing but its serial number or WWN is a name. */
static void test_disks_of_a_network_are_left_alone(void **state) {
    (void)state;
    struct setup setup;
    setup_begin(&setup);
    setup.scan.disks[1]->bus = BUS_ISCSI;
    setup_add_disk(&setup, "LUN-9", NULL)->bus = BUS_FIBRE_CHANNEL;
    struct disk *medium = setup_add_disk(&setup, "AAAABBBBCCCC3", NULL);
    medium->bus = BUS_USB;
    medium->virtual_medium = true;
    setup_authorize(&setup, order_document());
    expect_decision(&setup, 0, true,
                    0); /* neither is a disk of this server, so they are not unknown */
    expect_decision(&setup, 1, true, 0); /* DISK-B is named by its serial number */
    assert_string_not_equal(
        json_text(warrant_authority(setup.authorization.decisions[1].warrant), "not_local"), "");
    expect_decision(&setup, 3, false, DISPOSITION_EXCLUDED);
    expect_decision(&setup, 4, false, DISPOSITION_EXCLUDED);
    assert_non_null(strstr(setup.authorization.decisions[4].reason.text, "BMC"));
    setup_end(&setup);
}

/* What a RAID controller shows for commands alone may be a part of a volume. */
static void test_hidden_members_are_refused(void **state) {
    (void)state;
    struct setup setup;
    setup_begin(&setup);
    setup.scan.disks[0]->hidden_member = true;
    setup_authorize(&setup, order_document());
    expect_decision(&setup, 0, false, DISPOSITION_REFUSED);
    expect_decision(&setup, 1, true, 0);
    setup_end(&setup);
}

static void test_wrong_server_or_time_refuses_everything(void **state) {
    (void)state;
    struct setup setup;
    setup_begin(&setup);
    text_copy(setup.scan.server.serial, SERVER_FIELD_SIZE, "QT-SRV-9999");
    setup_authorize(&setup, order_document());
    assert_int_equal(setup.error, -EXDEV);
    for (size_t i = 0; i < 3; i++)
        expect_decision(&setup, i, false, DISPOSITION_REFUSED);
    setup_end(&setup);
    setup_begin(&setup);
    json_t *document = order_document();
    json_put_text(document, "expires", "2026-11-22T12:00:30Z");
    setup_authorize(&setup, document);
    assert_int_equal(setup.error, -ETIME);
    for (size_t i = 0; i < 3; i++)
        expect_decision(&setup, i, false, DISPOSITION_REFUSED);
    setup_end(&setup);
}

static char *answer_right(void *user, const struct disk *disk, const char *expected) {
    (void)user;
    (void)disk;
    return strdup(expected);
}

static char *answer_yes(void *user, const struct disk *disk, const char *expected) {
    (void)user;
    (void)disk;
    (void)expected;
    return strdup("yes");
}

static char *answer_nothing(void *user, const struct disk *disk, const char *expected) {
    (void)user;
    (void)disk;
    (void)expected;
    return NULL;
}

static void test_operator(void **state) {
    (void)state;
    static char first[] = "/dev/sda";
    static char second[] = "/dev/sdb";
    static char partition[] = "/dev/sda1";
    static char *const nodes[] = {first, second};
    static char *const wrong[] = {first, partition};
    struct reason reason = {""};
    struct setup setup;
    struct operator_request request = {
        .nodes = nodes, .node_count = 2, .name = "Eva", .ticket = "T-1", .confirm = answer_right};
    setup_begin(&setup);
    setup.scan.disks[1]->in_use = true;
    assert_int_equal(authorize_by_operator(&request, &setup.scan, &setup.authorization, &reason),
                     0);
    expect_decision(&setup, 0, true, 0);
    expect_decision(&setup, 1, false, DISPOSITION_REFUSED);
    expect_decision(&setup, 2, false, DISPOSITION_EXCLUDED);
    authorization_free(&setup.authorization);
    request.confirm = answer_yes;
    assert_int_equal(authorize_by_operator(&request, &setup.scan, &setup.authorization, &reason),
                     0);
    expect_decision(&setup, 0, false, DISPOSITION_REFUSED);
    authorization_free(&setup.authorization);
    request.confirm = answer_nothing;
    assert_int_equal(authorize_by_operator(&request, &setup.scan, &setup.authorization, &reason),
                     0);
    expect_decision(&setup, 0, false, DISPOSITION_REFUSED);
    authorization_free(&setup.authorization);
    request.confirm = answer_right;
    setup.scan.disks[0]->hidden_member = true;
    assert_int_equal(authorize_by_operator(&request, &setup.scan, &setup.authorization, &reason),
                     0);
    expect_decision(&setup, 0, false, DISPOSITION_REFUSED);
    assert_non_null(strstr(setup.authorization.decisions[0].reason.text, "JBOD"));
    authorization_free(&setup.authorization);
    setup.scan.disks[0]->hidden_member = false; /* and a person's word is no order */
    setup.scan.disks[0]->bus = BUS_NVME_FABRICS;
    assert_int_equal(authorize_by_operator(&request, &setup.scan, &setup.authorization, &reason),
                     0);
    expect_decision(&setup, 0, false, DISPOSITION_REFUSED);
    assert_non_null(strstr(setup.authorization.decisions[0].reason.text, "only an order"));
    authorization_free(&setup.authorization);
    request.nodes = wrong;
    setup.authorization = (struct authorization){0};
    assert_int_equal(authorize_by_operator(&request, &setup.scan, &setup.authorization, &reason),
                     -ENODEV);
    setup_end(&setup);
}

static char *answer_all(void *user, const struct disk *const *disks, size_t count,
                        const char *expected) {
    (void)disks;
    assert_int_equal(count, 2);
    assert_string_equal(expected, "two");
    return strdup(user);
}

/* Several at once: every one was shown, and their number is what confirms them. */
static void test_operator_several(void **state) {
    (void)state;
    static char first[] = "/dev/sda";
    static char second[] = "/dev/sdb";
    static char *const nodes[] = {first, second};
    static char wrong[] = "A";
    static char right[] = "two";
    struct reason reason = {""};
    struct setup setup;
    struct operator_request request = {.nodes = nodes,
                                       .node_count = 2,
                                       .name = "Eva",
                                       .ticket = "T-1",
                                       .confirm = answer_nothing,
                                       .confirm_all = answer_all,
                                       .user = wrong};
    setup_begin(&setup);
    assert_int_equal(authorize_by_operator(&request, &setup.scan, &setup.authorization, &reason),
                     0);
    expect_decision(&setup, 0, false, DISPOSITION_REFUSED);
    expect_decision(&setup, 1, false, DISPOSITION_REFUSED);
    authorization_free(&setup.authorization);
    request.user = right;
    assert_int_equal(authorize_by_operator(&request, &setup.scan, &setup.authorization, &reason),
                     0);
    expect_decision(&setup, 0, true, 0);
    expect_decision(&setup, 1, true, 0);
    expect_decision(&setup, 2, false, DISPOSITION_EXCLUDED);
    const json_t *authority = warrant_authority(setup.authorization.decisions[1].warrant);
    assert_string_equal(json_text(authority, "confirmed_by_typing"), "two");
    assert_int_equal(json_array_size(json_object_get(authority, "disks_shown")), 2);
    authorization_free(&setup.authorization);
    /* One alone is confirmed by its serial number. */
    setup.scan.disks[1]->in_use = true;
    request.confirm = answer_right;
    assert_int_equal(authorize_by_operator(&request, &setup.scan, &setup.authorization, &reason),
                     0);
    expect_decision(&setup, 0, true, 0);
    expect_decision(&setup, 1, false, DISPOSITION_REFUSED);
    setup_end(&setup);
}

static const struct CMUnitTest tests[] = {
    TEST(test_authorized_disks),
    TEST(test_unknown_disk_refuses_the_server),
    TEST(test_content_that_differs),
    TEST(test_content_that_could_not_be_read),
    TEST(test_boot_medium_and_use),
    TEST(test_disks_with_one_name),
    TEST(test_absent_and_capacity),
    TEST(test_absent_whatever_the_order),
    TEST(test_disks_of_a_network_are_left_alone),
    TEST(test_hidden_members_are_refused),
    TEST(test_wrong_server_or_time_refuses_everything),
    TEST(test_operator),
    TEST(test_operator_several),
};

TEST_MAIN(tests)
