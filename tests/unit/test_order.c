/* Orders: form, signatures, time, server; making them; and what they authorize on a scan. */
#include "quietus/authorize.h"
#include "quietus/cleanup.h"
#include "quietus/clock.h"
#include "quietus/json.h"
#include "quietus/order_make.h"

#include "test.h"

#include <errno.h>

static struct signing_key *site_key;
static struct trust trust;

static int start(void **state) {
    (void)state;
    keys_start();
    site_key = signing_key_generate();
    trust_add(&trust, signing_key_public(site_key), "site", "");
    return 0;
}

static int stop(void **state) {
    (void)state;
    signing_key_free(site_key);
    site_key = NULL;
    trust_free(&trust);
    return 0;
}

static const struct server this_server = {
    .serial = "QT-SRV-0042",
    .uuid = "6a1f3c52-9d0e-4b7a-8c11-0f5e2d7b9a01",
    .board_serial = "B-7",
    .macs = {"52:54:00:00:00:01", "52:54:00:00:00:02"},
    .mac_count = 2,
};

static const char good_order[] =
    "{\"schema\":\"quietus.order/1\",\"id\":\"o-1\",\"nonce\":\"00\","
    "\"issued\":\"2026-11-22T12:00:00Z\",\"not_before\":\"2026-11-22T12:00:00Z\","
    "\"expires\":\"2026-11-23T12:00:00Z\","
    "\"server\":{\"serial\":\"QT-SRV-0042\",\"macs\":[\"52:54:00:00:00:02\"]},"
    "\"disks\":[{\"serial\":\"DISK-A\",\"content\":[\"disk gpt X\"]},"
    "{\"serial\":\"DISK-B\",\"content\":\"not-checked\"}],"
    "\"retain\":[{\"serial\":\"DISK-KEEP\"}],\"holds\":\"not-checked\"}";

static const int64_t noon = 1795348800; /* 2026-11-22T12:00:00Z */

static json_t *order_document(void) {
    struct reason reason = {""};
    json_t *document = json_parse(good_order, strlen(good_order), &reason);
    if (!document)
        fail_msg("%s", reason.text);
    return document;
}

/* Signs a document, which it takes over, and opens it. */
static int open_document(json_t *document, struct order *out, struct reason *reason) {
    AUTO_FREE char *text = json_line(document);
    AUTO_FREE char *envelope = envelope_make(envelope_type_order, text, strlen(text), site_key);
    json_decref(document);
    return order_open(envelope, strlen(envelope), &trust, out, reason);
}

static void open_good(struct order *out) {
    struct reason reason = {""};
    if (open_document(order_document(), out, &reason) != 0)
        fail_msg("%s", reason.text);
}

static void test_good_order(void **state) {
    (void)state;
    struct order order;
    struct reason reason = {""};
    open_good(&order);
    assert_string_equal(order.id, "o-1");
    assert_string_equal(order.signers, "site");
    assert_int_equal(order_check_time(&order, noon, &reason), 0);
    assert_int_equal(order_check_server(&order, &this_server, &reason), 0);
    order_free(&order);
}

static void test_time(void **state) {
    (void)state;
    struct order order;
    struct reason reason = {""};
    open_good(&order);
    assert_int_equal(order.not_before, noon);
    assert_int_equal(order_check_time(&order, noon - 1, &reason), -ETIME);
    assert_int_equal(order_check_time(&order, noon + 86399, &reason), 0);
    assert_int_equal(order_check_time(&order, noon + 86400, &reason), -ETIME);
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
    assert_int_equal(order_open(envelope, strlen(envelope), &trust, &order, &reason), -EACCES);
    assert_int_equal(order_open(good_order, strlen(good_order), &trust, &order, &reason), -EINVAL);
    const struct trust nobody = {0};
    AUTO_FREE char *ours =
        envelope_make(envelope_type_order, good_order, strlen(good_order), site_key);
    assert_int_equal(order_open(ours, strlen(ours), &nobody, &order, &reason), -EACCES);
    /* A certificate's signature is no order's: the type is signed too. */
    AUTO_FREE char *other_type =
        envelope_make(envelope_type_certificate, good_order, strlen(good_order), site_key);
    assert_int_equal(order_open(other_type, strlen(other_type), &trust, &order, &reason), -EINVAL);
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
        assert_int_equal(order_open(text, strlen(text), &trust, &order, &reason), -EACCES);
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
    assert_int_equal(open_document(document, &order, &reason), -EINVAL);
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
    assert_int_equal(order_open(altered, strlen(altered), &trust, &order, &reason), -EACCES);
    envelope_free(&envelope);
    signing_key_free(stranger);
}

