/* One question to an NTP server. Names are resolved by c-ares, since static glibc cannot. */
#include "quietus/cleanup.h"
#include "quietus/clock.h"
#include "quietus/sntp.h"
#include "quietus/timekeeping.h"

#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>

enum { NTP_PORT = 123 };

struct found {
    bool ended;
    int status;
    struct sockaddr_storage address;
    socklen_t length;
};

static void take_address(void *user, int status, int timeouts, struct ares_addrinfo *result) {
    struct found *found = user;
    (void)timeouts;
    found->ended = true;
    found->status = status;
    if (status != ARES_SUCCESS)
        return;
    const struct ares_addrinfo_node *node = result->nodes;
    if (node && node->ai_addrlen <= sizeof found->address) {
        memcpy(&found->address, node->ai_addr, node->ai_addrlen);
        found->length = node->ai_addrlen;
    }
    ares_freeaddrinfo(result);
}

static void resolve_until(ares_channel channel, const struct found *found, int64_t give_up_ms) {
    while (!found->ended && clock_monotonic_ms() < give_up_ms) {
        fd_set readable;
        fd_set writable;
        FD_ZERO(&readable);
        FD_ZERO(&writable);
        const int count = ares_fds(channel, &readable, &writable);
        struct timeval longest = {.tv_usec = 200000};
        struct timeval buffer;
        (void)select(count, &readable, &writable, NULL, ares_timeout(channel, &longest, &buffer));
        ares_process(channel, &readable, &writable);
    }
}

static int resolve(const char *name, int64_t give_up_ms, struct found *out) {
    ares_channel channel;
    const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    char port[8];
    *out = (struct found){0};
    (void)snprintf(port, sizeof port, "%d", NTP_PORT);
    if (ares_init(&channel) != ARES_SUCCESS)
        return -EIO;
    ares_getaddrinfo(channel, name, port, &hints, take_address, out);
    resolve_until(channel, out, give_up_ms);
    ares_destroy(channel); /* calls take_address if it is not ended yet */
    return out->length > 0 ? 0 : -ENOENT;
}

/* Sends a question and waits for its answer; others are passed over. 0 with the reading. */
static int ask_once(int fd, int64_t wait_ms, struct time_reading *out) {
    uint8_t packet[SNTP_PACKET_SIZE];
    struct sntp_answer answer;
    uint64_t cookie;
    randombytes_buf(&cookie, sizeof cookie);
    sntp_question(packet, cookie);
    const int64_t give_up_ms = clock_monotonic_ms() + wait_ms;
    const int64_t asked_ms = clock_machine_ms();
    if (send(fd, packet, sizeof packet, 0) != (ssize_t)sizeof packet)
        return -errno;
    for (int64_t left; (left = give_up_ms - clock_monotonic_ms()) > 0;) {
        struct pollfd event = {.fd = fd, .events = POLLIN};
        if (poll(&event, 1, (int)left) <= 0)
            continue;
        const ssize_t got = recv(fd, packet, sizeof packet, 0);
        const int64_t answered_ms = clock_machine_ms();
        if (got < 0)
            return -errno;
        const int error = sntp_decode((struct bytes){packet, (size_t)got}, cookie, &answer);
        if (error == -EINVAL)
            continue;
        if (error)
            return error;
        /* RFC 4330, section 5. */
        out->ahead_ms = ((answer.received_ms - asked_ms) + (answer.sent_ms - answered_ms)) / 2;
        out->error_ms = ((answered_ms - asked_ms) - (answer.sent_ms - answer.received_ms)) / 2 +
                        answer.error_ms + 1;
        return 0;
    }
    return -ETIMEDOUT;
}

void ntp_ask(const char *server, int64_t wait_ms, struct time_reading *out) {
    enum { TRIES = 2 };
    struct found found;
    *out = (struct time_reading){0};
    (void)snprintf(out->source, sizeof out->source, "NTP server %.120s", server);
    if (resolve(server, clock_monotonic_ms() + wait_ms, &found)) {
        text_copy(out->problem, sizeof out->problem, "it has no address");
        return;
    }
    AUTO_FD fd = socket(found.address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int error =
        fd >= 0 && connect(fd, (struct sockaddr *)&found.address, found.length) == 0 ? 0 : -errno;
    for (int i = 0; error == 0 && i < TRIES; i++) {
        error = ask_once(fd, wait_ms / TRIES, out);
        if (error == 0)
            return;
        if (error == -ETIMEDOUT && i + 1 < TRIES)
            error = 0;
    }
    (void)snprintf(out->problem, sizeof out->problem, "%s",
                   error == -EAGAIN ? "it does not know the time itself" : strerror(-error));
}
