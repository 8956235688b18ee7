/*
 * Descriptions of simulated drives and of the ports that they hang on: a small text file.
 *
 *     [drive alpha]
 *     family = nvme
 *     size = 256M
 *     sanitize = crypto block
 *     misbehave = lie nvme-sanitize-block
 *
 *     [port first]
 *     front = nvme
 *     drives = alpha
 *
 * "#" begins a comment line. Every keyword has a default; description.c and description_FAMILY.c
 * list them. Sizes take K, M, G; times ms, s, min, h.
 */
#ifndef SIM_DESCRIPTION_H
#define SIM_DESCRIPTION_H

#include "drive.h"
#include "media.h"
#include "misbehave.h"
#include "tcg.h"

enum {
    DESCRIPTION_DRIVES = 128,
    DESCRIPTION_PORTS = 32,
    DESCRIPTION_NAMESPACES = MEDIA_REGIONS - 1,
    DESCRIPTION_FORMATS = 16,
    DESCRIPTION_TEXT = 64,
    DESCRIPTION_PATH = 256,
    PORT_DRIVES = 32,
};

#define TIME_NOT_REPORTED UINT64_MAX

struct nvme_format_description {
    uint32_t data_bytes;
    uint32_t metadata_bytes;
};

struct nvme_namespace_description {
    uint64_t bytes;            /* of data; 0: all that is left */
    uint32_t format;           /* index into formats */
    uint32_t protection;       /* type 0 to 3 */
    bool extended;             /* metadata at the end of each block */
    bool detached;             /* allocated, attached to no controller */
    int32_t only;              /* attached to this controller alone; -1: to all */
    uint32_t write_protection; /* write protection state of feature 84h */
};

struct nvme_description {
    uint32_t controllers;
    struct nvme_format_description formats[DESCRIPTION_FORMATS];
    uint32_t format_count;
    struct nvme_namespace_description namespaces[DESCRIPTION_NAMESPACES];
    uint32_t namespace_count;
    bool namespace_none; /* not even the default one */
    bool namespace_management;
    bool format_nvm;
    bool format_all;                 /* FNA bit 0 */
    bool erase_all;                  /* FNA bit 1 */
    bool format_crypto;              /* FNA bit 2 */
    bool format_no_broadcast;        /* FNA bit 3 */
    bool no_deallocate_inhibited;    /* SANICAP NDI */
    uint32_t no_deallocate_modifies; /* SANICAP NODMMAS */
    uint64_t estimate_overwrite;     /* ms, or TIME_NOT_REPORTED */
    uint64_t estimate_block;
    uint64_t estimate_crypto;
    uint32_t deallocated_reads; /* DLFEAT 2:0: 0 not reported, 1 zeros, 2 ones */
    bool write_cache;
    bool write_protection; /* NWPC */
    bool compare;
    bool write_zeroes;
    uint64_t boot_partition_bytes; /* each of two; 0: none */
    uint32_t rpmb_targets;
    bool unallocated_stale; /* planted data of a namespace that was deleted */
    bool last_sanitize_known;
    bool last_sanitize_failed;
    uint32_t last_sanitize_cdw10;
};

struct ata_description {
    uint32_t physical_sector; /* bytes; 0: as the logical one */
    uint32_t rotation;        /* per minute; a flash drive says that it does not */
    /* Feature sets that are there. */
    bool security, security_enhanced;
    bool hpa, amac, dco;
    bool trim;
    bool settings_preservation; /* SSP */
    bool trusted;
    /* SECURITY. */
    bool sleep_cuts_power;  /* a machine that sleeps takes it away: see README.md */
    bool frozen;            /* by the firmware, at boot */
    bool attempts_used_up;  /* by wrong passwords before this boot */
    char user_password[33]; /* set by the last owner: it comes up locked; "": none */
    char master_password[33];
    bool master_maximum;
    uint64_t erase_time, erase_time_enhanced; /* ms, as IDENTIFY tells them */
    bool erase_time_extended;                 /* 15 bits of it, not 8 */
    bool erase_covers_hidden;                 /* normal erase goes to the native end */
    /* SANITIZE. */
    bool antifreeze;
    bool sanitize_frozen;    /* at boot */
    bool hidden_frozen;      /* HPA, AMAC and DCO, likewise */
    bool sanitize_completed; /* years ago */
    bool sanitize_overrides_security;
    /* Hidden areas: bytes that can be addressed; 0: all. */
    uint64_t hpa_bytes, amac_bytes, dco_bytes;
    bool dco_hides_security;
    bool starts_in_standby; /* PUIS */
    bool write_cache;
    bool trim_deterministic, trim_zeroes;
    uint32_t reallocated, pending, uncorrectable, power_on_hours;
    bool descriptor_sense; /* of the SCSI/ATA translation, at power-on */
};

