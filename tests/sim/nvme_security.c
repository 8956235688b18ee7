/* Security Send and Receive: dword 10 protocol 31:24 and what is specific to it 23:8, dword 11 the
 * length. */
#include "nvme.h"

static uint8_t protocol_of(const struct drive_request *request) {
    return (uint8_t)(sqe_dword(request, 10) >> 24);
}

static uint16_t comid_of(const struct drive_request *request) {
    return (uint16_t)(sqe_dword(request, 10) >> 8);
}

uint16_t nvme_serve_security_receive(struct drive *drive, struct drive_request *request) {
    if (!tcg_receive(drive, protocol_of(request), comid_of(request), request->data,
                     request->data_size))
        return NVME_INVALID_FIELD;
    request->transferred = request->data_size;
    return NVME_OK;
}

uint16_t nvme_serve_security_send(struct drive *drive, struct drive_request *request) {
    const bool taken =
        tcg_send(drive, protocol_of(request), comid_of(request), request->data, request->data_size);
    return taken ? NVME_OK : NVME_INVALID_FIELD;
}
