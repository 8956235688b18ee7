/*
 * NVMe: decoding of identify data and log pages. Pure: bytes in, structs out. Layouts are libnvme's
 * <nvme/types.h>; meanings: DEVICE-FACTS C.2 to C.7.
 */
#ifndef QUIETUS_NVME_DATA_H
#define QUIETUS_NVME_DATA_H

#include "quietus/bytes.h"
#include "quietus/text.h"

enum {
    NVME_DATA_SIZE = 4096, /* identify data structures and lists */
    NVME_NAME_SIZE = 40,   /* an NGUID or EUI-64 in hexadecimal with its prefix */
};

struct nvme_controller {
    char serial[TEXT_FIELD_SIZE];
    char model[TEXT_FIELD_SIZE];
    char firmware[TEXT_FIELD_SIZE];
    char subsystem_nqn[260];
    uint16_t vendor;
    uint16_t controller_id;
    uint32_t version;
    uint8_t type; /* 0 not reported, 1 I/O, 2 discovery, 3 administrative */
    bool multiple_controllers;
    bool multiple_ports;
    bool security_commands;
    bool format_supported;
    bool namespace_management;
    /* FNA */
    bool format_all_namespaces;
    bool erase_all_namespaces;
    bool crypto_format;
    bool format_broadcast_refused;
    /* SANICAP */
    bool sanitize_crypto;
    bool sanitize_block;
    bool sanitize_overwrite;
    bool sanitize_no_deallocate_inhibited;
    uint64_t total_capacity;       /* TNVMCAP in bytes, 0: not reported; UINT64_MAX if larger */
    uint64_t unallocated_capacity; /* UNVMCAP, likewise */
    uint32_t namespaces;           /* NN */
    uint32_t rpmb_units;           /* number of RPMB targets */
};

/* 4096 bytes of Identify Controller; -EINVAL if shorter or all of one byte. */
int nvme_decode_controller(struct bytes data, struct nvme_controller *out);

struct nvme_namespace {
    uint64_t size;     /* NSZE, in LBAs */
    uint64_t capacity; /* NCAP */
    uint64_t used;     /* NUSE */
    uint32_t lba_size; /* data bytes of an LBA */
    uint16_t metadata_size;
    uint8_t format_index;
    bool extended_metadata;
    uint8_t protection; /* DPS: type in 2:0, location in 3 */
    bool shared;
    bool write_protected;
    bool format_progress_reported;
    uint8_t format_remaining;  /* percent left, meaningful if reported */
    uint8_t after_deallocate;  /* DLFEAT 2:0: 0 not reported, 1 reads 00, 2 reads FF */
    char name[NVME_NAME_SIZE]; /* "eui.…": the NGUID, else the EUI-64; "" if neither */
};

/*
 * 4096 bytes of Identify Namespace; -EINVAL if shorter, inactive (all zero), or with an LBA format
 * or a size (2^63 bytes and more) that cannot be.
 */
int nvme_decode_namespace(struct bytes data, struct nvme_namespace *out);

/*
 * A namespace list (CNS 02h and 10h): up to 1024 ids, ascending, ended by 0. Returns how many were
 * put into ids, or -EINVAL if short or not ascending.
 */
int nvme_decode_namespace_list(struct bytes data, uint32_t ids[1024]);

struct nvme_health {
    uint8_t critical_warning;
    uint16_t temperature_kelvin;
    uint8_t spare_percent;
    uint8_t used_percent;
    uint64_t data_units_written; /* thousands of 512 bytes; saturates */
    uint64_t power_on_hours;
    uint64_t power_cycles;
    uint64_t unsafe_shutdowns; /* power went without notice */
    uint64_t media_errors;
};

/* 512 bytes of log page 02h; -EINVAL if shorter. */
int nvme_decode_health(struct bytes data, struct nvme_health *out);

/* Sanitize status, log page 81h. */
enum nvme_sanitize_state {
    NVME_NEVER_SANITIZED = 0,
    NVME_SANITIZED = 1,
    NVME_SANITIZING = 2,
    NVME_SANITIZE_FAILED = 3,
    NVME_SANITIZED_DEALLOCATED = 4,
};

struct nvme_sanitize_log {
    uint16_t progress; /* of 65536; FFFFh: none in progress */
    uint8_t state;     /* enum nvme_sanitize_state, or a value that is none of them */
    uint8_t passes;
    bool global_data_erased;
    uint32_t command_dword10;
    uint32_t estimate_overwrite; /* seconds, for 16 passes; UINT32_MAX: not reported */
    uint32_t estimate_block;
    uint32_t estimate_crypto;
};

/* At least 32 bytes; -EINVAL if shorter. */
int nvme_decode_sanitize_log(struct bytes data, struct nvme_sanitize_log *out);

/* The size of each of the two boot partitions by log page 15h (NVMe 2.0: Boot Partition; BPINFO's
 * BPSZ counts 128 KiB), of which at least 16 bytes; -EINVAL if it is shorter or another page. */
int nvme_decode_boot_partition_log(struct bytes data, uint64_t *size);

#endif
