/* NVMe: reading, writing, and what else concerns LBAs. */
#include "nvme.h"

#include <stdlib.h>

/* Command dword 12 of writes: PRACT and FUA. */
enum { PROTECTION_ACTION = 1 << 29, FORCE_UNIT_ACCESS = 1 << 30 };

/* With metadata of just the protection information and PRACT set, the drive adds and takes it away
 * by itself; metadata in a buffer of its own is not part of the data either. */
static bool metadata_in_data(const struct drive *drive, const struct nvme_namespace *ns,
                             const struct drive_request *request) {
    const bool own_business = ns->protection != 0 && nvme_metadata_bytes(drive, ns) == 8 &&
                              (sqe_dword(request, 12) & PROTECTION_ACTION) != 0;
    return ns->extended && !own_business;
}

uint32_t nvme_transfer_bytes(const struct drive *drive, const struct nvme_namespace *ns,
                             const struct drive_request *request) {
    return nvme_data_bytes(drive, ns) +
           (metadata_in_data(drive, ns, request) ? nvme_metadata_bytes(drive, ns) : 0);
}

struct range {
    struct nvme_namespace *ns;
    uint64_t lba;
    uint64_t lbas;
};

/* What reads, writes and their like have in common: namespace, LBA range. */
static uint16_t range_of(const struct drive *drive, const struct drive_request *request,
                         struct range *range) {
    const uint32_t nsid = sqe_nsid(request);
    range->ns = nvme_active(drive, nsid, request->controller);
    if (range->ns == NULL)
        return nsid == 0 || nsid == NVME_BROADCAST || nsid > NVME_NAMESPACES
                   ? NVME_INVALID_NAMESPACE
                   : NVME_INVALID_FIELD; /* a valid number, but not active here */
    if ((nvme_volatile(drive)->formatting >> nsid & 1) != 0)
        return NVME_FORMAT_IN_PROGRESS;
    range->lba = load_le(request->sqe + 40, 8);
    range->lbas = (sqe_dword(request, 12) & 0xffff) + 1;
    if (range->lba >= range->ns->lbas || range->lbas > range->ns->lbas - range->lba)
        return NVME_LBA_RANGE;
    return NVME_OK;
}

static uint16_t status_of(const struct drive *drive, enum drive_fault fault) {
    const struct misbehaviours *all = &drive->description->misbehaviours;
    switch (fault) {
    case FAULT_NONE:
        return NVME_OK;
    case FAULT_READ:
        return NVME_UNRECOVERED_READ;
    case FAULT_NOT_WRITTEN:
        for (unsigned i = 0; i < all->count; i++)
            if (all->list[i].kind == MISBEHAVE_READ_ERRORS &&
                strcmp(all->list[i].word, "deallocated") == 0)
                return NVME_NOT_WRITTEN;
        return NVME_UNRECOVERED_READ;
    case FAULT_WRITE:
        return NVME_WRITE_FAULT;
    case FAULT_WRITE_PROTECTED:
        return NVME_WRITE_PROTECTED;
    case FAULT_LOCKED:
        return NVME_ACCESS_DENIED;
    }
    return NVME_INTERNAL_ERROR;
}

/* As range_of, of a command whose data has to have its length. */
static uint16_t range_with_data(const struct drive *drive, const struct drive_request *request,
                                struct range *out) {
    const uint16_t status = range_of(drive, request, out);
    if (status != NVME_OK)
        return status;
    const uint64_t length = out->lbas * nvme_transfer_bytes(drive, out->ns, request);
    return length > NVME_MAX_TRANSFER || request->data_size < length ? NVME_INVALID_FIELD : NVME_OK;
}

/* Protection information that was never written reads as ones, so that nobody checks it. All zeros
 * are that; where they were written, ones in their place do no harm either. */
static void mark_unwritten(const struct nvme_namespace *ns, uint8_t *metadata, uint32_t size) {
    static const uint8_t none[8];
    if (ns->protection != 0 && memcmp(metadata + size - sizeof none, none, sizeof none) == 0)
        memset(metadata + size - sizeof none, 0xff, sizeof none);
}

/* LBAs as they lie on the medium (data, metadata, data, …) from or to the command's buffers. */
static void scatter(const struct drive *drive, struct drive_request *request,
                    const struct range *range, uint8_t *medium, bool to_host) {
    const uint32_t data = nvme_data_bytes(drive, range->ns);
    const uint32_t metadata = nvme_metadata_bytes(drive, range->ns);
    const uint32_t transfer = nvme_transfer_bytes(drive, range->ns, request);
    for (uint64_t i = 0; i < range->lbas; i++) {
        uint8_t *block = medium + i * (data + metadata);
        uint8_t *host = request->data + i * transfer;
        uint8_t *separate = request->metadata + i * metadata;
        const bool has_separate =
            transfer == data && metadata > 0 && request->metadata_size >= (i + 1) * metadata;
        if (to_host) {
            mark_unwritten(range->ns, block + data, metadata);
            memcpy(host, block, transfer);
            if (has_separate)
                memcpy(separate, block + data, metadata);
            continue;
        }
        memset(block + data, 0, metadata);
        memcpy(block, host, transfer);
        if (has_separate)
            memcpy(block + data, separate, metadata);
    }
}

