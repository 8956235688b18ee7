/* Namespaces: making, deleting, attaching them, and their room. */
#include "nvme.h"
#include "plant.h"

struct nvme_namespace *nvme_allocated(const struct drive *drive, uint32_t nsid) {
    if (nsid == 0 || nsid > NVME_NAMESPACES || !nvme_state(drive)->namespaces[nsid].allocated)
        return NULL;
    return &nvme_state(drive)->namespaces[nsid];
}

struct nvme_namespace *nvme_active(const struct drive *drive, uint32_t nsid, uint16_t controller) {
    struct nvme_namespace *ns = nvme_allocated(drive, nsid);
    return ns != NULL && (ns->attached >> controller & 1) != 0 ? ns : NULL;
}

static const struct nvme_format_description *format_of(const struct drive *drive,
                                                       const struct nvme_namespace *ns) {
    return &drive->description->nvme.formats[ns->format];
}

uint32_t nvme_data_bytes(const struct drive *drive, const struct nvme_namespace *ns) {
    return format_of(drive, ns)->data_bytes;
}

uint32_t nvme_metadata_bytes(const struct drive *drive, const struct nvme_namespace *ns) {
    return format_of(drive, ns)->metadata_bytes;
}

uint32_t nvme_lba_bytes(const struct drive *drive, const struct nvme_namespace *ns) {
    return nvme_data_bytes(drive, ns) + nvme_metadata_bytes(drive, ns);
}

static uint64_t whole_pages(uint64_t bytes) {
    return (bytes + MEDIA_PAGE - 1) / MEDIA_PAGE * MEDIA_PAGE;
}

uint64_t nvme_unallocated_bytes(const struct drive *drive) {
    uint64_t taken = 0;
    for (unsigned nsid = 1; nsid <= NVME_NAMESPACES; nsid++)
        if (nvme_allocated(drive, nsid) != NULL)
            taken += nvme_state(drive)->namespaces[nsid].bytes;
    const uint64_t capacity = drive_bytes(drive);
    return taken > capacity ? 0 : capacity - taken;
}

/* --- a new drive --- */

static void make_namespace(struct drive *drive, uint32_t nsid,
                           const struct nvme_namespace_description *wanted) {
    const uint8_t all = (uint8_t)((1U << drive->description->nvme.controllers) - 1);
    struct nvme_namespace *ns = &nvme_state(drive)->namespaces[nsid];
    const uint64_t room = nvme_unallocated_bytes(drive);
    *ns = (struct nvme_namespace){
        .extended = wanted->extended,
        .format = (uint8_t)wanted->format,
        .protection = (uint8_t)wanted->protection,
        .attached = wanted->only >= 0 ? (uint8_t)(1U << wanted->only) : all,
        .shared = wanted->only < 0,
        .write_protection = (uint8_t)wanted->write_protection,
    };
    if (wanted->detached)
        ns->attached = 0;
    const uint64_t lba_bytes = nvme_lba_bytes(drive, ns);
    const uint64_t bytes =
        wanted->bytes == 0 ? room : wanted->bytes / nvme_data_bytes(drive, ns) * lba_bytes;
    ns->bytes = whole_pages(bytes) < room ? whole_pages(bytes) : room;
    ns->lbas = (bytes < room ? bytes : room) / lba_bytes;
    ns->allocated = ns->lbas > 0;
}

void nvme_make_namespaces(struct drive *drive) {
    static const struct nvme_namespace_description whole = {.only = -1};
    const struct nvme_description *nvme = &drive->description->nvme;
    if (nvme->namespace_count == 0 && !nvme->namespace_none)
        make_namespace(drive, 1, &whole);
    for (unsigned i = 0; i < nvme->namespace_count; i++)
        make_namespace(drive, i + 1, &nvme->namespaces[i]);
}

static void plant_one(struct drive *drive, uint32_t nsid, const struct nvme_namespace *ns) {
    const struct drive_description *description = drive->description;
    const struct plant_order order = {
        .tag = description->plant,
        .region = nsid,
        .lba_bytes = nvme_lba_bytes(drive, ns),
        .lbas = ns->lbas,
        .every = description->plant_every,
        .stale = description->plant_stale,
        .remapped = description->plant_remapped,
    };
    plant_region(drive->media, &order);
}

/* A namespace that once was: its pages hold data and no mapping leads to them. */
static void plant_unallocated(struct drive *drive) {
    struct nvme_namespace once = {.lbas = nvme_unallocated_bytes(drive) / 512};
    const uint32_t nsid = NVME_NAMESPACES;
    if (nvme_allocated(drive, nsid) != NULL || once.lbas == 0)
        return;
    const struct plant_order order = {.tag = drive->description->plant,
                                      .region = nsid,
                                      .lba_bytes = 512,
                                      .lbas = once.lbas,
                                      .every = drive->description->plant_every};
    plant_region(drive->media, &order);
    media_discard(drive->media, nsid, 0, once.lbas * 512);
}

void nvme_plant(struct drive *drive) {
    for (unsigned nsid = 1; nsid <= NVME_NAMESPACES; nsid++) {
        const struct nvme_namespace *ns = nvme_allocated(drive, nsid);
        if (ns != NULL)
            plant_one(drive, nsid, ns);
    }
    if (drive->description->nvme.unallocated_stale)
        plant_unallocated(drive);
    nvme_state(drive)->global_data_erased = false;
}

