/* Pages that READ LOG EXT brings (DEVICE-FACTS A.9; ACS as in disk makers' manuals). */
#include "quietus/ata.h"

#include <errno.h>

enum { PAGE_SIZE = 512 };

/* A version, and then a word for each log: its pages. */
int ata_decode_log_directory(struct bytes data, uint8_t log, uint16_t *pages) {
    enum { VERSION = 1 };
    if (data.length < PAGE_SIZE || get_le16(data.data) != VERSION || log == ATA_LOG_DIRECTORY)
        return -EINVAL;
    *pages = get_le16(data.data + (size_t)2 * log);
    return 0;
}

/*
 * Eight bytes of header: revision and, in its third, the page's number; a page that is not there
 * has the revision 0. Then statistics of eight bytes: of the last the two upper bits say that it is
 * supported and that it is valid. The first of page 1 is Lifetime Power-On Resets, in 32 bits.
 */
int ata_decode_power_on_resets(struct bytes data, uint32_t *out) {
    enum { NUMBER = 2, FIRST = 8, FLAGS = 7, SUPPORTED_AND_VALID = 0xc0 };
    const uint8_t *d = data.data;
    if (data.length < PAGE_SIZE)
        return -EINVAL;
    if (get_le16(d) == 0)
        return -ENODATA;
    if (d[NUMBER] != ATA_STATISTICS_GENERAL)
        return -EINVAL;
    if ((d[FIRST + FLAGS] & SUPPORTED_AND_VALID) != SUPPORTED_AND_VALID)
        return -ENODATA;
    *out = get_le32(d + FIRST);
    return 0;
}
