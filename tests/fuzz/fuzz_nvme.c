/* NVMe: identify data, lists and log pages. */
#include "quietus/nvme_data.h"

#include "fuzz.h"

static void check_controller(struct bytes data) {
    struct nvme_controller out;
    if (nvme_decode_controller(data, &out))
        return;
    REQUIRE_ASCII(out.serial);
    REQUIRE_ASCII(out.model);
    REQUIRE_ASCII(out.firmware);
    REQUIRE_ASCII(out.subsystem_nqn);
}

static void check_namespace(struct bytes data) {
    struct nvme_namespace out;
    if (nvme_decode_namespace(data, &out))
        return;
    REQUIRE_ASCII(out.name);
    REQUIRE(out.lba_size >= 512 && out.lba_size <= 65536 && out.format_index < 64);
    /* A capacity in bytes is what documents have: JSON's integers have 63 bits. */
    REQUIRE(out.size <= INT64_MAX / out.lba_size);
}

static void check_list(struct bytes data) {
    uint32_t *ids = malloc(1024 * sizeof *ids);
    REQUIRE(ids);
    const int count = nvme_decode_namespace_list(data, ids);
    REQUIRE(count <= 1024);
    for (int i = 0; i < count; i++)
        REQUIRE(ids[i] > (i > 0 ? ids[i - 1] : 0));
    free(ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct nvme_health health;
    struct nvme_sanitize_log log;
    const struct bytes page = fuzz_copy(data, size);
    check_controller(page);
    check_namespace(page);
    check_list(page);
    (void)nvme_decode_health(page, &health);
    if (nvme_decode_sanitize_log(page, &log) == 0)
        REQUIRE(log.state < 8 && log.passes < 32);
    uint64_t bytes = 0;
    if (nvme_decode_boot_partition_log(page, &bytes) == 0)
        REQUIRE(bytes <= UINT64_C(0x7fff) << 17);
    require_page_documents("nvme", page);
    free((void *)page.data);
    return 0;
}
