/* NVMe: Get Features (0Ah) and Set Features (09h). */
#include "nvme.h"

enum nvme_feature {
    FEATURE_ARBITRATION = 0x01,
    FEATURE_POWER = 0x02,
    FEATURE_TEMPERATURE = 0x04,
    FEATURE_ERROR_RECOVERY = 0x05,
    FEATURE_WRITE_CACHE = 0x06,
    FEATURE_QUEUES = 0x07,
    FEATURE_COALESCING = 0x08,
    FEATURE_VECTOR = 0x09,
    FEATURE_ATOMICITY = 0x0a,
    FEATURE_EVENTS = 0x0b,
    FEATURE_TIMESTAMP = 0x0e,
    FEATURE_SANITIZE = 0x17,
    FEATURE_HOST_ID = 0x81,
    FEATURE_WRITE_PROTECTION = 0x84,
};

enum { SAVE = 1u << 31, QUEUES = 8 /* pairs that the drive has for the front end */ };

/* Those that are plain values, lost with power. */
static bool is_plain(unsigned feature) {
    static const uint8_t plain[] = {FEATURE_ARBITRATION,    FEATURE_POWER,      FEATURE_TEMPERATURE,
                                    FEATURE_ERROR_RECOVERY, FEATURE_COALESCING, FEATURE_VECTOR,
                                    FEATURE_ATOMICITY,      FEATURE_EVENTS,     FEATURE_TIMESTAMP,
                                    FEATURE_HOST_ID};
    for (unsigned i = 0; i < sizeof plain; i++)
        if (plain[i] == feature)
            return true;
    return false;
}

/* Feature 84h: state in dword 11 bits 2:0. Permanent never ends; until power cycle ends with that.
 */
static uint16_t set_write_protection(struct drive *drive, const struct drive_request *request) {
    struct nvme_namespace *ns = nvme_active(drive, sqe_nsid(request), request->controller);
    const unsigned wanted = sqe_dword(request, 11) & 7;
    if (!drive->description->nvme.write_protection)
        return NVME_INVALID_FIELD;
    if (ns == NULL)
        return NVME_INVALID_NAMESPACE;
    if (wanted > WP_PERMANENT)
        return NVME_INVALID_FIELD;
    if (ns->write_protection >= WP_UNTIL_POWER_CYCLE && wanted != ns->write_protection)
        return NVME_FEATURE_NOT_CHANGEABLE;
    ns->write_protection = (uint8_t)wanted;
    return NVME_OK;
}

uint16_t nvme_serve_set_features(struct drive *drive, struct drive_request *request) {
    const unsigned feature = sqe_dword(request, 10) & 0xff;
    const uint32_t value = sqe_dword(request, 11);
    switch (feature) {
    case FEATURE_WRITE_CACHE:
        if (!drive->description->nvme.write_cache)
            return NVME_INVALID_FIELD;
        nvme_state(drive)->write_cache = (value & 1) != 0;
        media_use_cache(drive->media, nvme_state(drive)->write_cache);
        return NVME_OK;
    case FEATURE_QUEUES:
        request->nvme_result = (QUEUES - 1) | (QUEUES - 1) << 16;
        return NVME_OK;
    case FEATURE_SANITIZE:
        if (!nvme_can_sanitize(drive))
            return NVME_INVALID_FIELD;
        nvme_state(drive)->no_deallocate_warning = (value & 1) != 0;
        return NVME_OK;
    case FEATURE_WRITE_PROTECTION:
        return set_write_protection(drive, request);
    default:
        break;
    }
    if (!is_plain(feature))
        return NVME_INVALID_FIELD;
    if ((sqe_dword(request, 10) & SAVE) != 0)
        return NVME_FEATURE_NOT_SAVEABLE;
    nvme_volatile(drive)->features[feature] = value;
    return NVME_OK;
}

static uint16_t get_write_protection(const struct drive *drive, struct drive_request *request) {
    const struct nvme_namespace *ns = nvme_active(drive, sqe_nsid(request), request->controller);
    if (!drive->description->nvme.write_protection)
        return NVME_INVALID_FIELD;
    if (ns == NULL)
        return NVME_INVALID_NAMESPACE;
    request->nvme_result = ns->write_protection;
    return NVME_OK;
}

uint16_t nvme_serve_get_features(struct drive *drive, struct drive_request *request) {
    const unsigned feature = sqe_dword(request, 10) & 0xff;
    switch (feature) {
    case FEATURE_WRITE_CACHE:
        if (!drive->description->nvme.write_cache)
            return NVME_INVALID_FIELD;
        request->nvme_result = nvme_state(drive)->write_cache;
        return NVME_OK;
    case FEATURE_QUEUES:
        request->nvme_result = (QUEUES - 1) | (QUEUES - 1) << 16;
        return NVME_OK;
    case FEATURE_SANITIZE:
        if (!nvme_can_sanitize(drive))
            return NVME_INVALID_FIELD;
        request->nvme_result = nvme_state(drive)->no_deallocate_warning;
        return NVME_OK;
    case FEATURE_WRITE_PROTECTION:
        return get_write_protection(drive, request);
    default:
        break;
    }
    if (!is_plain(feature))
        return NVME_INVALID_FIELD;
    request->nvme_result = nvme_volatile(drive)->features[feature];
    if (request->data_size > 0)
        nvme_return(request, "", 0);
    return NVME_OK;
}
