#include "quietus/expected.h"

#include "quietus/finding.h"
#include "quietus/json.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

static bool is_text_or_none(const json_t *entry, const char *key) {
    const json_t *value = json_object_get(entry, key);
    return !value || json_is_string(value);
}

static int check_entry(const json_t *entry, size_t number, struct reason *reason) {
    static const char *const texts[] = {"serial", "wwn", "model", "place"};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)entry, key, value) {
        bool known = strcmp(key, "capacity") == 0 && json_is_integer(value);
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            known = known || (strcmp(key, texts[i]) == 0 && is_text_or_none(entry, key));
        if (known)
            continue;
        reason_set(reason, "expected[%zu]: '%.60s' is not understood", number, key);
        return -EINVAL;
    }
    if (json_text(entry, "serial")[0] != '\0' || json_text(entry, "wwn")[0] != '\0')
        return 0;
    reason_set(reason, "expected[%zu]: neither serial number nor WWN", number);
    return -EINVAL;
}

int expected_check_form(const json_t *list, struct reason *reason) {
    size_t i;
    json_t *entry;
    if (json_array_size(list) > EXPECTED_MOST) {
        reason_set(reason, "expected: more than %d disks", EXPECTED_MOST);
        return -EINVAL;
    }
    json_array_foreach((json_t *)list, i, entry) {
        if (check_entry(entry, i, reason))
            return -EINVAL;
    }
    return 0;
}

/* A value as devices report it: what a BMC pads with blanks. */
static void put_trimmed(json_t *entry, const char *key, const char *value) {
    char text[TEXT_FIELD_SIZE];
    text_from_field(text, sizeof text, (const uint8_t *)value, strlen(value));
    json_put_text_if(entry, key, text);
}

/* "naa.5000c500…" from an Identifier of Redfish (DurableName "0x5000C500…" or "naa.…"; its format
 * says NAA or EUI). */
static void put_durable_name(json_t *entry, const json_t *drive) {
    size_t i;
    json_t *identifier;
    json_array_foreach(json_object_get(drive, "Identifiers"), i, identifier) {
        const char *format = json_text(identifier, "DurableNameFormat");
        const char *name = json_text(identifier, "DurableName");
        const char *prefix = strcasecmp(format, "NAA") == 0   ? "naa."
                             : strcasecmp(format, "EUI") == 0 ? "eui."
                                                              : NULL;
        char wwn[TEXT_FIELD_SIZE];
        if (!prefix)
            continue;
        if (strncasecmp(name, prefix, strlen(prefix)) == 0)
            name += strlen(prefix);
        else if (strncasecmp(name, "0x", 2) == 0)
            name += 2;
        const size_t length = strlen(name);
        if (length == 0 || length > 32 || strspn(name, "0123456789abcdefABCDEF") != length)
            continue;
        (void)snprintf(wwn, sizeof wwn, "%s%s", prefix, name);
        for (char *p = wwn; *p; p++)
            *p = (char)tolower((unsigned char)*p);
        json_put_text(entry, "wwn", wwn);
        return;
    }
}

/* PhysicalLocation.PartLocation: what is printed beside the bay, or its number in the order of the
 * bays (Redfish Drive schema; "Location" is an older form of it). */
static void put_location(json_t *entry, const json_t *drive) {
    const json_t *part =
        json_object_get(json_object_get(drive, "PhysicalLocation"), "PartLocation");
    const json_t *number = json_object_get(part, "LocationOrdinalValue");
    char text[32];
    put_trimmed(entry, "place", json_text(part, "ServiceLabel"));
    if (json_object_get(entry, "place") || !json_is_integer(number))
        return;
    (void)snprintf(text, sizeof text, "bay %lld", (long long)json_integer_value(number));
    json_put_text(entry, "place", text);
}

