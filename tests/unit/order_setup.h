/* A site's key, an order for a server, and a scan of it: what tests of orders begin with. */
#ifndef QUIETUS_ORDER_SETUP_H
#define QUIETUS_ORDER_SETUP_H

#include "quietus/authorize.h"

/* The key that signs orders, and the trust in it: made before each test, freed after it. */
extern struct signing_key *site_key;
extern struct trust site_trust;
int site_start(void **state);
int site_stop(void **state);

#define TEST(name) cmocka_unit_test_setup_teardown(name, site_start, site_stop)

/* 2026-11-22T12:00:00Z: from then on the good order is valid, for a day. */
#define NOON INT64_C(1795348800)

extern const struct server good_server;
/* For that server, and two disks of it; a third is retained. */
extern const char good_order[];
json_t *order_document(void);

/* Signs a document, which it takes over, and opens it. */
int open_signed(json_t *document, struct order *out, struct reason *reason);

/* A scan of three disks and whatever a test changes. */
struct setup {
    struct order order;
    struct scan scan;
    struct authorization authorization;
    int error;
};

/* The server as the good order has it. */
void setup_begin(struct setup *setup);
/* One disk more; content: what is found on it, or NULL. */
struct disk *setup_add_disk(struct setup *setup, const char *serial, const char *content);
/* Opens an order, which it takes over, and authorizes by it a minute after noon. */
void setup_authorize(struct setup *setup, json_t *document);
void setup_end(struct setup *setup);

/* Whether there is a warrant for that disk; where there is none: why. */
void expect_decision(const struct setup *setup, size_t disk, bool warrant,
                     enum disposition disposition);

#endif