/* The largest namespace gives way. */
void nvme_capacity_changed(struct drive *drive) {
    struct nvme_namespace *largest = NULL;
    uint64_t taken = 0;
    for (unsigned nsid = 1; nsid <= NVME_NAMESPACES; nsid++) {
        struct nvme_namespace *ns = nvme_allocated(drive, nsid);
        if (ns == NULL)
            continue;
        taken += ns->bytes;
        if (largest == NULL || ns->bytes > largest->bytes)
            largest = ns;
    }
    const uint64_t capacity = drive_bytes(drive);
    if (largest == NULL || taken <= capacity)
        return;
    const uint64_t less = taken - capacity;
    largest->bytes = less < largest->bytes ? largest->bytes - less : 0;
    largest->lbas = largest->bytes / nvme_lba_bytes(drive, largest);
}

/* --- Namespace Management (0Dh) --- */

static uint32_t free_nsid(const struct drive *drive) {
    for (uint32_t nsid = 1; nsid <= NVME_NAMESPACES; nsid++)
        if (nvme_allocated(drive, nsid) == NULL)
            return nsid;
    return 0;
}

/* Data: the fields of Identify Namespace that the host may choose. */
static uint16_t create(struct drive *drive, struct drive_request *request) {
    const uint8_t *data = request->data;
    const uint64_t size = load_le(data, 8), capacity = load_le(data + 8, 8);
    struct nvme_namespace ns = {.allocated = true,
                                .format = data[26] & 0xf,
                                .extended = (data[26] & 0x10) != 0,
                                .protection = data[29] & 7,
                                .shared = (data[30] & 1) != 0,
                                .lbas = size};
    if (ns.format >= drive->description->nvme.format_count)
        return NVME_INVALID_FORMAT;
    if (size == 0 || capacity != size)
        return NVME_INVALID_FIELD;
    if (size > drive_bytes(drive) / nvme_data_bytes(drive, &ns))
        return NVME_INSUFFICIENT_CAPACITY;
    if (ns.protection != 0 && (ns.protection > 3 || nvme_metadata_bytes(drive, &ns) < 8))
        return NVME_INVALID_FORMAT;
    ns.bytes = whole_pages(size * nvme_lba_bytes(drive, &ns));
    if (ns.bytes > nvme_unallocated_bytes(drive))
        return NVME_INSUFFICIENT_CAPACITY;
    const uint32_t nsid = free_nsid(drive);
    if (nsid == 0)
        return NVME_NSID_UNAVAILABLE;
    nvme_state(drive)->namespaces[nsid] = ns;
    request->nvme_result = nsid;
    return NVME_OK;
}

/* The pages lose their mapping; what they hold stays where it is. */
static void delete_one(struct drive *drive, uint32_t nsid) {
    struct nvme_namespace *ns = &nvme_state(drive)->namespaces[nsid];
    ns->allocated = false;
    media_discard(drive->media, nsid, 0, ns->bytes);
}

static uint16_t delete (struct drive *drive, uint32_t nsid) {
    if (nsid != NVME_BROADCAST && nvme_allocated(drive, nsid) == NULL)
        return NVME_INVALID_NAMESPACE;
    for (uint32_t i = 1; i <= NVME_NAMESPACES; i++)
        if (nvme_allocated(drive, i) != NULL && (nsid == i || nsid == NVME_BROADCAST))
            delete_one(drive, i);
    return NVME_OK;
}

uint16_t nvme_ns_management(struct drive *drive, struct drive_request *request) {
    switch (sqe_dword(request, 10) & 0xf) {
    case 0:
        return request->data_size < 384 ? NVME_INVALID_FIELD : create(drive, request);
    case 1:
        return delete (drive, sqe_nsid(request));
    default:
        return NVME_INVALID_FIELD;
    }
}

/* --- Namespace Attachment (15h) --- */

/* The controller list as a bit mask; 0 if it is wrong. */
static uint8_t controller_mask(const struct drive *drive, const struct drive_request *request) {
    const unsigned count = (unsigned)load_le(request->data, 2);
    uint8_t mask = 0;
    if (count == 0 || count > NVME_CONTROLLERS)
        return 0;
    for (unsigned i = 0; i < count; i++) {
        const unsigned id = (unsigned)load_le(request->data + 2 + 2 * (size_t)i, 2);
        if (id >= drive->description->nvme.controllers)
            return 0;
        mask |= (uint8_t)(1U << id);
    }
    return mask;
}

static uint16_t attach(struct nvme_namespace *ns, uint8_t mask) {
    if ((ns->attached & mask) != 0)
        return NVME_ALREADY_ATTACHED;
    const uint8_t all = ns->attached | mask;
    if (!ns->shared && (all & (all - 1)) != 0)
        return NVME_PRIVATE;
    ns->attached = all;
    return NVME_OK;
}

static uint16_t detach(struct nvme_namespace *ns, uint8_t mask) {
    if ((ns->attached & mask) != mask)
        return NVME_NOT_ATTACHED;
    ns->attached &= (uint8_t)~mask;
    return NVME_OK;
}

uint16_t nvme_ns_attachment(struct drive *drive, struct drive_request *request) {
    struct nvme_namespace *ns = nvme_allocated(drive, sqe_nsid(request));
    if (ns == NULL)
        return NVME_INVALID_NAMESPACE;
    const uint8_t mask = request->data_size < NVME_PAGE ? 0 : controller_mask(drive, request);
    if (mask == 0)
        return NVME_INVALID_CONTROLLER_LIST;
    switch (sqe_dword(request, 10) & 0xf) {
    case 0:
        return attach(ns, mask);
    case 1:
        return detach(ns, mask);
    default:
        return NVME_INVALID_FIELD;
    }
}