/* A Drive resource by its type; or, where a merge has lost it, by what only drives have. */
static bool is_drive(const json_t *object) {
    const char *type = json_text(object, "@odata.type");
    if (type[0] != '\0')
        return strncmp(type, "#Drive.", 7) == 0;
    return json_is_string(json_object_get(object, "SerialNumber")) &&
           (json_object_get(object, "CapacityBytes") || json_object_get(object, "MediaType"));
}

/* What is being collected from a document of Redfish. */
struct collection {
    json_t *list;
    json_t *seen; /* the resources' @odata.id, as a set: merged files have some twice */
    struct reason *reason;
};

static int take_drive(const json_t *drive, struct collection *collection) {
    const char *id = json_text(drive, "@odata.id");
    if (strcmp(json_text(json_object_get(drive, "Status"), "State"), "Absent") == 0)
        return 0;
    if (id[0] != '\0') {
        if (json_object_get(collection->seen, id))
            return 0;
        json_put_flag(collection->seen, id, true);
    }
    json_t *entry = json_new_object();
    put_trimmed(entry, "serial", json_text(drive, "SerialNumber"));
    put_trimmed(entry, "model", json_text(drive, "Model"));
    if (json_count(drive, "CapacityBytes") > 0)
        json_put_count(entry, "capacity", json_count(drive, "CapacityBytes"));
    put_durable_name(entry, drive);
    put_location(entry, drive);
    json_add(collection->list, entry);
    if (json_object_get(entry, "serial") || json_object_get(entry, "wwn"))
        return 0;
    reason_set(collection->reason, "the drive %.120s has neither serial number nor WWN",
               id[0] ? id : json_text(drive, "Name"));
    return -EINVAL;
}

static int collect(const json_t *value, unsigned depth, struct collection *collection) {
    enum { DEEPEST = 24 };
    const char *key;
    json_t *member;
    size_t i;
    int error = 0;
    if (depth > DEEPEST || json_array_size(collection->list) > EXPECTED_MOST) {
        reason_set(collection->reason, "it is nested too deeply, or has too many drives");
        return -EINVAL;
    }
    if (json_is_object(value) && is_drive(value))
        return take_drive(value, collection);
    json_object_foreach((json_t *)value, key, member) {
        if (error == 0)
            error = collect(member, depth + 1, collection);
    }
    json_array_foreach((json_t *)value, i, member) {
        if (error == 0)
            error = collect(member, depth + 1, collection);
    }
    return error;
}

/* A list of ours, or an earlier scan: what else an entry has is passed over. */
static int take_own(const json_t *disks, json_t *list, struct reason *reason) {
    static const char *const texts[] = {"serial", "wwn", "model", "place"};
    size_t i;
    json_t *disk;
    json_array_foreach((json_t *)disks, i, disk) {
        if (json_flag(disk, "boot_medium") || json_is_false(json_object_get(disk, "local")))
            continue;
        json_t *entry = json_new_object();
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            json_put_text_if(entry, texts[k], json_text(disk, texts[k]));
        if (json_count(disk, "capacity") > 0)
            json_put_count(entry, "capacity", json_count(disk, "capacity"));
        json_add(list, entry);
    }
    return expected_check_form(list, reason);
}

json_t *expected_from_json(const json_t *document, struct reason *reason) {
    struct collection collection = {json_new_array(), json_new_object(), reason};
    const json_t *own = json_object_get(document, "disks");
    int error;
    if (json_is_array(own)) {
        error = take_own(own, collection.list, reason);
    } else {
        error = collect(document, 0, &collection);
    }
    json_decref(collection.seen);
    if (error == 0 && json_array_size(collection.list) == 0) {
        reason_set(reason, "there is no disk in it: neither \"disks\" nor a Redfish Drive");
        error = -EINVAL;
    }
    if (error == 0)
        return collection.list;
    json_decref(collection.list);
    return NULL;
}

