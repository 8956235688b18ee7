/*
 * How much memory the requests to a disk may take. All disks are at work at once, however many
 * there are: the first of them get BUFFERS_MOST each, which keeps the fastest busy; once those have
 * taken BUFFERS_PLENTY together, others get BUFFERS_LEAST, which is enough for disks that share a
 * bus with so many.
 */
#ifndef QUIETUS_BUFFERS_H
#define QUIETUS_BUFFERS_H

#include <stddef.h>

enum { BUFFERS_MOST = 4 << 20, BUFFERS_LEAST = 2 << 20, BUFFERS_PLENTY = 64 << 20 };

/* How many bytes there are for a disk that wants so many; it gives back as many. Buffers that the
 * kernel may still use are never given back. */
size_t buffers_take(size_t wanted);
void buffers_give(size_t given);

#endif
