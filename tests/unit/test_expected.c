/* The list of expected disks: a BMC's inventory, an order's list, and what is missing or too many.
 */
#include "quietus/expected.h"
#include "quietus/finding.h"
#include "quietus/json.h"

#include "test.h"

#include <errno.h>

static json_t *parsed(const char *text) {
    json_t *document = json_loads(text, 0, NULL);
    if (!document)
        fail_msg("%s", text);
    return document;
}

static json_t *list_of(const char *text) {
    struct reason reason = {""};
    json_t *document = parsed(text);
    json_t *list = expected_from_json(document, &reason);
    json_decref(document);
    if (!list)
        fail_msg("%s", reason.text);
    return list;
}

/* Drives in two collections of a merged file, one of them twice, an empty slot, and what is not a
 * drive but has a serial number. */
static const char redfish[] =
    "{\"Systems\":{\"Members\":[{\"@odata.type\":\"#ComputerSystem.v1_20_0.ComputerSystem\","
    "\"SerialNumber\":\"SRV-1\",\"Storage\":{\"Members\":[{\"@odata.type\":\"#Storage.v1_15_0."
    "Storage\","
    "\"StorageControllers\":[{\"SerialNumber\":\"CTRL-1\",\"Model\":\"HBA\"}],"
    "\"Drives\":["
    "{\"@odata.id\":\"/redfish/v1/Drives/0\",\"@odata.type\":\"#Drive.v1_17_0.Drive\","
    "\"SerialNumber\":\" ZC1234  \",\"Model\":\"ST1200MM\",\"CapacityBytes\":1200243695616,"
    "\"Identifiers\":[{\"DurableName\":\"123e4567\",\"DurableNameFormat\":\"UUID\"},"
    "{\"DurableName\":\"0x5000C500A0B0C0D0\",\"DurableNameFormat\":\"NAA\"}],"
    "\"PhysicalLocation\":{\"PartLocation\":{\"ServiceLabel\":\"Slot "
    "01\",\"LocationOrdinalValue\":1}}},"
    "{\"@odata.id\":\"/redfish/v1/Drives/1\",\"@odata.type\":\"#Drive.v1_17_0.Drive\","
    "\"SerialNumber\":\"ZC5678\",\"PhysicalLocation\":{\"PartLocation\":{\"LocationOrdinalValue\":"
    "2}}},"
    "{\"@odata.id\":\"/redfish/v1/Drives/0\",\"@odata.type\":\"#Drive.v1_17_0.Drive\","
    "\"SerialNumber\":\"ZC1234\"},"
    "{\"@odata.id\":\"/redfish/v1/Drives/2\",\"@odata.type\":\"#Drive.v1_17_0.Drive\","
    "\"Status\":{\"State\":\"Absent\"}},"
    "{\"SerialNumber\":\"NOTYPE\",\"MediaType\":\"SSD\",\"Identifiers\":[{\"DurableName\":"
    "\"eui.0025385B71B00001\",\"DurableNameFormat\":\"EUI\"}]}]}]}}]}}";

static void test_a_bmcs_inventory(void **state) {
    (void)state;
    json_t *list = list_of(redfish);
    assert_int_equal(json_array_size(list), 3);
    const json_t *first = json_array_get(list, 0);
    assert_string_equal(json_text(first, "serial"), "ZC1234");
    assert_string_equal(json_text(first, "model"), "ST1200MM");
    assert_string_equal(json_text(first, "wwn"), "naa.5000c500a0b0c0d0");
    assert_string_equal(json_text(first, "place"), "Slot 01");
    assert_int_equal(json_count(first, "capacity"), 1200243695616);
    const json_t *second = json_array_get(list, 1);
    assert_string_equal(json_text(second, "place"), "bay 2");
    assert_string_equal(json_text(second, "wwn"), "");
    assert_string_equal(json_text(json_array_get(list, 2), "wwn"), "eui.0025385b71b00001");
    json_decref(list);
}

/* What could not be compared is not passed over in silence. */
static void test_lists_that_are_none(void **state) {
    (void)state;
    static const char *const bad[] = {
        "{}",
        "[]",
        "{\"disks\":[]}",
        "{\"disks\":[{\"model\":\"M\"}]}",
        "{\"Drives\":[{\"@odata.id\":\"/redfish/v1/Drives/0\"}]}", /* links, not yet followed */
        "[{\"@odata.type\":\"#Drive.v1_17_0.Drive\",\"Name\":\"Disk 1\",\"SerialNumber\":\"  \"}]",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct reason reason = {""};
        json_t *document = parsed(bad[i]);
        if (expected_from_json(document, &reason))
            fail_msg("%s", bad[i]);
        assert_string_not_equal(reason.text, "");
        json_decref(document);
    }
    struct reason reason = {""};
    json_t *deep = json_new_array();
    for (int i = 0; i < 100; i++) {
        json_t *outer = json_new_array();
        json_add(outer, deep);
        deep = outer;
    }
    assert_null(expected_from_json(deep, &reason));
    assert_non_null(strstr(reason.text, "deep"));
    json_decref(deep);
}