/* A BMC may write a serial number in other letters than the disk does, but means no other. */
static bool same_disk(const char *serial, const char *wwn, const json_t *entry) {
    const char *expected_wwn = json_text(entry, "wwn");
    const char *expected_serial = json_text(entry, "serial");
    if (expected_serial[0] != '\0' && serial[0] != '\0')
        return strcasecmp(expected_serial, serial) == 0;
    return expected_wwn[0] != '\0' && strcasecmp(expected_wwn, wwn) == 0;
}

static bool list_has(const json_t *list, const char *serial, const char *wwn) {
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)list, i, entry) {
        if (same_disk(serial, wwn, entry))
            return true;
    }
    return false;
}

/* A disk may be listed by its own name, by its device's, or by that of one of its parts. */
static bool is_listed_as(const struct disk *disk, const json_t *entry) {
    if (same_disk(disk->identity.serial, disk->identity.wwn, entry) ||
        same_disk(disk->identity.serial, disk->target_device, entry))
        return true;
    for (unsigned i = 0; i < disk->part_count; i++) {
        if (is_listed_as(disk->parts[i], entry))
            return true;
    }
    return false;
}

static bool is_listed(const struct disk *disk, const json_t *list) {
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)list, i, entry) {
        if (is_listed_as(disk, entry))
            return true;
    }
    return false;
}

static bool scan_has(const struct scan *scan, const json_t *entry) {
    for (size_t i = 0; i < scan->disk_count; i++) {
        if (is_listed_as(scan->disks[i], entry))
            return true;
    }
    return false;
}

static void note_extra(struct scan *scan, const struct disk *disk) {
    char name[2 * TEXT_FIELD_SIZE + 16];
    char where[512];
    (void)disk_place_text(&disk->place, where, sizeof where);
    finding_add(scan->findings,
                &(struct finding){.kind = "unexpected",
                                  .controller = disk_name(disk, name, sizeof name),
                                  .address = disk_node(disk),
                                  .slot = where,
                                  .reason = "it is not on the list of the disks expected here",
                                  .remedy = "find out whose it is before it is erased, or correct "
                                            "the inventory"});
}

void expected_compare(const json_t *list, struct scan *scan, const json_t *const known[2],
                      json_t *missing) {
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)list, i, entry) {
        const char *serial = json_text(entry, "serial");
        const char *wwn = json_text(entry, "wwn");
        if (!scan_has(scan, entry) && !list_has(known[0], serial, wwn) &&
            !list_has(known[1], serial, wwn) && !list_has(missing, serial, wwn))
            json_add(missing, json_deep_copy(entry));
    }
    for (size_t k = 0; k < scan->disk_count; k++) {
        const struct disk *disk = scan->disks[k];
        if (!disk->boot_medium && !disk_not_local(disk) && !is_listed(disk, list))
            note_extra(scan, disk);
    }
}

/* The bay that is meant, if just one fits the words: by its label, or "bay 4" by its number. */
static const json_t *bay_meant(const struct scan *scan, const char *place) {
    const char *number = strncasecmp(place, "bay ", 4) == 0 ? place + 4 : place;
    const json_t *found = NULL;
    size_t i;
    json_t *bay;
    json_array_foreach(scan->bays, i, bay) {
        if (strcasecmp(json_text(bay, "label"), place) != 0 &&
            strcmp(json_text(bay, "bay"), number) != 0)
            continue;
        if (found)
            return NULL;
        found = bay;
    }
    return found;
}

char *expected_reason(const json_t *entry, const struct scan *scan, char *out, size_t size) {
    const char *place = json_text(entry, "place");
    const json_t *bay = place[0] ? bay_meant(scan, place) : NULL;
    const char *said = !bay                         ? ""
                       : json_flag(bay, "occupied") ? ", where the enclosure has another disk"
                                                    : ", where the enclosure has none";
    (void)snprintf(out, size, "it is on the list of expected disks and was not found%s%.80s%s",
                   place[0] ? "; it should be in " : "", place, said);
    return out;
}
