#include "writer.h"

#include "quietus/buffers.h"
#include "quietus/clock.h"
#include "quietus/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Eight requests of 512 KiB keep any device busy that does less than some GB/s. */
enum { CHUNK = 512 << 10, MOST_DEPTH = BUFFERS_MOST / CHUNK, MOST_BAD_RANGES = 4096 };

/* A failed write takes the kernel long. After so many sectors in a row, as of a disk that is write
 * protected or dead from here on, it is not halved further until a write succeeds. */
enum { MOST_BAD_IN_A_ROW = 64 };

struct slot {
    struct io_request request;
    uint32_t filled; /* bytes of a constant pattern that its buffer holds */
};

struct chunk {
    unsigned area;
    uint64_t offset;
    uint32_t length;
};

struct run {
    const struct write_job *job;
    struct write_report *report;
    struct slot slots[MOST_DEPTH];
    struct slot *idle[MOST_DEPTH];
    unsigned depth; /* slots that there is memory for */
    unsigned idle_count;
    struct chunk next;
    struct chunk failed[WRITER_MOST_FAILED];
    unsigned failed_count;
    uint64_t bad_ranges;
    unsigned bad_in_a_row;
    int64_t next_point_ms; /* when a position is to be told of again; 0: at the first */
    int64_t crawl_from_ms; /* since when its speed is looked at, and what had been written then */
    uint64_t crawl_from;
    uint8_t *memory;
};

static uint32_t chunk_size(const struct layout_area *area) {
    return CHUNK / area->lba_size * area->lba_size;
}

/* The next chunk to write; false when there is none. */
static bool take_chunk(struct run *run, struct chunk *out) {
    while (run->next.area < run->job->layout->area_count) {
        const struct layout_area *area = &run->job->layout->areas[run->next.area];
        const uint64_t left = area->bytes - run->next.offset;
        if (left == 0) {
            run->next = (struct chunk){.area = run->next.area + 1};
            continue;
        }
        *out = run->next;
        out->length = left < chunk_size(area) ? (uint32_t)left : chunk_size(area);
        run->next.offset += out->length;
        return true;
    }
    return false;
}

/* Where an area begins in the row of all. */
static uint64_t area_start(const struct layout *layout, unsigned area) {
    uint64_t start = 0;
    for (unsigned i = 0; i < area; i++)
        start += layout->areas[i].bytes;
    return start;
}

/* A position, as area and offset. */
static struct chunk chunk_at(const struct layout *layout, uint64_t position) {
    unsigned area = 0;
    while (area < layout->area_count && position >= layout->areas[area].bytes)
        position -= layout->areas[area++].bytes;
    return (struct chunk){.area = area, .offset = position};
}

static void finish(struct run *run, struct slot *slot) {
    const struct io_request *request = &slot->request;
    int error = 0;
    if (request->result < 0)
        error = request->result;
    else if ((uint32_t)request->result != request->length)
        error = -EIO;
    if (error == 0)
        run->report->written += request->length;
    else if (run->failed_count < WRITER_MOST_FAILED)
        run->failed[run->failed_count++] =
            (struct chunk){request->area, request->offset, request->length};
    if (error && run->report->first_error == 0)
        run->report->first_error = error;
    run->report->requests_failed += error != 0;
    run->idle[run->idle_count++] = slot;
    progress_heard(run->job->progress, run->job->from + run->report->written);
}

static void fill(struct run *run, struct slot *slot, const struct chunk *chunk) {
    if (pattern_is_constant(run->job->pattern) && slot->filled >= chunk->length)
        return;
    pattern_fill(run->job->pattern, run->job->layout, chunk->area, chunk->offset,
                 slot->request.buffer, chunk->length);
    slot->filled = chunk->length;
}

static void start(struct run *run, const struct chunk *chunk) {
    struct slot *slot = run->idle[--run->idle_count];
    struct io_request *request = &slot->request;
    request->area = chunk->area;
    request->offset = chunk->offset;
    request->length = chunk->length;
    fill(run, slot, chunk);
    const int error = armed_submit(run->job->armed, request);
    if (error == 0)
        return;
    request->result = error;
    finish(run, slot);
}

/* Waits for one request; -ETIME if none ends in time. */
static int reap(struct run *run) {
    struct io_request *done;
    const int error = device_wait(armed_device(run->job->armed), PROGRESS_SILENCE_MS, &done);
    if (error)
        return error;
    finish(run, done->owner);
    return 0;
}

/* Whether it is time to tell how far the disk is. What has failed may yet be written, by narrowing;
 * until then there is no position below which all is. */
static bool is_point_due(const struct run *run, const struct chunk *next) {
    const struct write_job *job = run->job;
    if (!job->reached || run->failed_count > 0 || run->next_point_ms < 0)
        return false;
    if (run->next_point_ms == 0)
        return area_start(job->layout, next->area) + next->offset >= job->from + WRITER_FIRST_POINT;
    return clock_monotonic_ms() >= run->next_point_ms;
}

/* With nothing in flight: everything before the next chunk is written. A flush that fails has lost
 * what it was for, and the next one may succeed without it (ACS, FLUSH CACHE): the pass is no good
 * any more. */
static void tell_point(struct run *run, const struct chunk *next) {
    const struct write_job *job = run->job;
    run->report->flush_error = armed_flush(job->armed);
    if (run->report->flush_error) {
        run->next_point_ms = -1;
        return;
    }
    progress_heard(job->progress, job->from + run->report->written);
    job->reached(job->user, area_start(job->layout, next->area) + next->offset);
    run->next_point_ms = clock_monotonic_ms() + WRITER_POINT_MS;
}

