#include "progress_seen.h"

#include "quietus/clock.h"

bool progress_look(const struct progress *progress, struct progress_seen *seen) {
    const enum phase phase = (enum phase)atomic_load(&progress->phase);
    const unsigned part = atomic_load(&progress->part);
    const bool entered = phase != seen->phase || part != seen->part;
    seen->phase = phase;
    seen->part = part;
    seen->parts = atomic_load(&progress->parts);
    seen->done = atomic_load(&progress->done);
    seen->total = atomic_load(&progress->total);
    seen->flushed = atomic_load(&progress->flushed);
    if (entered || seen->done < seen->since_done) {
        seen->since_ms = clock_monotonic_ms();
        seen->since_done = seen->done;
    }
    return entered;
}

uint64_t progress_rate(const struct progress_seen *seen) {
    const int64_t elapsed = clock_monotonic_ms() - seen->since_ms;
    const uint64_t done = seen->done - seen->since_done;
    return elapsed > 0 ? (uint64_t)((double)done * 1000 / (double)elapsed) : 0;
}