/* Two approvals by different keys, one of them in a role. */
static void test_approvals(void **state) {
    (void)state;
    struct order order;
    struct reason reason = {""};
    struct signing_key *security = signing_key_generate();
    trust_add(&trust, signing_key_public(security), "eva", "security");
    trust_add(&trust, signing_key_public(site_key), "site-again", "operator");
    json_t *document = order_document();
    json_object_set_new(document, "approvals",
                        json_pack("{s:i,s:[s]}", "needed", 2, "roles", "security"));
    AUTO_FREE char *text = json_line(document);
    json_decref(document);
    AUTO_FREE char *one = envelope_make(envelope_type_order, text, strlen(text), site_key);
    /* One key under two names is one approval. */
    assert_int_equal(order_open(one, strlen(one), &trust, &order, &reason), -EACCES);
    struct envelope envelope;
    assert_int_equal(envelope_parse(one, strlen(one), &envelope, &reason), 0);
    AUTO_FREE char *twice = envelope_sign(&envelope, site_key);
    assert_int_equal(order_open(twice, strlen(twice), &trust, &order, &reason), -EACCES);
    AUTO_FREE char *both = envelope_sign(&envelope, security);
    envelope_free(&envelope);
    assert_int_equal(order_open(both, strlen(both), &trust, &order, &reason), 0);
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
        const int error = open_document(document, &order, &reason);
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
    assert_int_equal(open_document(document, &order, &reason), 0);
    const int error = order_check_server(&order, server, &reason);
    order_free(&order);
    return error;
}

