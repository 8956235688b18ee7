/*
 * What the pattern and the comparison cost in instructions, for callgrind: goes over so many MiB of
 * a disk that takes no time at all.
 *   quietus-cost pattern|compare MIB
 */
#include "quietus/keys.h"
#include "quietus/verify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 512 << 10 };

static struct io_request *ready[TRANSPORT_DEPTH];
static unsigned ready_count;

/* Every byte reads as zero. A buffer stays as it is when it is used again: filling it is not to be
 * counted. */
static int read_at_once(void *context, struct io_request *request) {
    static unsigned filled;
    (void)context;
    if (filled < TRANSPORT_DEPTH) {
        memset(request->buffer, 0, request->length);
        filled++;
    }
    request->result = (int32_t)request->length;
    ready[ready_count++] = request;
    return 0;
}

static int take(void *context, uint32_t timeout_ms, struct io_request **done) {
    (void)context;
    (void)timeout_ms;
    if (ready_count == 0)
        return -ENOENT;
    *done = ready[--ready_count];
    return 0;
}

static void nothing(void *context) {
    (void)context;
}

static int compare(const struct disk *disk, const struct layout *layout) {
    static const struct transport_ops ops = {
        .submit = read_at_once, .wait = take, .close = nothing};
    static const struct verify_level full = {.kind = VERIFY_FULL};
    const struct pattern zero = {0};
    struct progress progress;
    struct sample_places places;
    struct verify_report report;
    struct device *device = device_new(&ops, NULL, disk);
    sample_places_choose(layout, &full, NULL, &places);
    const int error = verify_pattern(device, layout, &zero, &places, &progress, &report);
    sample_places_free(&places);
    device_close(device);
    return error || !report.complete || report.mismatched > 0;
}

static int fill(const struct layout *layout) {
    struct pattern pattern;
    uint8_t *buffer = aligned_alloc(TRANSPORT_ALIGNMENT, CHUNK);
    if (!buffer)
        return 1;
    pattern_start(&pattern, &(struct pass){.random = true});
    for (uint64_t at = 0; at < layout->bytes; at += CHUNK)
        pattern_fill(&pattern, layout, 0, at, buffer, CHUNK);
    free(buffer);
    return 0;
}

int main(int argc, char **argv) {
    const unsigned long mebibytes = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    struct layout layout;
    if (mebibytes == 0) {
        (void)fprintf(stderr, "usage: quietus-cost pattern|compare MIB\n");
        return 1;
    }
    keys_start();
    struct disk *disk = disk_new();
    disk->area_count = 1;
    disk->areas[0].lba_size = 512;
    disk->areas[0].lba_count = mebibytes << 11;
    text_copy(disk->areas[0].node, sizeof disk->areas[0].node, "/dev/none");
    layout_make(disk->areas, 1, &layout);
    const int status = strcmp(argv[1], "pattern") == 0 ? fill(&layout) : compare(disk, &layout);
    disk_free(disk);
    return status;
}
