/*
 * A disk in memory behind a transport of its own, with the ways of misbehaving that the unit tests
 * need. It shares nothing with the agent but the structures of the transport.
 */
#ifndef QUIETUS_FAKE_DISK_H
#define QUIETUS_FAKE_DISK_H

#include "quietus/device.h"
#include "quietus/disk.h"

enum { FAKE_LOG = 65536 };

struct fake_disk {
    enum command_set commands; /* COMMANDS_ATA or COMMANDS_NVME */
    char serial[21];
    uint8_t *medium;
    uint8_t *was_read; /* a flag for each sector */
    uint64_t bytes;
    uint32_t lba_size;
    unsigned namespaces; /* NVMe: the medium is split evenly */

    /* How it misbehaves; all zero: it does not. */
    bool drops_writes;       /* says yes and writes nothing */
    uint64_t wraps_at;       /* addresses are taken modulo this many bytes */
    uint64_t bad_write_from; /* writes that touch [from, to) fail */
    uint64_t bad_write_to;
    unsigned bad_write_period; /* of that range every so many sectors are bad; 0: all */
    unsigned
        bad_write_failures; /* so many writes to bad sectors fail, then they are good; 0: all */
    uint64_t
        failure_loses_from; /* a bad write that fails costs [from, to) what was written there */
    uint64_t failure_loses_to;
    uint64_t bad_read_from;
    uint64_t bad_read_to;
    unsigned silent_after;          /* so many requests are answered, then none: -ETIME */
    unsigned becomes_another_after; /* destructive commands or writes until the serial changes */
    int64_t request_takes_ms;       /* by the clock of quietus/clock.h, one after the other */
    unsigned slow_after;            /* and takes so from this request on */
    bool flush_fails;
    unsigned flush_fails_at; /* this one alone (from 1), and what it was for is lost */
    /* A link that is lost: after so many requests since it was found last, nothing answers where
     * the disk was; so often it is found again, by its identity, and the last time it stays. */
    unsigned vanishes_after;
    unsigned vanishes_after_flush; /* or, once, when it has done that flush (from 1) */
    unsigned returns;
    unsigned twin_elsewhere; /* searches that find another disk, too, that says it is this one */
    unsigned wakes_after;    /* or, after so many questions, it answers where it was */
    bool returns_divided;    /* with one sector less than before, though it tells its capacity as it
                                was */
    bool returns_renumbered; /* NVMe: a namespace has another NSID than before. Unless it is armed
                                then, it is gone again as soon as it is closed */
    bool loses_cache;        /* each time, what was not flushed (fake_disk_cache_writes) */
    bool flush_lies;         /* says yes and leaves in the cache what is there */
    uint8_t *flushed; /* fake_disk_cache_writes: what a power cut leaves; NULL: all is kept */
    uint32_t identify_lacks;    /* bytes that do not come */
    bool busy;                  /* cannot be opened for writing */
    int format_error;           /* transport error of Format NVM */
    uint16_t format_status;     /* its NVMe status */
    bool format_keeps_data;     /* says yes and erases nothing */
    bool format_skips_second;   /* erases the first namespace only, whatever it is asked */
    uint64_t format_keeps_from; /* says yes and leaves [from, to) as it was */
    uint64_t format_keeps_to;
    bool format_erases_what_was_read; /* and nothing else: it has seen where it is looked at */
    bool format_leaves_random;        /* as after a cryptographic erase */
    uint8_t format_progress_left;     /* percent, in Identify Namespace afterwards */
    bool shrinks_after_format;

    /* Asked first, for what the disk itself does not know; true: the answer is in the command. */
    bool (*on_scsi)(struct fake_disk *fake, struct scsi_command *command);
    bool (*on_nvme)(struct fake_disk *fake, struct nvme_command *command);

    /* What it saw. One letter an event: i identity asked, a armed, w write, f flush, F format,
     * x anything else. */
    char log[FAKE_LOG];
    unsigned logged;
    unsigned requests;
    unsigned destructive;
    unsigned failed_writes;
    unsigned failed_reads;
    bool is_armed;
    bool formatted;
    bool has_vanished;
    unsigned found_at; /* requests when it was found last */
    unsigned searches;
    unsigned rediscoveries; /* of a disk with a finder, its nodes are gone since */
    unsigned flushes;
    unsigned questions; /* since it vanished */

    struct io_request *finished[TRANSPORT_DEPTH];
    unsigned under_way;
};

/* A disk of that many MiB, filled with text that is different in every sector. */
void fake_disk_make(struct fake_disk *fake, enum command_set commands, unsigned mebibytes);
void fake_disk_free(struct fake_disk *fake);

/* The disk as the scan would have found it: the caller ends it with disk_free. */
struct disk *fake_disk_scanned(struct fake_disk *fake);
/* The disk opened. Closing it leaves the fake as it is. */
struct device *fake_disk_open(struct fake_disk *fake, const struct disk *disk);

/* From now on what is written is only in its cache until it is flushed. */
void fake_disk_cache_writes(struct fake_disk *fake);
/* Of what was not flushed, every other sector is lost. */
void fake_disk_power_cut(struct fake_disk *fake);

/* All of the medium becomes zero. */
void fake_disk_erase(struct fake_disk *fake);

/* How many of the sectors that fake_disk_make filled still hold what they held. */
uint64_t fake_disk_residue(const struct fake_disk *fake);

#endif
