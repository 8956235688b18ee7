#include "quietus/buffers.h"

#include <stdatomic.h>

static atomic_size_t taken;

size_t buffers_take(size_t wanted) {
    const size_t most = wanted < BUFFERS_MOST ? wanted : BUFFERS_MOST;
    const size_t least = wanted < BUFFERS_LEAST ? wanted : BUFFERS_LEAST;
    if (atomic_fetch_add(&taken, most) + most <= BUFFERS_PLENTY)
        return most;
    (void)atomic_fetch_sub(&taken, most - least);
    return least;
}

void buffers_give(size_t given) {
    (void)atomic_fetch_sub(&taken, given);
}