static void test_form_in_an_order(void **state) {
    (void)state;
    static const struct {
        const char *list;
        bool good;
    } cases[] = {
        {"[]", true},
        {"[{\"serial\":\"S\",\"wwn\":\"w\",\"model\":\"m\",\"capacity\":5,\"place\":\"p\"}]", true},
        {"[{\"wwn\":\"w\"}]", true},
        {"[{\"serial\":\"S\",\"erase\":true}]", false},
        {"[{\"serial\":5}]", false},
        {"[{\"serial\":\"S\",\"capacity\":\"5\"}]", false},
        {"[{\"serial\":\"\"}]", false},
        {"[\"S\"]", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reason reason = {""};
        json_t *list = parsed(cases[i].list);
        if ((expected_check_form(list, &reason) == 0) != cases[i].good)
            fail_msg("%s: %s", cases[i].list, reason.text);
        json_decref(list);
    }
}

static struct disk *add_disk(struct scan *scan, const char *serial, const char *wwn) {
    scan->disks = realloc(scan->disks, (scan->disk_count + 1) * sizeof *scan->disks);
    assert_non_null(scan->disks);
    struct disk *disk = disk_new();
    scan->disks[scan->disk_count++] = disk;
    text_copy(disk->identity.serial, TEXT_FIELD_SIZE, serial);
    text_copy(disk->identity.wwn, TEXT_FIELD_SIZE, wwn);
    disk->bus = BUS_SAS;
    return disk;
}

static void test_too_few_and_too_many(void **state) {
    (void)state;
    struct scan scan = {.findings = json_new_array()};
    json_t *list = parsed("[{\"serial\":\"here\"},{\"wwn\":\"naa.5\"},{\"serial\":\"GONE\"},"
                          "{\"serial\":\"GONE\"},{\"serial\":\"ORDERED\"},"
                          "{\"serial\":\"OTHER\",\"wwn\":\"naa.5\"}]");
    json_t *ordered = parsed("[{\"serial\":\"ORDERED\"}]");
    const json_t *const known[2] = {ordered, NULL};
    json_t *missing = json_new_array();
    add_disk(&scan, "HERE", "");
    add_disk(&scan, "BY-WWN", "naa.5");
    add_disk(&scan, "EXTRA", "");
    add_disk(&scan, "STICK", "")->boot_medium = true;
    add_disk(&scan, "LUN", "")->bus = BUS_ISCSI;
    expected_compare(list, &scan, known, missing);
    /* OTHER is not BY-WWN: where both have a serial number, that decides. */
    assert_int_equal(json_array_size(missing), 2);
    assert_string_equal(json_text(json_array_get(missing, 0), "serial"), "GONE");
    assert_string_equal(json_text(json_array_get(missing, 1), "serial"), "OTHER");
    assert_int_equal(json_array_size(scan.findings), 1);
    const json_t *extra = json_array_get(scan.findings, 0);
    assert_string_equal(json_text(extra, "kind"), "unexpected");
    assert_non_null(strstr(json_text(extra, "controller"), "EXTRA"));
    json_decref(missing);
    json_decref(ordered);
    json_decref(list);
    scan_free(&scan);
}

/* An empty bay with a disk expected in it is told with the disk. */
static void test_empty_bays(void **state) {
    (void)state;
    static const struct {
        const char *place;
        const char *said; /* NULL: nothing of a bay */
    } cases[] = {
        {"Slot 01", "has another disk"},
        {"Slot 02", "the enclosure has none"},
        {"bay 2", "the enclosure has none"},
        {"Slot 9", NULL},
        {"bay 3", NULL}, /* two enclosures have one */
        {"", NULL},
    };
    struct scan scan = {.findings = json_new_array()};
    scan.bays =
        parsed("[{\"enclosure\":\"a\",\"bay\":\"1\",\"label\":\"Slot 01\",\"occupied\":true},"
               "{\"enclosure\":\"a\",\"bay\":\"2\",\"label\":\"Slot 02\",\"occupied\":false},"
               "{\"enclosure\":\"a\",\"bay\":\"3\",\"label\":\"x\",\"occupied\":false},"
               "{\"enclosure\":\"b\",\"bay\":\"3\",\"label\":\"y\",\"occupied\":false}]");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[320];
        json_t *entry = json_new_object();
        json_put_text(entry, "serial", "S");
        json_put_text(entry, "place", cases[i].place);
        (void)expected_reason(entry, &scan, text, sizeof text);
        assert_non_null(strstr(text, "was not found"));
        if (cases[i].said ? !strstr(text, cases[i].said) : strstr(text, "enclosure") != NULL)
            fail_msg("%s: %s", cases[i].place, text);
        json_decref(entry);
    }
    scan_free(&scan);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_a_bmcs_inventory), cmocka_unit_test(test_lists_that_are_none),
    cmocka_unit_test(test_form_in_an_order), cmocka_unit_test(test_too_few_and_too_many),
    cmocka_unit_test(test_empty_bays),
};
TEST_MAIN(tests)
