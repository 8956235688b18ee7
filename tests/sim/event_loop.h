/* Calls back when a descriptor can be read. One thread, level-triggered. */
#ifndef SIM_EVENT_LOOP_H
#define SIM_EVENT_LOOP_H

#include <stdbool.h>

struct event_loop {
    int epoll;
};

/* A descriptor that is looked at. It belongs to the caller, and must stay where it is while added.
 */
struct watch {
    int fd;
    void (*ready)(void *context);
    void *context;
};

/* False, with errno set, when the system refuses. */
bool event_loop_open(struct event_loop *loop);
bool event_loop_add(struct event_loop *loop, struct watch *watch);

/* The watch is not called any more; its descriptor stays open. */
void event_loop_remove(struct event_loop *loop, struct watch *watch);

/* Waits at most so long (-1: for ever) and serves one descriptor. False if nothing was ready. */
bool event_loop_turn(struct event_loop *loop, int milliseconds);

void event_loop_close(struct event_loop *loop);

#endif
