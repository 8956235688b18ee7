/* Certificates of fake disks that were erased, to be looked at, or to be forged and signed anew. */
#ifndef QUIETUS_CERTIFIED_H
#define QUIETUS_CERTIFIED_H

#include "quietus/certificate.h"
#include "quietus/check.h"
#include "quietus/device.h"

/* Of the test that runs. */
extern struct session certified_session;
extern const struct server certified_server;

int certified_start(void **state);
int certified_stop(void **state);
#define CERTIFIED_TEST(name) cmocka_unit_test_setup_teardown(name, certified_start, certified_stop)

/* The payload of a disk's certificate, the caller's. */
json_t *certified_erase(enum command_set commands);
/* Likewise; the disk vanished in the pass and came back. */
json_t *certified_in_parts(void);

/* Signs a payload with the session's own key, as somebody who has it could, and checks it. */
enum check_status certified_check(const char *type, const json_t *payload);

/* In a payload: its last attempt, and the last entry about a pass; NULL: it has none. */
json_t *certified_attempt(const json_t *payload);
json_t *certified_pass(const json_t *payload);
/* As if not every unit had been read, with the bound of a sample. */
void certified_say_sampled(const json_t *payload, double residue);

#endif
