/*
 * What a stick brings of an interrupted overwrite: as an envelope, and as a document that was
 * signed well by whoever made it. Nothing but a position on the disk, and a pass of the order's,
 * may fit.
 */
#include "quietus/json.h"
#include "quietus/keys.h"
#include "quietus/overwrite_state.h"

#include "fuzz.h"

static struct disk *disk;
static struct policy policy;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    keys_start();
    policy_default(&policy);
    disk = disk_new();
    text_copy(disk->identity.serial, sizeof disk->identity.serial, "R-1");
    disk->identity.capacity = 1 << 20;
    disk->area_count = 1;
    disk->areas[0].lba_size = 512;
    disk->areas[0].lba_count = 2048;
    return 0;
}

static void check_document(const json_t *document) {
    struct overwrite_state state;
    struct reason reason = {""};
    const bool decoded = overwrite_state_decode(document, &state, &reason) == 0;
    if (!decoded)
        require_reason(&reason);
    const bool fits = overwrite_state_fits(document, disk, "sha256:00", &policy, &reason);
    REQUIRE(!fits || decoded);
    if (!fits) {
        require_reason(&reason);
        return;
    }
    REQUIRE(state.pass == 1 && state.pattern.pass.random);
    REQUIRE(state.position == 1 << 20); /* less than the first point: only all of it */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct reason reason = {""};
    const struct bytes input = fuzz_copy(data, size);
    const char *text = input.data ? (const char *)input.data : "";
    json_t *document = json_parse(text, input.length, &reason);
    if (document)
        check_document(document);
    json_decref(document);
    /* No key signed it, so whatever it says it is no state. */
    REQUIRE(overwrite_state_open(text, input.length, text, input.length, &reason) == NULL);
    require_reason(&reason);
    free((void *)input.data);
    return 0;
}
