/*
 * Protection information (SBC): 8 bytes behind the data of a block; a guard (CRC of the data), an
 * application tag, and a reference tag (the low part of the LBA, in types 1 and 2).
 */
#ifndef SIM_SAS_PROTECTION_H
#define SIM_SAS_PROTECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum protection_checks {
    PROTECTION_GUARD = 1 << 0,
    PROTECTION_REFERENCE = 1 << 1,
};

/* CRC-16 of T10: polynomial 8BB7h, begins at 0. */
uint16_t protection_guard(const uint8_t *data, size_t bytes);

/* Puts it behind the data, as a drive does for a host that sends none. */
void protection_put(uint8_t *block, uint32_t data_bytes, unsigned type, uint64_t lba);

/* 0, or the additional sense of the first check that fails (DEVICE-FACTS B.4). */
uint16_t protection_check(const uint8_t *block, uint32_t data_bytes, unsigned type, uint64_t lba,
                          unsigned checks);

#endif
