#include "order_setup.h"

#include "quietus/cleanup.h"
#include "quietus/json.h"

#include "test.h"

struct signing_key *site_key;
struct trust site_trust;

int site_start(void **state) {
    (void)state;
    keys_start();
    site_key = signing_key_generate();
    trust_add(&site_trust, signing_key_public(site_key), "site", "");
    return 0;
}

int site_stop(void **state) {
    (void)state;
    signing_key_free(site_key);
    site_key = NULL;
    trust_free(&site_trust);
    return 0;
}

const struct server good_server = {
    .serial = "QT-SRV-0042",
    .uuid = "6a1f3c52-9d0e-4b7a-8c11-0f5e2d7b9a01",
    .board_serial = "B-7",
    .macs = {"52:54:00:00:00:01", "52:54:00:00:00:02"},
    .mac_count = 2,
};

const char good_order[] =
    "{\"schema\":\"quietus.order/1\",\"id\":\"o-1\",\"nonce\":\"00\","
    "\"issued\":\"2026-11-22T12:00:00Z\",\"not_before\":\"2026-11-22T12:00:00Z\","
    "\"expires\":\"2026-11-23T12:00:00Z\","
    "\"server\":{\"serial\":\"QT-SRV-0042\",\"macs\":[\"52:54:00:00:00:02\"]},"
    "\"disks\":[{\"serial\":\"DISK-A\",\"content\":[\"disk gpt X\"]},"
    "{\"serial\":\"DISK-B\",\"content\":\"not-checked\"}],"
    "\"retain\":[{\"serial\":\"DISK-KEEP\"}],\"holds\":\"not-checked\"}";

json_t *order_document(void) {
    struct reason reason = {""};
    json_t *document = json_parse(good_order, strlen(good_order), &reason);
    if (!document)
        fail_msg("%s", reason.text);
    return document;
}

int open_signed(json_t *document, struct order *out, struct reason *reason) {
    AUTO_FREE char *text = json_line(document);
    AUTO_FREE char *envelope = envelope_make(envelope_type_order, text, strlen(text), site_key);
    json_decref(document);
    return order_open(envelope, strlen(envelope), &site_trust, out, reason);
}

struct disk *setup_add_disk(struct setup *setup, const char *serial, const char *content) {
    struct scan *scan = &setup->scan;
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

void setup_begin(struct setup *setup) {
    *setup = (struct setup){.scan = {.server = good_server, .findings = json_new_array()}};
    setup_add_disk(setup, "DISK-A", "disk gpt X");
    setup_add_disk(setup, "DISK-B", "anything");
    setup_add_disk(setup, "DISK-KEEP", NULL);
}

void setup_authorize(struct setup *setup, json_t *document) {
    struct reason reason = {""};
    if (open_signed(document, &setup->order, &reason) != 0)
        fail_msg("%s", reason.text);
    setup->error =
        authorize_by_order(&setup->order, &setup->scan, NOON + 60, &setup->authorization, &reason);
}

void setup_end(struct setup *setup) {
    authorization_free(&setup->authorization);
    order_free(&setup->order);
    scan_free(&setup->scan);
}

void expect_decision(const struct setup *setup, size_t disk, bool warrant,
                     enum disposition disposition) {
    const struct decision *decision = &setup->authorization.decisions[disk];
    if ((decision->warrant != NULL) != warrant)
        fail_msg("disk %zu: %s", disk, decision->reason.text);
    if (!warrant) {
        assert_int_equal(decision->disposition, disposition);
        assert_string_not_equal(decision->reason.text, "");
    }
}
