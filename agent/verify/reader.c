#include "reader.h"

#include "quietus/buffers.h"
#include "quietus/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct slot {
    struct io_request request;
    struct place_unit place;
    uint64_t index;
};

struct run {
    const struct reader *reader;
    struct slot slots[TRANSPORT_DEPTH];
    struct slot *idle[TRANSPORT_DEPTH];
    unsigned depth; /* slots that there is memory for */
    unsigned idle_count;
    uint64_t next;
    uint64_t finished;
    uint8_t *memory;
};

static void finish(struct run *run, struct slot *slot) {
    const struct reader *reader = run->reader;
    const struct io_request *request = &slot->request;
    int error = 0;
    if (request->result < 0)
        error = request->result;
    else if ((uint32_t)request->result != request->length)
        error = -EIO;
    reader->done(reader->user, slot->index, &slot->place, error ? NULL : request->buffer, error);
    run->idle[run->idle_count++] = slot;
    progress_heard(reader->progress, ++run->finished);
}

static void start(struct run *run) {
    const struct reader *reader = run->reader;
    struct slot *slot = run->idle[--run->idle_count];
    slot->index = run->next++;
    slot->place = reader->place(reader->user, slot->index);
    slot->request.area = slot->place.area;
    slot->request.offset = slot->place.offset;
    slot->request.length = slot->place.length;
    slot->request.result = 0;
    const int error = device_submit(reader->device, &slot->request);
    if (error == 0)
        return;
    slot->request.result = error;
    finish(run, slot);
}

static bool has_enough(const struct reader *reader) {
    return reader->enough && *reader->enough;
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
        finish(run, done->owner);
    }
    return 0;
}

/* As many as there may be at once, or as many large ones as fit in the memory that a disk gets. */
static unsigned depth_for(size_t room, size_t *taken) {
    *taken = buffers_take(room * TRANSPORT_DEPTH);
    const size_t fit = *taken / room;
    return fit < 1 ? 1 : (unsigned)fit;
}

int reader_run(const struct reader *reader) {
    struct run *run = memory_new(1, sizeof *run);
    size_t taken;
    run->reader = reader;
    const size_t room =
        (reader->largest + TRANSPORT_ALIGNMENT - 1) & ~(size_t)(TRANSPORT_ALIGNMENT - 1);
    run->depth = depth_for(room, &taken);
    run->memory = memory_pages(room * run->depth);
    for (unsigned i = 0; i < run->depth; i++) {
        run->slots[i].request.buffer = run->memory + i * room;
        run->slots[i].request.owner = &run->slots[i];
        run->idle[i] = &run->slots[i];
    }
    run->idle_count = run->depth;
    device_lend(reader->device, run->memory, room * run->depth);
    const int error = run_all(run);
    if (run->idle_count < run->depth) {
        memory_abandon(run);
        return error;
    }
    device_lend(reader->device, NULL, 0);
    memory_pages_free(run->memory, room * run->depth);
    buffers_give(taken);
    free(run);
    return error;
}
