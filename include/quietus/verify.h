/*
 * Reading back: after an overwrite against its pattern, after a firmware erase against what was
 * there before. Nothing here decides whether a disk is erased; that is outcome.h.
 */
#ifndef QUIETUS_VERIFY_H
#define QUIETUS_VERIFY_H

#include "quietus/armed.h"
#include "quietus/pattern.h"
#include "quietus/progress.h"
#include "quietus/sampling.h"

enum {
    VERIFY_PLACES_KEPT = 16,
    VERIFY_RANGES_KEPT = 64,
    /* One unreadable unit decides already that a disk is not erased. Each may take its error
     * handling half a minute: after so many no more are tried, but for those under way (see
     * TRANSPORT_DEPTH). What fails as the disk announced does not count. */
    VERIFY_MOST_UNREADABLE = 64,
};

/* A place that spoke against the erase. */
struct bad_place {
    unsigned area;
    uint64_t lba;
    const char *what;
};

/* Units [first, last] of the layout about which the samples say nothing. */
struct blind_range {
    uint64_t first;
    uint64_t last;
};

/* What reads of erased sectors do until they are written, as a SCSI disk says (VPD B1h). */
enum read_promise { READS_UNSPECIFIED, READS_GOOD, READS_ERROR, READS_WRITE_REQUIRED };

/* What reads may do after an erase. */
struct read_rule {
    enum read_promise announced;
    uint8_t protection_type; /* 0: no protection information that may be wrong */
};

/* Counts are of units. */
struct verify_report {
    bool complete; /* everything that was planned has been read, or failed to be */
    bool given_up; /* VERIFY_MOST_UNREADABLE could not be read: no more are tried */
    uint64_t planned;
    uint64_t read;
    uint64_t informative; /* strata whose sample could tell residue from a good erase */
    uint64_t mismatched;  /* hold what they must not */
    uint64_t unreadable;
    uint64_t announced; /* could not be read, in the way that the disk announced */
    uint64_t unchecked; /* of those read: only without a check of their protection information */
    uint64_t uniform;   /* of one byte value; recorded, not judged */
    struct bad_place bad[VERIFY_PLACES_KEPT];
    unsigned bad_count; /* kept in the list; the counts above have all */
    struct blind_range blind[VERIFY_RANGES_KEPT];
    uint64_t blind_count; /* all, also those not kept in the list */
};

/*
 * Reads the places (all, if places->full) and compares them with the pattern, byte for byte. 0, or
 * negative errno if reading could not go on (-EIO: given up); the report has what was seen until
 * then. A unit of every unread chunk of a full read counts as unreadable.
 */
int verify_pattern(struct device *device, const struct layout *layout,
                   const struct pattern *pattern, const struct sample_places *places,
                   struct progress *progress, struct verify_report *report);

/*
 * Reads some of what lies below a position (bytes, over all areas in their order): both ends in
 * full, and places drawn between. Sets planned, complete, read, mismatched and unreadable. 0;
 * -ENODATA if no whole unit lies below it; or negative errno if reading could not go on (-EIO:
 * given up).
 */
int verify_prefix(struct device *device, const struct layout *layout, const struct pattern *pattern,
                  uint64_t position, struct progress *progress, struct verify_report *report);

/*
 * What the places hold before a firmware erase, as keyed hashes of their eighths, so that a part
 * that stayed is seen. Places whose content could be a legal result of the erase (of one byte, or
 * with a short period) get a marker, which is read back. Key and hashes never leave memory.
 */
struct snapshot;

enum { SNAPSHOT_RUN_ID_SIZE = 16 };

/*
 * Writing of markers needs armed_begin to have been called. 0 or negative errno with the reason;
 * places that cannot be read or marked are counted as carrying no information.
 */
int snapshot_take(struct armed *armed, const struct layout *layout,
                  const struct sample_places *places, const uint8_t run_id[SNAPSHOT_RUN_ID_SIZE],
                  struct progress *progress, struct snapshot **out, struct reason *reason);
void snapshot_free(struct snapshot *snapshot);
/* How many places carry information. */
uint64_t snapshot_informative(const struct snapshot *snapshot);
uint64_t snapshot_markers(const struct snapshot *snapshot);
/* Where it looks; borrowed. */
const struct sample_places *snapshot_places(const struct snapshot *snapshot);

/* Reads the same places again: an eighth that is as it was is a mismatch. Strata whose sample held
 * nothing to compare with are listed as blind. rule: see read_again.h; NULL: every read has to
 * succeed. -EIO: given up. */
int snapshot_compare(struct snapshot *snapshot, struct device *device, const struct read_rule *rule,
                     struct progress *progress, struct verify_report *report);

/*
 * Reads places that were not read before the erase: structured content (neither of a short period
 * nor like random bytes) is a mismatch, since no erase leaves it. Adds to nothing but read,
 * mismatched, unreadable, announced, unchecked, uniform and planned. -EIO: given up, with what
 * could not be read before counted too.
 */
int verify_fresh(struct device *device, const struct layout *layout,
                 const struct sample_places *places, const struct read_rule *rule,
                 struct progress *progress, struct verify_report *report);

/* What a piece of a disk looks like. */
enum content_class {
    CONTENT_UNIFORM,  /* one byte over and over */
    CONTENT_PERIODIC, /* repeats every 2 to 16 bytes */
    CONTENT_RANDOM,   /* its bytes are as even as random ones */
    CONTENT_STRUCTURED,
};
enum content_class content_classify(const uint8_t *data, size_t length);

#endif