/* The medium's bytes of a range; NULL with a status. The caller frees them. */
static uint8_t *read_range(struct drive *drive, const struct drive_request *request,
                           const struct range *range, uint16_t *status) {
    const uint32_t bytes = nvme_lba_bytes(drive, range->ns);
    uint8_t *medium = malloc(range->lbas * bytes);
    *status = medium == NULL ? NVME_INTERNAL_ERROR : NVME_OK;
    if (medium == NULL)
        return NULL;
    *status = status_of(
        drive, drive_read(drive, sqe_nsid(request), range->lba, bytes, range->lbas, medium));
    if (*status == NVME_OK)
        return medium;
    free(medium);
    return NULL;
}

uint16_t nvme_read(struct drive *drive, struct drive_request *request) {
    struct range range;
    uint16_t status = range_with_data(drive, request, &range);
    if (status != NVME_OK)
        return status;
    uint8_t *medium = read_range(drive, request, &range, &status);
    if (medium == NULL)
        return status;
    scatter(drive, request, &range, medium, true);
    free(medium);
    request->transferred = range.lbas * nvme_transfer_bytes(drive, range.ns, request);
    nvme_state(drive)->blocks_read += range.lbas;
    return NVME_OK;
}

static uint16_t may_write(const struct range *range) {
    return range->ns->write_protection == WP_NONE ? NVME_OK : NVME_WRITE_PROTECTED;
}

static void wrote(struct drive *drive, const struct drive_request *request, uint64_t lbas) {
    if ((sqe_dword(request, 12) & FORCE_UNIT_ACCESS) != 0)
        media_flush(drive->media);
    nvme_state(drive)->blocks_written += lbas;
    nvme_state(drive)->global_data_erased = false;
}

uint16_t nvme_write(struct drive *drive, struct drive_request *request) {
    struct range range;
    uint16_t status = range_with_data(drive, request, &range);
    if (status == NVME_OK)
        status = may_write(&range);
    if (status != NVME_OK)
        return status;
    if (drive_misbehaves(drive, MISBEHAVE_HANG, OP_OVERWRITE) != NULL)
        return NVME_LATER;
    const uint32_t bytes = nvme_lba_bytes(drive, range.ns);
    uint8_t *medium = malloc(range.lbas * bytes);
    if (medium == NULL)
        return NVME_INTERNAL_ERROR;
    scatter(drive, request, &range, medium, false);
    status = status_of(drive,
                       drive_write(drive, sqe_nsid(request), range.lba, bytes, range.lbas, medium));
    free(medium);
    if (status == NVME_OK)
        wrote(drive, request, range.lbas);
    return status;
}

uint16_t nvme_compare(struct drive *drive, struct drive_request *request) {
    struct range range;
    uint16_t status = range_with_data(drive, request, &range);
    if (status != NVME_OK)
        return status;
    uint8_t *medium = read_range(drive, request, &range, &status);
    if (medium == NULL)
        return status;
    const uint32_t bytes = nvme_lba_bytes(drive, range.ns);
    const uint32_t transfer = nvme_transfer_bytes(drive, range.ns, request);
    for (uint64_t i = 0; i < range.lbas; i++)
        if (memcmp(medium + i * bytes, request->data + i * transfer, transfer) != 0)
            status = NVME_COMPARE_FAILED;
    free(medium);
    return status;
}

uint16_t nvme_write_zeroes(struct drive *drive, struct drive_request *request) {
    struct range range;
    uint16_t status = range_of(drive, request, &range);
    if (status == NVME_OK)
        status = may_write(&range);
    if (status != NVME_OK)
        return status;
    const uint32_t bytes = nvme_lba_bytes(drive, range.ns);
    uint8_t *zeros = calloc(range.lbas, bytes);
    if (zeros == NULL)
        return NVME_INTERNAL_ERROR;
    status = status_of(drive,
                       drive_write(drive, sqe_nsid(request), range.lba, bytes, range.lbas, zeros));
    free(zeros);
    if (status == NVME_OK)
        wrote(drive, request, range.lbas);
    return status;
}

static uint16_t deallocate(struct drive *drive, const struct drive_request *request,
                           const struct range *whole, const uint8_t *entry) {
    const uint64_t lbas = load_le(entry + 4, 4), lba = load_le(entry + 8, 8);
    if (lba > whole->ns->lbas || lbas > whole->ns->lbas - lba)
        return NVME_LBA_RANGE;
    return status_of(drive, drive_discard(drive, sqe_nsid(request), lba,
                                          nvme_lba_bytes(drive, whole->ns), lbas));
}

/* Dataset Management: dword 10 ranges less one, dword 11 bit 2 deallocate; the rest is advice. */
uint16_t nvme_dataset_management(struct drive *drive, struct drive_request *request) {
    struct range range;
    const size_t entries = (size_t)(sqe_dword(request, 10) & 0xff) + 1;
    uint16_t status = range_of(drive, request, &range);
    if (status == NVME_LBA_RANGE) /* dwords 10 to 12 are something else here */
        status = NVME_OK;
    if (status == NVME_OK)
        status = may_write(&range);
    if (status == NVME_OK && request->data_size < entries * 16)
        status = NVME_INVALID_FIELD;
    if ((sqe_dword(request, 11) & 4) == 0)
        return status;
    for (size_t i = 0; i < entries && status == NVME_OK; i++)
        status = deallocate(drive, request, &range, request->data + 16 * i);
    return status;
}

/* Of all namespaces: more than was asked for (NVM command set, Flush). */
uint16_t nvme_flush(struct drive *drive, struct drive_request *request) {
    const uint32_t nsid = sqe_nsid(request);
    if (nsid != NVME_BROADCAST && nvme_active(drive, nsid, request->controller) == NULL)
        return NVME_INVALID_NAMESPACE;
    media_flush(drive->media);
    return NVME_OK;
}
