/* A host's side of NVMe, for tests: one call for each command; returns the status. */
#ifndef SIM_NVME_HOST_H
#define SIM_NVME_HOST_H

#include "nvme.h"

/* A command that was left without an answer, or whose drive was lost. */
enum { HOST_PENDING = 0xfff0, HOST_LOST = 0xfff1 };

struct nvme_command {
    bool io;
    uint8_t opcode;
    uint32_t nsid;
    uint32_t cdw10, cdw11, cdw12, cdw13;
    void *data;
    size_t data_size;
    uint16_t controller;
};

/* Sends it; a command that stays pending is forgotten. */
uint16_t host_command(struct drive *drive, const struct nvme_command *command);
/* The same, but lets up to so much simulated time pass for the answer. */
uint16_t host_command_wait(struct drive *drive, const struct nvme_command *command,
                           uint64_t milliseconds);
/* Dword 0 of the last completion. */
uint32_t host_result(void);
size_t host_transferred(void);

uint16_t host_read(struct drive *drive, uint32_t nsid, uint64_t lba, uint32_t lbas, void *data,
                   size_t size);
uint16_t host_write(struct drive *drive, uint32_t nsid, uint64_t lba, uint32_t lbas, void *data,
                    size_t size);
uint16_t host_identify(struct drive *drive, uint32_t nsid, uint32_t cns, uint8_t out[4096]);
uint16_t host_log(struct drive *drive, unsigned page, void *data, size_t size);
/* cdw11: the pattern. */
uint16_t host_sanitize(struct drive *drive, uint32_t cdw10, uint32_t cdw11);
uint16_t host_format(struct drive *drive, uint32_t nsid, uint32_t cdw10, uint64_t wait);

/* Fields of log 81h. */
struct sanitize_log {
    uint32_t progress, status, passes, cdw10;
    bool global_data_erased;
};
struct sanitize_log host_sanitize_log(struct drive *drive);

#endif