enum { SCSI_BLOCK_SIZES = 8, SCSI_BAD_BLOCKS = 16 };

struct scsi_description {
    char vendor[9];
    uint32_t physical_sector; /* bytes; 0: as the logical one */
    uint32_t rotation;        /* per minute; a flash drive says that it does not */
    bool protects;            /* can be formatted with protection information */
    uint32_t protection;      /* type that it comes with: 0 to 3 */
    uint64_t visible_bytes;   /* the mode block descriptor hides the rest; 0: all are visible */
    uint32_t format_sizes[SCSI_BLOCK_SIZES]; /* block lengths that it can be formatted to */
    uint32_t format_picks; /* formats to this length whatever was asked for; 0: as asked */
    bool fast_format;
    bool mode_saves;    /* MODE SELECT with SP */
    bool visible_fixed; /* no other number of blocks is taken by MODE SELECT */
    uint32_t after_block_erase, after_crypto_erase; /* WABEREQ, WACEREQ */
    bool unmap;
    bool reports_opcodes; /* REPORT SUPPORTED OPERATION CODES */
    bool descriptor_sense;
    bool write_protected; /* SWP of the control mode page */
    bool write_cache;
    bool format_corrupt;                 /* a format of the last owner was interrupted */
    bool start_needed;                   /* after power-on it waits for START STOP UNIT */
    bool clear_refused, preempt_refused; /* of PERSISTENT RESERVE OUT */
    uint64_t reserved_by;                /* key of another host's reservation; 0: none */
    uint32_t reserved_type;
    uint32_t standby_port;                /* 1 or 2; 0: none */
    uint64_t bad_blocks[SCSI_BAD_BLOCKS]; /* fail to read until they are written */
    uint32_t bad_block_count;
    uint32_t primary_defects;
    uint32_t percentage_used; /* of a flash drive's endurance */
    uint32_t actuators;       /* ranges in VPD page B9h; 0: it has none */
    uint64_t target; /* the device of which it is a logical unit, by a WWN; 0: alone in its own */
};

struct drive_description {
    char name[DESCRIPTION_TEXT];
    enum drive_family family;
    char media[DESCRIPTION_PATH]; /* default: NAME.media beside the description */
    uint64_t bytes;               /* capacity */
    uint64_t spare_bytes;
    uint64_t cache_bytes; /* of a volatile write cache; 0: every write is on the medium at once */
    bool flash;           /* otherwise magnetic */
    bool encrypts;
    bool key_per_namespace;
    bool crypto_unmaps; /* after a crypto erase everything is deallocated, not noise */
    char serial[DESCRIPTION_TEXT];
    char model[DESCRIPTION_TEXT];
    char firmware[DESCRIPTION_TEXT];
    uint64_t wwn;                /* NAA 5, EUI-64 */
    uint32_t sector;             /* bytes of a logical sector (ATA, SCSI) */
    uint64_t duration[OP_COUNT]; /* ms that operations really take */
    bool sanitize_crypto, sanitize_block, sanitize_overwrite;
    bool smart_failing;
    bool counts_power;       /* tells how often it was switched on */
    char plant[16];          /* tag of planted data; "": none */
    uint32_t plant_every;    /* one page in this many is planted */
    uint32_t plant_stale;    /* pages that were overwritten and whose old content is still there */
    uint32_t plant_remapped; /* pages that were retired with their content */
    struct tcg_description tcg;
    struct nvme_description nvme;
    struct ata_description ata;
    struct scsi_description scsi;
    struct misbehaviours misbehaviours;
};

enum port_front { FRONT_NVME, FRONT_AHCI, FRONT_SCSI };

/* A controller that a machine sees: one socket. */
struct port_description {
    char name[DESCRIPTION_TEXT];
    enum port_front front;
    char socket[108];                           /* default: NAME.sock beside the description */
    char drives[PORT_DRIVES][DESCRIPTION_TEXT]; /* AHCI ports, SCSI targets, in this order */
    unsigned drive_count;
    uint32_t controller; /* NVMe: which of the subsystem's; otherwise the path */
};

struct description {
    struct drive_description drives[DESCRIPTION_DRIVES];
    unsigned drive_count;
    struct port_description ports[DESCRIPTION_PORTS];
    unsigned port_count;
};

/* A drive with every default of its family, as the section "[drive NAME]" alone would make it. */
void description_default(struct drive_description *drive, const char *name,
                         enum drive_family family);

/* Reads a description; the caller frees it with free. NULL with "line N: what is wrong". Names of
 * files that it does not give are put into folder. */
struct description *description_parse(const char *text, const char *folder, char *problem,
                                      size_t problem_size);
struct description *description_read(const char *path, char *problem, size_t problem_size);

/* NULL: there is none of that name. */
const struct drive_description *description_drive(const struct description *description,
                                                  const char *name);

#endif
