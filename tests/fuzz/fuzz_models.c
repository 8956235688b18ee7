/* A site's own list of known models. */
#include "quietus/models.h"
#include "quietus/scan.h"

#include "fuzz.h"

#include <unistd.h>

static void check_use(const char *model, const char *firmware) {
    struct disk *disk = disk_new();
    struct reason reason = {""};
    text_copy(disk->identity.model, sizeof disk->identity.model, model);
    text_copy(disk->identity.firmware, sizeof disk->identity.firmware, firmware);
    if (models_avoid(disk, "nvme-sanitize-crypto", &reason))
        require_reason(&reason);
    models_note(disk);
    size_t i;
    json_t *finding;
    json_array_foreach(disk->findings, i, finding) require_printable(json_string_value(finding));
    require_document(disk_json(disk));
    disk_free(disk);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[32];
    struct reason reason = {""};
    const int fd = fuzz_file(data, size, path);
    if (models_load(path, &reason))
        require_reason(&reason);
    (void)close(fd);
    REQUIRE(strlen(models_digest()) == 64);
    check_use("INTEL SSDPE2KX010T8", "VDV10170");
    check_use("", "");
    return 0;
}
