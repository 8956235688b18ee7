/*
 * Planted data: sectors that say what they are, so that the oracle finds them again wherever they
 * are left. A sector is filled with records of 32 characters, "QPLANT", the tag, and where it was
 * planted; even a fragment of one holds a whole record.
 */
#ifndef SIM_PLANT_H
#define SIM_PLANT_H

#include <stddef.h>
#include <stdint.h>

struct drive;
struct media;

enum { PLANT_RECORD = 32 };

/* Fills one sector. */
void plant_fill(uint8_t *sector, size_t bytes, const char *tag, unsigned region, uint64_t lba);

/* Plants a range of a region's LBAs: one page in every. Some of the pages are overwritten with
 * planted data of a different LBA, so that a stale copy stays, and some remapped, as asked. */
struct plant_order {
    const char *tag;
    unsigned region;
    uint32_t lba_bytes;
    uint64_t lbas;
    uint32_t every;
    uint32_t stale;    /* pages */
    uint32_t remapped; /* pages */
    /* Each sector ends with so many bytes of protection information, which this puts there; 0 and
     * NULL: with none. */
    uint32_t protection_bytes;
    void (*protect)(uint8_t *sector, uint32_t data_bytes, uint64_t lba);
};
void plant_region(struct media *media, const struct plant_order *order);

/* As the description of a new drive says. The command set says where its LBAs are. */
void plant_drive(struct drive *drive);

#endif