static void test_server_identity(void **state) {
    (void)state;
    static const char uuid[] = "6A1F3C52-9D0E-4B7A-8C11-0F5E2D7B9A01";
    char both[256];
    (void)snprintf(both, sizeof both, "{\"serial\":\"QT-SRV-0042\",\"uuid\":\"%s\"}", uuid);
    assert_int_equal(check_server(both, &this_server), 0); /* UUIDs have no case */
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
        assert_int_equal(check_server(wrong[i], &this_server), -EXDEV);
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

/* A scan of three disks and whatever a test changes. */
struct setup {
    struct order order;
    struct scan scan;
    struct authorization authorization;
    int error;
};

static struct disk *add_disk(struct scan *scan, const char *serial, const char *content) {
    struct disk *disk = disk_new();
    scan->disks = realloc(scan->disks, (scan->disk_count + 1) * sizeof *scan->disks);
    scan->disks[scan->disk_count++] = disk;
    text_copy(disk->identity.serial, sizeof disk->identity.serial, serial);
    text_copy(disk->identity.model, sizeof disk->identity.model, "MODEL");
    disk->identity.capacity = 1000;
    disk->bus = BUS_SATA;
    disk->content_known = true;
    if (content)
        json_add_text(disk->content_ids, content);
    disk->area_count = 1;
    (void)snprintf(disk->areas[0].node, sizeof disk->areas[0].node, "/dev/sd%c",
                   (char)('a' + scan->disk_count - 1));
    return disk;
}

static void begin(struct setup *setup) {
    *setup = (struct setup){.scan = {.server = this_server, .findings = json_new_array()}};
    add_disk(&setup->scan, "DISK-A", "disk gpt X");
    add_disk(&setup->scan, "DISK-B", "anything");
    add_disk(&setup->scan, "DISK-KEEP", NULL);
}

static void authorize(struct setup *setup, json_t *document) {
    struct reason reason = {""};
    if (open_document(document, &setup->order, &reason) != 0)
        fail_msg("%s", reason.text);
    setup->error =
        authorize_by_order(&setup->order, &setup->scan, noon + 60, &setup->authorization, &reason);
}

static void end(struct setup *setup) {
    authorization_free(&setup->authorization);
    order_free(&setup->order);
    scan_free(&setup->scan);
}

static void expect(const struct setup *setup, size_t disk, bool warrant,
                   enum disposition disposition) {
    const struct decision *decision = &setup->authorization.decisions[disk];
    if ((decision->warrant != NULL) != warrant)
        fail_msg("disk %zu: %s", disk, decision->reason.text);
    if (!warrant) {
        assert_int_equal(decision->disposition, disposition);
        assert_string_not_equal(decision->reason.text, "");
    }
}

static void test_authorized_disks(void **state) {
    (void)state;
    struct setup setup;
    begin(&setup);
    authorize(&setup, order_document());
    assert_int_equal(setup.error, 0);
    expect(&setup, 0, true, 0);
    expect(&setup, 1, true, 0);
    expect(&setup, 2, false, DISPOSITION_EXCLUDED);
    const json_t *authority = warrant_authority(setup.authorization.decisions[0].warrant);
    assert_string_equal(json_text(authority, "holds"), "not-checked");
    assert_string_equal(json_text(authority, "content"), "as in the order");
    authority = warrant_authority(setup.authorization.decisions[1].warrant);
    assert_string_equal(json_text(authority, "content"), "not-checked");
    assert_int_equal(json_array_size(setup.authorization.absent), 0);
    end(&setup);
}

static void test_unknown_disk_refuses_the_server(void **state) {
    (void)state;
    struct setup setup;
    begin(&setup);
    add_disk(&setup.scan, "DISK-NEW", NULL);
    authorize(&setup, order_document());
    expect(&setup, 0, false, DISPOSITION_REFUSED);
    expect(&setup, 1, false, DISPOSITION_REFUSED);
    expect(&setup, 3, false, DISPOSITION_EXCLUDED);
    end(&setup);
    begin(&setup);
    add_disk(&setup.scan, "DISK-NEW", NULL);
    json_t *document = order_document();
    json_put_text(document, "unknown_disks", "leave");
    authorize(&setup, document);
    expect(&setup, 0, true, 0);
    expect(&setup, 3, false, DISPOSITION_EXCLUDED);
    end(&setup);
}

static void test_content_that_differs(void **state) {
    (void)state;
    struct setup setup;
    begin(&setup);
    json_array_clear(setup.scan.disks[0]->content_ids);
    json_add_text(setup.scan.disks[0]->content_ids, "disk gpt Y");
    authorize(&setup, order_document());
    expect(&setup, 0, false, DISPOSITION_REFUSED);
    expect(&setup, 1, true, 0);
    end(&setup);
}

/* Empty because nothing could be read is not empty. */
static void test_content_that_could_not_be_read(void **state) {
    (void)state;
    struct setup setup;
    begin(&setup);
    json_t *document = order_document();
    json_object_set_new(json_array_get(json_object_get(document, "disks"), 0), "content",
                        json_array());
    json_array_clear(setup.scan.disks[0]->content_ids);
    setup.scan.disks[0]->content_known = false;
    setup.scan.disks[1]->content_known = false;
    authorize(&setup, document);
    expect(&setup, 0, false, DISPOSITION_REFUSED);
    expect(&setup, 1, true, 0); /* the order says that it does not compare */
    /* And no order is made from an inventory in which it could not be read. */
    struct reason reason = {""};
    json_t *inventory = scan_json(&setup.scan);
    json_t *description = json_loads("{\"disks\":\"all\",\"holds\":\"not-checked\"}", 0, NULL);
    assert_null(order_make(description, inventory, &reason));
    assert_non_null(strstr(reason.text, "content"));
    json_decref(description);
    json_decref(inventory);
    end(&setup);
}

static void test_boot_medium_and_use(void **state) {
    (void)state;
    struct setup setup;
    begin(&setup);
    setup.scan.disks[0]->boot_medium = true;
    setup.scan.disks[1]->in_use = true;
    authorize(&setup, order_document());
    expect(&setup, 0, false, DISPOSITION_REFUSED); /* the order wanted it: that is a refusal */
    expect(&setup, 1, false, DISPOSITION_REFUSED);
    end(&setup);
    begin(&setup);
    add_disk(&setup.scan, "STICK", NULL)->boot_medium = true;
    authorize(&setup, order_document());
    expect(&setup, 0, true, 0); /* the stick is no unknown disk */
    expect(&setup, 3, false, DISPOSITION_EXCLUDED);
    end(&setup);
}

static void test_disks_with_one_name(void **state) {
    (void)state;
    struct setup setup;
    begin(&setup);
    add_disk(&setup.scan, "DISK-A", "disk gpt X");
    authorize(&setup, order_document());
    expect(&setup, 0, false, DISPOSITION_REFUSED);
    expect(&setup, 3, false, DISPOSITION_REFUSED);
    end(&setup);
    /* Entries that could mean the same disk. */
    begin(&setup);
    json_t *document = order_document();
    json_array_append_new(
        json_object_get(document, "disks"),
        json_loads("{\"serial\":\"DISK-B\",\"content\":\"not-checked\"}", 0, NULL));
    authorize(&setup, document);
    expect(&setup, 1, false, DISPOSITION_REFUSED);
    end(&setup);
}

static void test_absent_and_capacity(void **state) {
    (void)state;
    struct setup setup;
    begin(&setup);
    json_t *document = order_document();
    json_t *disks = json_object_get(document, "disks");
    json_object_set_new(json_array_get(disks, 1), "capacity", json_integer(2000));
    json_put_text(document, "unknown_disks", "leave");
    authorize(&setup, document);
    /* A disk of another capacity is another disk, and the one that was meant is absent. */
    expect(&setup, 1, false, DISPOSITION_EXCLUDED);
    assert_int_equal(json_array_size(setup.authorization.absent), 1);
    assert_int_equal(json_array_size(setup.authorization.absent_retained), 0);
    end(&setup);
}

/* Disks to retain are expected too; and an order that may not be acted on has expected its disks.
 */
static void test_absent_whatever_the_order(void **state) {
    (void)state;
    static const char *const expires[] = {"2026-11-23T12:00:00Z", "2026-11-22T12:00:30Z"};
    for (size_t i = 0; i < COUNT_OF(expires); i++) {
        struct setup setup;
        begin(&setup);
        text_copy(setup.scan.disks[0]->identity.serial, TEXT_FIELD_SIZE, "DISK-OTHER");
        text_copy(setup.scan.disks[2]->identity.serial, TEXT_FIELD_SIZE, "DISK-ANOTHER");
        json_t *document = order_document();
        json_put_text(document, "expires", expires[i]);
        authorize(&setup, document);
        assert_int_equal(setup.error, i == 0 ? 0 : -ETIME);
        assert_int_equal(json_array_size(setup.authorization.absent), 1);
        assert_string_equal(json_text(json_array_get(setup.authorization.absent, 0), "serial"),
                            "DISK-A");
        assert_int_equal(json_array_size(setup.authorization.absent_retained), 1);
        end(&setup);
    }
}

/* What a RAID controller shows for commands alone may be a part of a volume. */
static void test_hidden_members_are_refused(void **state) {
    (void)state;
    struct setup setup;
    begin(&setup);
    setup.scan.disks[0]->hidden_member = true;
    authorize(&setup, order_document());
    expect(&setup, 0, false, DISPOSITION_REFUSED);
    expect(&setup, 1, true, 0);
    end(&setup);
}

/* Only an entry that names one reaches it, and nothing but its serial number or WWN is a name. */
static void test_disks_of_a_network_are_left_alone(void **state) {
    (void)state;
    struct setup setup;
    begin(&setup);
    setup.scan.disks[1]->bus = BUS_ISCSI;
    add_disk(&setup.scan, "LUN-9", NULL)->bus = BUS_FIBRE_CHANNEL;
    struct disk *medium = add_disk(&setup.scan, "AAAABBBBCCCC3", NULL);
    medium->bus = BUS_USB;
    medium->virtual_medium = true;
    authorize(&setup, order_document());
    expect(&setup, 0, true, 0); /* neither is a disk of this server, so they are not unknown */
    expect(&setup, 1, true, 0); /* DISK-B is named by its serial number */
    assert_string_not_equal(
        json_text(warrant_authority(setup.authorization.decisions[1].warrant), "not_local"), "");
    expect(&setup, 3, false, DISPOSITION_EXCLUDED);
    expect(&setup, 4, false, DISPOSITION_EXCLUDED);
    assert_non_null(strstr(setup.authorization.decisions[4].reason.text, "BMC"));
    end(&setup);
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

static void test_wrong_server_or_time_refuses_everything(void **state) {
    (void)state;
    struct setup setup;
    begin(&setup);
    text_copy(setup.scan.server.serial, SERVER_FIELD_SIZE, "QT-SRV-9999");
    authorize(&setup, order_document());
    assert_int_equal(setup.error, -EXDEV);
    for (size_t i = 0; i < 3; i++)
        expect(&setup, i, false, DISPOSITION_REFUSED);
    end(&setup);
    begin(&setup);
    json_t *document = order_document();
    json_put_text(document, "expires", "2026-11-22T12:00:30Z");
    authorize(&setup, document);
    assert_int_equal(setup.error, -ETIME);
    for (size_t i = 0; i < 3; i++)
        expect(&setup, i, false, DISPOSITION_REFUSED);
    end(&setup);
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
    begin(&setup);
    setup.scan.disks[1]->in_use = true;
    assert_int_equal(authorize_by_operator(&request, &setup.scan, &setup.authorization, &reason),
                     0);
    expect(&setup, 0, true, 0);
    expect(&setup, 1, false, DISPOSITION_REFUSED);
    expect(&setup, 2, false, DISPOSITION_EXCLUDED);
    authorization_free(&setup.authorization);
    request.confirm = answer_yes;
    assert_int_equal(authorize_by_operator(&request, &setup.scan, &setup.authorization, &reason),
                     0);
    expect(&setup, 0, false, DISPOSITION_REFUSED);
    authorization_free(&setup.authorization);
    request.confirm = answer_nothing;
    assert_int_equal(authorize_by_operator(&request, &setup.scan, &setup.authorization, &reason),
                     0);
    expect(&setup, 0, false, DISPOSITION_REFUSED);
    authorization_free(&setup.authorization);
    request.confirm = answer_right;
    setup.scan.disks[0]->hidden_member = true;
    assert_int_equal(authorize_by_operator(&request, &setup.scan, &setup.authorization, &reason),
                     0);
    expect(&setup, 0, false, DISPOSITION_REFUSED);
    assert_non_null(strstr(setup.authorization.decisions[0].reason.text, "JBOD"));
    authorization_free(&setup.authorization);
    setup.scan.disks[0]->hidden_member = false; /* and a person's word is no order */
    setup.scan.disks[0]->bus = BUS_NVME_FABRICS;
    assert_int_equal(authorize_by_operator(&request, &setup.scan, &setup.authorization, &reason),
                     0);
    expect(&setup, 0, false, DISPOSITION_REFUSED);
    assert_non_null(strstr(setup.authorization.decisions[0].reason.text, "only an order"));
    authorization_free(&setup.authorization);
    request.nodes = wrong;
    setup.authorization = (struct authorization){0};
    assert_int_equal(authorize_by_operator(&request, &setup.scan, &setup.authorization, &reason),
                     -ENODEV);
    end(&setup);
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
    begin(&setup);
    assert_int_equal(authorize_by_operator(&request, &setup.scan, &setup.authorization, &reason),
                     0);
    expect(&setup, 0, false, DISPOSITION_REFUSED);
    expect(&setup, 1, false, DISPOSITION_REFUSED);
    authorization_free(&setup.authorization);
    request.user = right;
    assert_int_equal(authorize_by_operator(&request, &setup.scan, &setup.authorization, &reason),
                     0);
    expect(&setup, 0, true, 0);
    expect(&setup, 1, true, 0);
    expect(&setup, 2, false, DISPOSITION_EXCLUDED);
    const json_t *authority = warrant_authority(setup.authorization.decisions[1].warrant);
    assert_string_equal(json_text(authority, "confirmed_by_typing"), "two");
    assert_int_equal(json_array_size(json_object_get(authority, "disks_shown")), 2);
    authorization_free(&setup.authorization);
    /* One alone is confirmed by its serial number. */
    setup.scan.disks[1]->in_use = true;
    request.confirm = answer_right;
    assert_int_equal(authorize_by_operator(&request, &setup.scan, &setup.authorization, &reason),
                     0);
    expect(&setup, 0, true, 0);
    expect(&setup, 1, false, DISPOSITION_REFUSED);
    end(&setup);
}

/* A short description and an inventory make an order that authorizes what was inventoried. */
static void test_order_from_an_inventory(void **state) {
    (void)state;
    struct reason reason = {""};
    struct setup setup;
    begin(&setup);
    add_disk(&setup.scan, "STICK", NULL)->boot_medium = true;
    json_t *inventory = scan_json(&setup.scan);
    json_t *description = json_loads("{\"disks\":\"all\",\"holds\":\"not-checked\"}", 0, NULL);
    json_t *document = order_make(description, inventory, &reason);
    assert_non_null(document);
    assert_int_equal(json_array_size(json_object_get(document, "disks")), 3);
    authorize(&setup, document);
    assert_int_equal(setup.error, -ETIME); /* made now, not in this test's time */
    assert_int_equal(order_check_time(&setup.order, clock_now(), &reason), 0);
    authorization_free(&setup.authorization);
    assert_int_equal(
        authorize_by_order(&setup.order, &setup.scan, clock_now(), &setup.authorization, &reason),
        0);
    for (size_t i = 0; i < 3; i++)
        expect(&setup, i, true, 0);
    expect(&setup, 3, false, DISPOSITION_EXCLUDED);
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
    end(&setup);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

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
    TEST(test_all_is_what_is_local),
    TEST(test_wrong_server_or_time_refuses_everything),
    TEST(test_operator),
    TEST(test_operator_several),
    TEST(test_order_from_an_inventory),
};
TEST_MAIN(tests)
