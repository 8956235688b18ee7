/*
 * One erase of one simulated drive by the agent's own code, in simulated time, and what the oracle
 * says of the medium afterwards.
 */
#ifndef QUIETUS_TRIAL_H
#define QUIETUS_TRIAL_H

#include "quietus/outcome.h"
#include "quietus/policy.h"
#include "quietus/run.h"
#include "quietus/secrets.h"

#include "model_transport.h"

struct trial {
    const char *folder;      /* where media and state are; made anew */
    const char *description; /* the lines of one [drive] section */
    enum model_path path;
    const struct raid_faults *faults; /* of a RAID controller, or NULL */
    struct policy policy;
    /* The machine loses power at this command of the first run, and the agent runs again after a
     * reboot; 0: it does not. */
    unsigned power_cut_at;
    const struct disk_secrets *secrets; /* that the operator gives for it, or NULL */
    /* Before it is scanned; and once the last run has ended. May be NULL. */
    void (*set_up)(struct model *model, void *user);
    void (*scanned)(struct model *model, struct disk *disk, void *user);
    void (*look)(struct model *model, struct disk_run *run, void *user);
    void *user;
};

struct trial_result {
    enum disposition outcome; /* of the last run */
    char reason[sizeof(struct reason)];
    char method[40];
    enum category claimed; /* CATEGORY_NONE unless erased */
    bool says_attested;    /* an exception says that the drive alone attests the media */
    bool shows_secret;     /* the certificate has one of the operator's secrets in it */
    bool present;          /* at the end */
    bool locked;           /* an ATA password is set that the trial did not begin with */
    uint64_t visible;      /* pages with planted data, see oracle.h */
    uint64_t recoverable;
    uint64_t commands;
    unsigned passwords_sent; /* in the last run */
    uint64_t simulated_ms;
    char packet[120];      /* what was wrong with a packet for a RAID controller, or "" */
    char attempts[2048];   /* of the last run, a line each */
    char wrong[1024];      /* with its certificate, as "check" sees it; or "" */
    char exceptions[4096]; /* of its certificate, a line each */
};

/* False with a message if the trial itself could not be done. */
bool trial_run(const struct trial *trial, struct trial_result *out, char *problem,
               size_t problem_size);

/* Removes a trial's folder. */
void trial_clean(const char *folder);

/*
 * Whether the certificate says more than the medium holds (the oracle of the laws). unseen: planted
 * data is left where the host cannot look, and the certificate says that it cannot know. Returns
 * NULL if all is well, or what is wrong.
 */
const char *trial_verdict(const struct trial_result *result, bool *unseen);

#endif