/* Looked at once in as many minutes. */
static bool is_too_slow(struct run *run) {
    unsigned minutes = run->job->crawl_minutes ? run->job->crawl_minutes : PROGRESS_CRAWL_MINUTES;
    const int64_t now = clock_monotonic_ms();
    if (minutes < PROGRESS_CRAWL_LEAST)
        minutes = PROGRESS_CRAWL_LEAST;
    const int64_t passed = now - run->crawl_from_ms;
    if (passed < minutes * INT64_C(60000))
        return false;
    const uint64_t wanted = (uint64_t)passed / 1000 * PROGRESS_CRAWL_BYTES;
    const bool too_slow = run->report->written - run->crawl_from < wanted;
    run->crawl_from_ms = now;
    run->crawl_from = run->report->written;
    return too_slow;
}

/* Why nothing more is to be begun; 0: it is not. */
static int why_stop(struct run *run) {
    if (atomic_load(&run->job->progress->given_up))
        return -ECANCELED;
    if (run->failed_count == WRITER_MOST_FAILED)
        return -EIO;
    return is_too_slow(run) ? -ETIMEDOUT : 0;
}

static int write_all(struct run *run) {
    struct chunk chunk;
    int stopped = 0;
    bool more = take_chunk(run, &chunk);
    run->crawl_from_ms = clock_monotonic_ms();
    while (more || run->idle_count < run->depth) {
        stopped = stopped ? stopped : why_stop(run);
        if (stopped)
            more = false;
        const bool point = more && is_point_due(run, &chunk);
        if (point && run->idle_count == run->depth) {
            tell_point(run, &chunk);
            continue;
        }
        while (more && !point && run->idle_count > 0 && run->failed_count < WRITER_MOST_FAILED) {
            start(run, &chunk);
            more = take_chunk(run, &chunk);
        }
        if (run->idle_count == run->depth)
            continue;
        const int error = reap(run);
        if (error)
            return error;
    }
    if (stopped == 0 && run->failed_count == WRITER_MOST_FAILED)
        stopped = -EIO;
    return stopped;
}

static void note_bad(struct run *run, const struct chunk *chunk) {
    struct write_report *report = run->report;
    const uint32_t lba_size = run->job->layout->areas[chunk->area].lba_size;
    const struct bad_range range = {chunk->area, chunk->offset / lba_size,
                                    chunk->length / lba_size};
    run->bad_ranges++;
    report->bad_lbas += range.count;
    if (report->bad_count > 0) {
        struct bad_range *last = &report->bad[report->bad_count - 1];
        if (last->area == range.area && last->lba + last->count == range.lba) {
            last->count += range.count;
            return;
        }
    }
    if (report->bad_count < WRITER_RANGES_KEPT)
        report->bad[report->bad_count++] = range;
}

static int write_chunk(struct run *run, const struct chunk *chunk) {
    uint8_t *buffer = run->memory;
    pattern_fill(run->job->pattern, run->job->layout, chunk->area, chunk->offset, buffer,
                 chunk->length);
    const int error =
        armed_write(run->job->armed, chunk->area, chunk->offset, buffer, chunk->length);
    if (error == 0) {
        run->report->written += chunk->length;
        run->bad_in_a_row = 0;
    }
    progress_heard(run->job->progress, run->job->from + run->report->written);
    return error;
}

/* Halves a chunk that fails until what fails is single sectors; gives up halving, not writing, when
 * there are too many of them. */
static int narrow(struct run *run, const struct chunk *chunk) {
    const uint32_t lba_size = run->job->layout->areas[chunk->area].lba_size;
    if (atomic_load(&run->job->progress->given_up)) {
        note_bad(run, chunk);
        return -ECANCELED;
    }
    const int error = write_chunk(run, chunk);
    if (error == 0 || error == -ETIME)
        return error;
    const uint32_t half = chunk->length / lba_size / 2 * lba_size;
    if (half == 0 || run->bad_ranges >= MOST_BAD_RANGES || run->bad_in_a_row >= MOST_BAD_IN_A_ROW) {
        run->bad_in_a_row++;
        note_bad(run, chunk);
        return 0;
    }
    const struct chunk first = {chunk->area, chunk->offset, half};
    const struct chunk second = {chunk->area, chunk->offset + half, chunk->length - half};
    const int gone = narrow(run, &first); /* at most 11 deep */ // NOLINT(misc-no-recursion)
    return gone ? gone : narrow(run, &second);
}

int writer_run(const struct write_job *job, struct write_report *report) {
    struct run *run = memory_new(1, sizeof *run);
    *report = (struct write_report){0};
    run->job = job;
    run->report = report;
    run->next = chunk_at(job->layout, job->from);
    const size_t size = buffers_take(BUFFERS_MOST);
    run->depth = (unsigned)(size / CHUNK);
    run->memory = memory_pages(size);
    for (unsigned i = 0; i < run->depth; i++) {
        run->slots[i].request.write = true;
        run->slots[i].request.buffer = run->memory + (size_t)i * CHUNK;
        run->slots[i].request.owner = &run->slots[i];
        run->idle[i] = &run->slots[i];
    }
    run->idle_count = run->depth;
    device_lend(armed_device(job->armed), run->memory, size);
    int error = write_all(run);
    for (unsigned i = 0; i < run->failed_count && error != -ETIME; i++) {
        if (error)
            note_bad(run, &run->failed[i]); /* given up: as it failed */
        else
            error = narrow(run, &run->failed[i]);
    }
    if (error == -ETIME ||
        run->idle_count < run->depth) { /* the kernel may still read the buffers */
        memory_abandon(run);
        return error;
    }
    device_lend(armed_device(job->armed), NULL, 0);
    memory_pages_free(run->memory, size);
    buffers_give(size);
    free(run);
    return error;
}
