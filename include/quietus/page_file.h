/*
 * Saved pages: IDENTIFY data, INQUIRY data, log pages and the like, as tools write them to files.
 */
#ifndef QUIETUS_PAGE_FILE_H
#define QUIETUS_PAGE_FILE_H

#include "quietus/text.h"

/*
 * Turns the contents of a file into the page's bytes. Understood are
 *   - binary,
 *   - hdparm --Istdout: 16-bit words as four digits, with or without the line that names the disk,
 *   - sg3_utils --inhex: bytes as two digits, with blanks, commas, 0x and # comments; also lines
 * that begin with an address and end with the bytes as text, as sg3_utils and nvme-cli print them.
 * The result goes to out (at most size bytes). Returns its length, or -EINVAL with the reason.
 */
int page_file_parse(const char *text, size_t length, uint8_t *out, size_t size,
                    struct reason *reason);

#endif
