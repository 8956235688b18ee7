#include "reader.h"

#include "quietus/buffers.h"
#include "quietus/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that are read at once, if they lie together. Of a whole disk eight such keep any device
 * busy (writer.c); of samples there are as many requests as can be in flight. */
enum { REQUEST_OF_ALL = 512 << 10, REQUEST_OF_SOME = LAYOUT_LARGEST_UNIT };

/* One request: a place, or several that follow each other on the disk. If those fail together they
 * are read one by one. */
struct slot {
    struct io_request request;
    struct place_unit left; /* what has not been reported: whole places, the last may be shorter */
    uint32_t unit;          /* bytes of a place */
    uint64_t index;         /* of the first that is left */
    bool singly;
};

struct run {
    const struct reader *reader;
    uint32_t room; /* bytes of a slot */
    struct slot slots[TRANSPORT_DEPTH];
    struct slot *idle[TRANSPORT_DEPTH];
    unsigned depth; /* slots that there is memory for */
    unsigned idle_count;
    uint64_t next;           /* the first place that is in no slot, */
    struct place_unit ahead; /* and where it is, if there is one */
    uint64_t finished;
    uint8_t *memory;
};

static bool has_enough(const struct reader *reader) {
    return reader->enough && *reader->enough;
}

static void look_ahead(struct run *run) {
    if (run->next < run->reader->count)
        run->ahead = run->reader->place(run->reader->user, run->next);
}

/* Whether the place ahead can be read with what a slot has. A short one is the last of its area. */
static bool fits(const struct run *run, const struct slot *slot) {
    const struct place_unit *left = &slot->left;
    const struct place_unit *place = &run->ahead;
    return place->area == left->area && place->offset == left->offset + left->length &&
           left->length + place->length <= run->room;
}

static void gather(struct run *run, struct slot *slot) {
    slot->index = run->next;
    slot->left = run->ahead;
    slot->unit = run->ahead.length;
    slot->singly = false;
    for (run->next++, look_ahead(run); run->next < run->reader->count && fits(run, slot);
         run->next++, look_ahead(run))
        slot->left.length += run->ahead.length;
}

static uint32_t shorter(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

static int send_next(const struct reader *reader, struct slot *slot) {
    slot->request.area = slot->left.area;
    slot->request.offset = slot->left.offset;
    slot->request.length =
        slot->singly ? shorter(slot->unit, slot->left.length) : slot->left.length;
    slot->request.result = 0;
    return device_submit(reader->device, &slot->request);
}

/* Reports the first place that is left. */
static void tell(struct run *run, struct slot *slot, const uint8_t *data, int error) {
    const struct reader *reader = run->reader;
    const struct place_unit place = {slot->left.area, slot->left.offset,
                                     shorter(slot->unit, slot->left.length)};
    reader->done(reader->user, slot->index++, &place, data, error);
    slot->left.offset += place.length;
    slot->left.length -= place.length;
    progress_heard(reader->progress, ++run->finished);
}

/* A request has ended. */
static void take(struct run *run, struct slot *slot) {
    const struct io_request *request = &slot->request;
    const uint8_t *data = request->buffer;
    int error = 0;
    if (request->result < 0)
        error = request->result;
    else if ((uint32_t)request->result != request->length)
        error = -EIO;
    if (error && request->length > slot->unit) {
        slot->singly = true;
        return;
    }
    for (uint32_t at = 0; at < request->length; at += slot->unit)
        tell(run, slot, error ? NULL : data + at, error);
}

/* Sends what is left of a slot, as long as that fails at once; it is idle when nothing is left. */
static void go_on(struct run *run, struct slot *slot) {
    while (slot->left.length > 0 && !has_enough(run->reader)) {
        const int error = send_next(run->reader, slot);
        if (error == 0)
            return;
        slot->request.result = error;
        take(run, slot);
    }
    run->idle[run->idle_count++] = slot;
}

static void start(struct run *run) {
    struct slot *slot = run->idle[--run->idle_count];
    gather(run, slot);
    go_on(run, slot);
}

static int run_all(struct run *run) {
    const struct reader *reader = run->reader;
    while (run->finished < reader->count) {
        while (run->idle_count > 0 && run->next < reader->count && !has_enough(reader))
            start(run);
        if (run->idle_count == run->depth && has_enough(reader))
            return -EIO;
        if (run->idle_count == run->depth)
            continue;
        struct io_request *done;
        const int error = device_wait(reader->device, PROGRESS_SILENCE_MS, &done);
        if (error)
            return error;
        take(run, done->owner);
        go_on(run, done->owner);
    }
    return 0;
}

int reader_run(const struct reader *reader) {
    struct run *run = memory_new(1, sizeof *run);
    run->reader = reader;
    run->room = reader->whole ? REQUEST_OF_ALL : REQUEST_OF_SOME;
    const size_t size = buffers_take((size_t)run->room * TRANSPORT_DEPTH);
    run->depth = (unsigned)(size / run->room);
    run->memory = memory_pages(size);
    for (unsigned i = 0; i < run->depth; i++) {
        run->slots[i].request.buffer = run->memory + (size_t)i * run->room;
        run->slots[i].request.owner = &run->slots[i];
        run->idle[i] = &run->slots[i];
    }
    run->idle_count = run->depth;
    device_lend(reader->device, run->memory, size);
    look_ahead(run);
    const int error = run_all(run);
    if (run->idle_count < run->depth) {
        memory_abandon(run);
        return error;
    }
    device_lend(reader->device, NULL, 0);
    memory_pages_free(run->memory, size);
    buffers_give(size);
    free(run);
    return error;
}
