/* NVMe: the Identify data structures. Offsets as in the Base and NVM Command Set Specifications. */
#include "nvme.h"

#include <stdio.h>

enum identify_cns {
    CNS_NAMESPACE = 0x00,
    CNS_CONTROLLER = 0x01,
    CNS_ACTIVE_LIST = 0x02,
    CNS_DESCRIPTORS = 0x03,
    CNS_ALLOCATED_LIST = 0x10,
    CNS_ALLOCATED = 0x11,
    CNS_ATTACHED_CONTROLLERS = 0x12,
    CNS_CONTROLLERS = 0x13,
};

/* --- controller --- */

static uint16_t oacs(const struct drive *drive) {
    const struct nvme_description *nvme = &drive->description->nvme;
    const bool format =
        nvme->format_nvm && drive_misbehaves(drive, MISBEHAVE_HIDDEN, OP_NVME_FORMAT) == NULL;
    return (uint16_t)((drive->description->tcg.present ? 1 : 0) | format << 1 |
                      nvme->namespace_management << 3);
}

static uint16_t oncs(const struct drive *drive) {
    const struct nvme_description *nvme = &drive->description->nvme;
    return (uint16_t)(nvme->compare | 1 << 2 /* DSM */ | nvme->write_zeroes << 3);
}

static uint8_t fna(const struct drive *drive) {
    const struct nvme_description *nvme = &drive->description->nvme;
    const bool crypto = nvme->format_crypto &&
                        drive_misbehaves(drive, MISBEHAVE_HIDDEN, OP_NVME_FORMAT_CRYPTO) == NULL;
    return (uint8_t)(nvme->format_all | nvme->erase_all << 1 | crypto << 2 |
                     nvme->format_no_broadcast << 3);
}

static void identify_controller(const struct drive *drive, uint16_t controller,
                                uint8_t out[NVME_PAGE]) {
    const struct drive_description *description = drive->description;
    const struct nvme_description *nvme = &description->nvme;
    store_le(out + 0, 2, 0x1b36); /* VID, as the front end shows it */
    store_le(out + 2, 2, 0x1af4); /* SSVID */
    store_text(out + 4, 20, drive_serial(drive));
    store_text(out + 24, 40, description->model);
    store_text(out + 64, 8, description->firmware);
    out[76] = nvme->controllers > 1 ? 3 : 0; /* CMIC: more than one port and controller */
    out[77] = NVME_MDTS;
    store_le(out + 78, 2, controller);
    /* VER 1.4; the log of boot partitions came with 2.0. */
    store_le(out + 80, 4, nvme->boot_partition_bytes > 0 ? 0x00020000 : 0x00010400);
    store_le(out + 92, 4, 1 << 8); /* OAES: namespace attribute notices */
    out[111] = 1;                  /* CNTRLTYPE: I/O */
    store_le(out + 256, 2, oacs(drive));
    out[258] = 3;                               /* ACL */
    out[259] = 3;                               /* AERL */
    out[260] = 0x03;                            /* FRMW: one slot, read only */
    out[261] = 0x06;                            /* LPA: effects log, offsets */
    out[262] = NVME_ERRORS - 1;                 /* ELPE */
    store_le(out + 266, 2, 343);                /* WCTEMP, kelvin */
    store_le(out + 268, 2, 353);                /* CCTEMP */
    store_le(out + 280, 8, drive_bytes(drive)); /* TNVMCAP */
    store_le(out + 296, 8, nvme_unallocated_bytes(drive));
    store_le(out + 312, 4, nvme->rpmb_targets == 0 ? 0 : nvme->rpmb_targets | 1 << 16);
    store_le(out + 328, 4, nvme_sanicap(drive));
    out[512] = 0x66; /* SQES */
    out[513] = 0x44; /* CQES */
    store_le(out + 516, 4, NVME_NAMESPACES);
    store_le(out + 520, 2, oncs(drive));
    out[524] = fna(drive);
    out[525] = nvme->write_cache ? 0x07 : 0x06;   /* VWC; FFFFFFFFh may be flushed */
    out[531] = nvme->write_protection ? 0x07 : 0; /* NWPC */
    (void)snprintf((char *)out + 768, 256, "nqn.2024-01.org.example:sim:%016llx",
                   (unsigned long long)description->wwn);
}

