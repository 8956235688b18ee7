#include "quietus/progress.h"

#include "quietus/clock.h"

const char *phase_name(enum phase phase) {
    static const char *const names[] = {
        [PHASE_WAITING] = "waiting",
        [PHASE_PREPARING] = "preparing",
        [PHASE_SAMPLING] = "sampling",
        [PHASE_WRITING] = "writing",
        [PHASE_FORMATTING] = "formatting",
        [PHASE_SANITIZING] = "sanitizing",
        [PHASE_ERASING] = "erasing",
        [PHASE_EARLIER] = "waiting for an earlier erase",
        [PHASE_VANISHED] = "gone, waiting for it",
        [PHASE_VERIFYING] = "verifying",
        [PHASE_ENDED] = "ended",
    };
    return names[phase];
}

void progress_expect(struct progress *progress, int64_t milliseconds) {
    atomic_store(&progress->deadline_ms, clock_monotonic_ms() + milliseconds);
}

void progress_start(struct progress *progress, enum phase phase, unsigned part, unsigned parts,
                    uint64_t total) {
    progress_expect(progress, PROGRESS_SILENCE_MS);
    atomic_store(&progress->part, part);
    atomic_store(&progress->parts, parts);
    atomic_store(&progress->done, 0);
    atomic_store(&progress->flushed, 0);
    atomic_store(&progress->total, total);
    atomic_store(&progress->phase, (int)phase);
}

void progress_heard(struct progress *progress, uint64_t done) {
    atomic_store(&progress->done, done);
    progress_expect(progress, PROGRESS_SILENCE_MS);
}
