#include "reader.h"

#include "quietus/buffers.h"
#include "quietus/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that are read at once, if they lie together. Of a whole disk eight such keep any device
 * busy (writer.c); of samples there are as many requests as can be in flight. */
enum { REQUEST_OF_ALL = 512 << 10, REQUEST_OF_SOME = LAYOUT_LARGEST_UNIT };
enum { MOST_LANES = REQUEST_OF_ALL / LAYOUT_LARGEST_UNIT };

/* A request, and the part of a slot's memory that it reads to. */
struct lane {
    struct io_request request;
    struct slot *slot;
    uint64_t index; /* of its first place */
    bool busy;
};

/* A place, or several that follow each other on the disk, which are one request, in the first lane.
 * If that fails they are read one by one, as many at a time as there are lanes: the kernel may need
 * long for each that fails. */
struct slot {
    struct lane lanes[MOST_LANES];
    struct place_unit left; /* what no request is for yet: whole places, the last may be shorter */
    uint64_t index;         /* of the first that is left */
    uint32_t unit;          /* bytes of a place */
    unsigned busy;          /* lanes */
    bool singly;
};

struct run {
    const struct reader *reader;
    uint32_t room; /* bytes of a slot */
    struct slot slots[TRANSPORT_DEPTH];
    struct slot *idle[TRANSPORT_DEPTH];
    unsigned depth; /* slots that there is memory for */
    unsigned idle_count;
    unsigned lanes; /* that a slot may use */
    unsigned in_flight;
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

static void tell(struct run *run, struct lane *lane, uint32_t at, const uint8_t *data, int error) {
    const struct reader *reader = run->reader;
    const struct io_request *request = &lane->request;
    const struct place_unit place = {request->area, request->offset + at,
                                     shorter(lane->slot->unit, request->length - at)};
    reader->done(reader->user, lane->index++, &place, data, error);
    progress_heard(reader->progress, ++run->finished);
}

/* A request has ended. */
static void take(struct run *run, struct lane *lane) {
    struct slot *slot = lane->slot;
    const struct io_request *request = &lane->request;
    const uint8_t *data = request->buffer;
    int error = 0;
    lane->busy = false;
    slot->busy--;
    run->in_flight--;
    if (request->result < 0)
        error = request->result;
    else if ((uint32_t)request->result != request->length)
        error = -EIO;
    if (error && request->length > slot->unit) {
        slot->singly = true;
        slot->left = (struct place_unit){request->area, request->offset, request->length};
        slot->index = lane->index;
        return;
    }
    for (uint32_t at = 0; at < request->length; at += slot->unit)
        tell(run, lane, at, error ? NULL : data + at, error);
}

static struct lane *free_lane(struct slot *slot) {
    struct lane *lane = slot->lanes;
    while (lane->busy)
        lane++;
    return lane;
}

/* Sends what is left of a slot or, singly, the first place of it. A unit that is larger than any of
 * a layout may be has no room, and fails. */
static void send_next(struct run *run, struct slot *slot) {
    struct lane *lane = free_lane(slot);
    struct io_request *request = &lane->request;
    request->area = slot->left.area;
    request->offset = slot->left.offset;
    request->length = slot->singly ? shorter(slot->unit, slot->left.length) : slot->left.length;
    request->result = 0;
    lane->index = slot->index++; /* of several, all are sent */
    slot->left.offset += request->length;
    slot->left.length -= request->length;
    lane->busy = true;
    slot->busy++;
    run->in_flight++;
    const int error =
        slot->unit > LAYOUT_LARGEST_UNIT ? -EMSGSIZE : device_submit(run->reader->device, request);
    if (error == 0)
        return;
    request->result = error;
    take(run, lane);
}

/* A slot is idle when nothing of it is left and nothing under way. */
static void go_on(struct run *run, struct slot *slot) {
    while (slot->left.length > 0 && slot->busy < run->lanes && !has_enough(run->reader))
        send_next(run, slot);
    if (slot->left.length == 0 && slot->busy == 0)
        run->idle[run->idle_count++] = slot;
}

/* Begins what can be begun, with what is left of slots first: what was enough may be so no more. */
static void begin(struct run *run) {
    for (unsigned i = 0; i < run->depth; i++) {
        if (run->slots[i].left.length > 0)
            go_on(run, &run->slots[i]);
    }
    while (run->idle_count > 0 && run->next < run->reader->count && !has_enough(run->reader)) {
        struct slot *slot = run->idle[--run->idle_count];
        gather(run, slot);
        go_on(run, slot);
    }
}

static int run_all(struct run *run) {
    const struct reader *reader = run->reader;
    while (run->finished < reader->count) {
        begin(run);
        if (run->finished == reader->count)
            break;
        if (run->in_flight == 0)
            return -EIO; /* there is enough */
        struct io_request *done;
        const int error = device_wait(reader->device, PROGRESS_SILENCE_MS, &done);
        if (error)
            return error;
        struct lane *lane = done->owner;
        take(run, lane);
        go_on(run, lane->slot);
    }
    return 0;
}

static void make_slots(struct run *run) {
    run->lanes = TRANSPORT_DEPTH / run->depth;
    if (run->lanes > run->room / LAYOUT_LARGEST_UNIT)
        run->lanes = run->room / LAYOUT_LARGEST_UNIT;
    for (unsigned i = 0; i < run->depth; i++) {
        struct slot *slot = &run->slots[i];
        for (unsigned k = 0; k < run->lanes; k++) {
            struct lane *lane = &slot->lanes[k];
            lane->slot = slot;
            lane->request.owner = lane;
            lane->request.buffer =
                run->memory + (size_t)i * run->room + (size_t)k * LAYOUT_LARGEST_UNIT;
        }
        run->idle[run->idle_count++] = slot;
    }
}

int reader_run(const struct reader *reader) {
    struct run *run = memory_new(1, sizeof *run);
    run->reader = reader;
    run->room = reader->whole ? REQUEST_OF_ALL : REQUEST_OF_SOME;
    const size_t size = buffers_take((size_t)run->room * TRANSPORT_DEPTH);
    run->depth = (unsigned)(size / run->room);
    run->memory = memory_pages(size);
    make_slots(run);
    device_lend(reader->device, run->memory, size);
    look_ahead(run);
    const int error = run_all(run);
    if (run->in_flight > 0) {
        memory_abandon(run);
        return error;
    }
    device_lend(reader->device, NULL, 0);
    memory_pages_free(run->memory, size);
    buffers_give(size);
    free(run);
    return error;
}