/* --- namespace --- */

static uint8_t protection_capabilities(const struct drive *drive) {
    const struct nvme_description *nvme = &drive->description->nvme;
    for (unsigned i = 0; i < nvme->format_count; i++)
        if (nvme->formats[i].metadata_bytes >= 8)
            return 0x17; /* types 1 to 3, at the end of the metadata */
    return 0;
}

static uint8_t log2_of(uint32_t value) {
    uint8_t log = 0;
    while (value >> (log + 1) != 0)
        log++;
    return log;
}

static void put_formats(const struct drive *drive, uint8_t *out) {
    const struct nvme_description *nvme = &drive->description->nvme;
    out[25] = (uint8_t)(nvme->format_count - 1);
    for (unsigned i = 0; i < nvme->format_count; i++) {
        uint8_t *entry = out + 128 + 4 * (size_t)i;
        store_le(entry, 2, nvme->formats[i].metadata_bytes);
        entry[2] = log2_of(nvme->formats[i].data_bytes);
    }
}

/* What all namespaces have in common, and nothing of one. */
static void identify_common(const struct drive *drive, uint8_t out[NVME_PAGE]) {
    out[27] = 0x03; /* MC: extended and separate metadata */
    out[28] = protection_capabilities(drive);
    out[32] = 0x80; /* FPI */
    out[33] = (uint8_t)drive->description->nvme.deallocated_reads;
    put_formats(drive, out);
}

static void put_identifiers(const struct drive *drive, uint32_t nsid, uint8_t nguid[16],
                            uint8_t eui64[8]) {
    store_be(nguid, 8, drive->description->wwn);
    store_be(nguid + 8, 8, nsid);
    store_be(eui64, 8, (drive->description->wwn & ~UINT64_C(0xff)) | nsid);
}

static void identify_namespace(struct drive *drive, uint32_t nsid, const struct nvme_namespace *ns,
                               uint8_t out[NVME_PAGE]) {
    const uint64_t used = media_pages_in_use(drive->media, nsid) * MEDIA_PAGE;
    const uint64_t used_lbas = used / nvme_lba_bytes(drive, ns);
    identify_common(drive, out);
    store_le(out + 0, 8, ns->lbas);
    store_le(out + 8, 8, ns->lbas);
    store_le(out + 16, 8, used_lbas < ns->lbas ? used_lbas : ns->lbas);
    out[26] = (uint8_t)(ns->format | ns->extended << 4);
    out[29] = ns->protection;
    out[30] = ns->shared && drive->description->nvme.controllers > 1;
    if ((nvme_volatile(drive)->formatting >> nsid & 1) != 0) {
        const uint32_t done = operation_progress(drive) * 100 / 65536;
        out[32] = (uint8_t)(0x80 | (100 - done)); /* FPI: percent that is left */
    }
    store_le(out + 48, 8, ns->lbas * nvme_data_bytes(drive, ns)); /* NVMCAP */
    out[99] = ns->write_protection != WP_NONE;                    /* NSATTR */
    put_identifiers(drive, nsid, out + 104, out + 120);
}

static void identify_descriptors(const struct drive *drive, uint32_t nsid, uint8_t out[NVME_PAGE]) {
    uint8_t nguid[16], eui64[8];
    put_identifiers(drive, nsid, nguid, eui64);
    out[0] = 1; /* NIDT: EUI-64 */
    out[1] = sizeof eui64;
    memcpy(out + 4, eui64, sizeof eui64);
    out[12] = 2; /* NGUID */
    out[13] = sizeof nguid;
    memcpy(out + 16, nguid, sizeof nguid);
}

/* --- lists --- */

