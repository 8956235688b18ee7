#include "event_loop.h"

#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

bool event_loop_open(struct event_loop *loop) {
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    return loop->epoll >= 0;
}

bool event_loop_add(struct event_loop *loop, struct watch *watch) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = watch};
    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, watch->fd, &event) == 0;
}

void event_loop_remove(struct event_loop *loop, struct watch *watch) {
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
}

/* One event at a time: a callback may remove other watches, and epoll takes the ready ones in turn.
 */
bool event_loop_turn(struct event_loop *loop, int milliseconds) {
    struct epoll_event event;
    if (epoll_wait(loop->epoll, &event, 1, milliseconds) != 1) {
        return false;
    }
    struct watch *watch = event.data.ptr;
    watch->ready(watch->context);
    return true;
}

void event_loop_close(struct event_loop *loop) {
    close(loop->epoll);
}
