#include "address_probe.h"

#include "quietus/json.h"
#include "quietus/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct probe {
    struct erase_run *run;
    struct pattern pattern;
    uint8_t *expected;
    uint8_t *found;
    uint64_t places;
    uint64_t unwritten[DISK_AREAS]; /* a bit for each place of an area: it could not be written */
    uint64_t untried;               /* could not be written, or not be read */
    uint64_t wrong;
    uint64_t first_wrong; /* LBA */
};

/* number: the LBA's power of two; of the first LBA 0, which no other place has. */
struct place {
    unsigned area;
    unsigned number;
    uint64_t offset;
    uint32_t length;
};

typedef int (*probe_step)(struct probe *probe, const struct place *place);

/* 0, or -ETIME. */
static int heard(struct probe *probe, int error) {
    progress_heard(probe->run->progress, probe->places);
    if (error == -ETIME)
        return error;
    probe->untried += error != 0;
    return 0;
}

static int write_place(struct probe *probe, const struct place *place) {
    struct erase_run *run = probe->run;
    if (atomic_load(&run->progress->given_up))
        return -ECANCELED;
    pattern_fill(&probe->pattern, run->layout, place->area, place->offset, probe->expected,
                 place->length);
    probe->places++;
    const int error =
        armed_write(run->armed, place->area, place->offset, probe->expected, place->length);
    if (error)
        probe->unwritten[place->area] |= UINT64_C(1) << place->number;
    return heard(probe, error);
}

static int read_place(struct probe *probe, const struct place *place) {
    struct erase_run *run = probe->run;
    if (probe->unwritten[place->area] >> place->number & 1)
        return 0;
    const int error = device_read(armed_device(run->armed), place->area, place->offset,
                                  probe->found, place->length);
    pattern_fill(&probe->pattern, run->layout, place->area, place->offset, probe->expected,
                 place->length);
    if (error == 0 && memcmp(probe->found, probe->expected, place->length) != 0 &&
        probe->wrong++ == 0)
        probe->first_wrong = place->offset / run->layout->areas[place->area].lba_size;
    return heard(probe, error);
}

/* In rising order: what is written beyond the bit that is cut off lands on the first LBA. The
 * pattern is blank in the first and last MiB: so is the first place, and no other. */
static int each_place(struct probe *probe, probe_step step) {
    const struct layout *layout = probe->run->layout;
    for (unsigned i = 0; i < layout->area_count; i++) {
        const struct layout_area *area = &layout->areas[i];
        if (area->bytes <= UINT64_C(2) * PATTERN_BLANK_ENDS)
            continue;
        struct place place = {.area = i, .length = area->unit};
        int error = step(probe, &place);
        for (place.number = 1; error == 0; place.number++) {
            place.offset = (uint64_t)area->lba_size << place.number;
            if (place.offset >= area->bytes - PATTERN_BLANK_ENDS)
                break;
            if (place.offset >= PATTERN_BLANK_ENDS)
                error = step(probe, &place);
        }
        if (error)
            return error;
    }
    return 0;
}

static void record(const struct probe *probe, int flush_error) {
    json_t *event = json_new_object();
    json_put_text(event, "generator", PATTERN_GENERATOR);
    json_put_hex(event, "key", probe->pattern.key, sizeof probe->pattern.key);
    json_put_count(event, "places", probe->places);
    json_put_count(event, "untried", probe->untried);
    json_put_count(event, "wrong", probe->wrong);
    json_put_text(event, "flush", flush_error ? strerror(-flush_error) : "good");
    evidence_event(probe->run->evidence, "address-probe", event);
}

static int judge(const struct probe *probe) {
    char text[192];
    struct erase_run *run = probe->run;
    if (probe->wrong > 0) {
        reason_set(run->reason,
                   "the disk does not keep its addresses apart: of %" PRIu64
                   " LBAs that were written %" PRIu64 " do not hold what they were given (first: "
                   "%" PRIu64 "); a bridge may cut addresses off, or the capacity is not there",
                   probe->places, probe->wrong, probe->first_wrong);
        json_add_text(run->exceptions, run->reason->text);
        return -EIO;
    }
    if (probe->untried > 0) {
        (void)snprintf(text, sizeof text,
                       "whether the disk keeps its addresses apart could not be tried at %" PRIu64
                       " of %" PRIu64 " places",
                       probe->untried, probe->places);
        json_add_text(run->exceptions, text);
    }
    return 0;
}

int address_probe(struct erase_run *run) {
    static const struct pass random = {.random = true};
    struct probe probe = {.run = run};
    struct reason reason;
    /* Who is not there, or is another disk, is found out by the pass. */
    if (armed_begin(run->armed, &reason) != 0)
        return 0;
    progress_start(run->progress, PHASE_PREPARING, 0, 0, 0);
    pattern_start(&probe.pattern, &random);
    const uint32_t size = layout_largest_unit(run->layout);
    probe.expected = memory_pages(size);
    probe.found = memory_pages(size);
    int error = each_place(&probe, write_place);
    const int flush_error = error ? 0 : armed_end(run->armed);
    if (error == 0)
        error = each_place(&probe, read_place);
    record(&probe, flush_error);
    if (error == -ETIME) { /* the kernel may still use the buffers */
        reason_set(run->reason, "the disk fell silent when it was tried whether it keeps its "
                                "addresses apart");
        return error;
    }
    memory_pages_free(probe.expected, size);
    memory_pages_free(probe.found, size);
    if (error) {
        reason_set(run->reason, "stopped before the first pass");
        return error;
    }
    return judge(&probe);
}