static void namespace_list(const struct drive *drive, uint32_t after, int controller,
                           uint8_t out[NVME_PAGE]) {
    unsigned count = 0;
    for (uint32_t nsid = 1; nsid <= NVME_NAMESPACES; nsid++) {
        const struct nvme_namespace *ns = controller < 0
                                              ? nvme_allocated(drive, nsid)
                                              : nvme_active(drive, nsid, (uint16_t)controller);
        if (ns != NULL && nsid > after)
            store_le(out + 4 * (size_t)count++, 4, nsid);
    }
}

/* mask: which controllers; first: the lowest that is wanted. */
static void controller_list(uint8_t mask, unsigned first, uint8_t out[NVME_PAGE]) {
    unsigned count = 0;
    for (unsigned id = first; id < NVME_CONTROLLERS; id++)
        if ((mask >> id & 1) != 0)
            store_le(out + 2 + 2 * (size_t)count++, 2, id);
    store_le(out, 2, count);
}

/* --- the command --- */

static bool is_number_of_namespace(uint32_t nsid) {
    return nsid >= 1 && nsid <= NVME_NAMESPACES;
}

/* CNS 00h: of an inactive namespace all zeros; FFFFFFFFh tells what is common. */
static uint16_t one_namespace(struct drive *drive, const struct drive_request *request,
                              const struct nvme_namespace *ns, uint8_t out[NVME_PAGE]) {
    const uint32_t nsid = sqe_nsid(request);
    if (nsid == NVME_BROADCAST && drive->description->nvme.namespace_management)
        identify_common(drive, out);
    else if (!is_number_of_namespace(nsid))
        return NVME_INVALID_NAMESPACE;
    else if (ns != NULL)
        identify_namespace(drive, nsid, ns, out);
    return NVME_OK;
}

static uint16_t list_of_namespaces(const struct drive *drive, const struct drive_request *request,
                                   int controller, uint8_t out[NVME_PAGE]) {
    if (sqe_nsid(request) >= 0xfffffffe)
        return NVME_INVALID_NAMESPACE;
    namespace_list(drive, sqe_nsid(request), controller, out);
    return NVME_OK;
}

static uint16_t fill(struct drive *drive, const struct drive_request *request,
                     uint8_t out[NVME_PAGE]) {
    const uint32_t nsid = sqe_nsid(request), cdw10 = sqe_dword(request, 10);
    const struct nvme_namespace *allocated = nvme_allocated(drive, nsid);
    const struct nvme_namespace *active = nvme_active(drive, nsid, request->controller);
    const uint8_t all = (uint8_t)((1U << drive->description->nvme.controllers) - 1);
    const bool management = drive->description->nvme.namespace_management;
    const unsigned cns = cdw10 & 0xff;
    if (cns >= CNS_ALLOCATED_LIST && !management)
        return NVME_INVALID_FIELD;
    switch (cns) {
    case CNS_NAMESPACE:
        return one_namespace(drive, request, active, out);
    case CNS_CONTROLLER:
        identify_controller(drive, request->controller, out);
        return NVME_OK;
    case CNS_ACTIVE_LIST:
        return list_of_namespaces(drive, request, request->controller, out);
    case CNS_DESCRIPTORS:
        if (active == NULL)
            return NVME_INVALID_NAMESPACE;
        identify_descriptors(drive, nsid, out);
        return NVME_OK;
    case CNS_ALLOCATED_LIST:
        return list_of_namespaces(drive, request, -1, out);
    case CNS_ALLOCATED:
        return one_namespace(drive, request, allocated, out);
    case CNS_ATTACHED_CONTROLLERS:
        if (allocated == NULL)
            return NVME_INVALID_NAMESPACE;
        controller_list(allocated->attached, cdw10 >> 16, out);
        return NVME_OK;
    case CNS_CONTROLLERS:
        controller_list(all, cdw10 >> 16, out);
        return NVME_OK;
    default:
        return NVME_INVALID_FIELD;
    }
}

uint16_t nvme_serve_identify(struct drive *drive, struct drive_request *request) {
    uint8_t data[NVME_PAGE] = {0};
    const uint16_t status = fill(drive, request, data);
    if (status == NVME_OK)
        nvme_return(request, data, sizeof data);
    return status;
}
