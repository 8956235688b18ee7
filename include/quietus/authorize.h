/*
 * Decides for each disk whether it may be erased, and makes the warrants. The only maker of
 * warrants.
 */
#ifndef QUIETUS_AUTHORIZE_H
#define QUIETUS_AUTHORIZE_H

#include "quietus/order.h"
#include "quietus/outcome.h"
#include "quietus/scan.h"
#include "quietus/warrant.h"

struct decision {
    struct warrant *warrant;      /* NULL: not to be touched, and then: */
    enum disposition disposition; /* refused, held, excluded, or failed (a part is missing) */
    struct reason reason;
    bool retained; /* the order says that it is to be kept */
};

/* One decision for each disk of the scan, in its order. */
struct authorization {
    struct decision *decisions;
    size_t count;
    json_t *absent;          /* array: the order's entries to erase that match no disk */
    json_t *absent_retained; /* array: those to retain */
    json_t *absent_expected; /* array: what else was expected here (expected.h); NULL: nothing */
};

void authorization_free(struct authorization *authorization);

/*
 * By a signed order that order_open has accepted. Checks its time, the server, and each disk: those
 * it names and that still hold what it says get a warrant. The boot medium is excluded, what is in
 * use is refused, what the order retains is excluded, and a disk that it does not know is left
 * alone and, unless the order says "leave" or it is no disk of this machine (disk_not_local), makes
 * it refuse the whole server. A volume of a RAID controller and the disks behind it are not both
 * erased: the volume is left out if all members are named, else the members are refused; these are
 * refused too if a volume there is in use or to be retained. 0; or the error of
 * order_check_time or order_check_server, and then every disk is refused. Either way the entries
 * that match no disk are listed.
 */
int authorize_by_order(const struct order *order, const struct scan *scan, int64_t now,
                       struct authorization *out, struct reason *reason);

/* True if the order names the disk to be erased. */
bool order_names(const struct order *order, const struct disk *disk);

/* Everything refused, for that reason: when an order could not be had or is not good. */
void authorize_nothing(const struct scan *scan, enum disposition disposition, const char *reason,
                       struct authorization *out);

/*
 * By a person at the machine, for disks given by node. confirm is shown each disk and returns what
 * the person typed (NULL: gave up); it has to be what operator_must_type says. Where confirm_all is
 * given and more than one disk is named, all of them are shown to it at once instead, and the text
 * is the one of all. Disks that were not named are excluded; what is no disk of this machine is
 * refused. 0, or -ENODEV with the reason if a name is no disk (then nothing has a warrant).
 */
struct operator_request {
    char *const *nodes;
    size_t node_count;
    const char *name;   /* of the person, or "" */
    const char *ticket; /* or "" */
    char *(*confirm)(void *user, const struct disk *disk, const char *expected);
    char *(*confirm_all)(void *user, const struct disk *const *disks, size_t count,
                         const char *expected); /* or NULL */
    void *user;
};
int authorize_by_operator(const struct operator_request *request, const struct scan *scan,
                          struct authorization *out, struct reason *reason);

/*
 * What nobody types by accident: the serial number of a single disk, or, where it has none, "erase"
 * and its node; the number of several, in words. Returns out.
 */
enum { OPERATOR_TEXT_SIZE = TEXT_FIELD_SIZE + 16 };
char *operator_must_type(const struct disk *const *disks, size_t count, char *out, size_t size);

/* True if an operator cannot have this disk erased, with the reason. */
bool operator_refused(const struct disk *disk, struct reason *reason);

#endif
