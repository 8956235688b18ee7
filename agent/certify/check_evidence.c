/* Whether a certificate's evidence shows what its method has to have done. */
#include "quietus/ata.h"
#include "quietus/json.h"
#include "quietus/plan.h"
#include "quietus/scsi.h"

#include "internal.h"

#include <libnvme.h>
#include <stdio.h>
#include <string.h>

enum { ACTIONS = 2, PASS_THROUGH_SIZE = 16 };

/* A pass over the whole disk without a failure: what this run has written, and what the run did
 * that it took over from. */
static bool is_whole_pass(const json_t *entry, uint64_t number, uint64_t bytes, bool taken_up) {
    const uint64_t before = json_count(entry, "taken_up_at");
    return strcmp(json_text(entry, "kind"), "overwrite-pass") == 0 &&
           json_count(entry, "pass") == number && (before == 0 || taken_up) && before <= bytes &&
           json_count(entry, "bytes_acknowledged") == bytes - before &&
           json_count(entry, "bad_lbas") == 0 && strcmp(json_text(entry, "flush"), "good") == 0 &&
           strcmp(json_text(entry, "result"), "gone through") == 0;
}

/* Where the disk vanished in a pass and came back: the rest of the same pass, from where the first
 * part was flushed up to. */
static bool goes_on(const json_t *entry, const json_t *part) {
    const uint64_t from = json_count(entry, "taken_up_at");
    return part && from > 0 && from == json_count(part, "flushed_below") &&
           json_count(part, "pass") == json_count(entry, "pass") &&
           strcmp(json_text(part, "pattern"), json_text(entry, "pattern")) == 0 &&
           strcmp(json_text(part, "key"), json_text(entry, "key")) == 0;
}

/* Goes on counting; *is_doubtful: set if one of them was not written in one go, or not all of it
 * at the first try. */
static uint64_t count_passes(const json_t *list, uint64_t done, uint64_t bytes, bool taken_up,
                             bool *is_doubtful) {
    size_t i;
    json_t *entry;
    const json_t *before = NULL;
    json_array_foreach((json_t *)list, i, entry) {
        if (strcmp(json_text(entry, "kind"), "overwrite-pass") != 0)
            continue;
        const bool again = before && json_count(before, "pass") == json_count(entry, "pass");
        if (is_whole_pass(entry, done + 1, bytes, taken_up || goes_on(entry, before)))
            done++;
        *is_doubtful = *is_doubtful || again || json_count(entry, "requests_failed") > 0;
        before = entry;
    }
    return done;
}

/* Of another method's reading it says nothing about the passes. Without a method it is of an agent
 * that read nothing but overwrites anew. */
static bool was_reading_cut_off(const json_t *certificate) {
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(certificate, "evidence"), i, entry) {
        const char *method = json_text(entry, "method");
        if (strcmp(json_text(entry, "kind"), "reading-cut-off") == 0 &&
            (method[0] == '\0' || strcmp(method, "overwrite") == 0))
            return true;
    }
    return false;
}

/* An overwrite that another run has begun, or in which the disk vanished or writes failed, is only
 * as good as the reading of every byte. */
static bool was_all_read(const json_t *certificate) {
    const json_t *attempts = json_object_get(certificate, "attempts");
    const json_t *last = json_array_get(attempts, json_array_size(attempts) - 1);
    return json_flag(json_object_get(last, "verification"), "every_unit");
}

/* Every pass that the policy asks for, in order, of all bytes and without a failure. */
static bool shows_passes(const json_t *certificate) {
    struct passes passes;
    struct reason reason;
    const json_t *state = json_object_get(certificate, "taken_up");
    const bool taken_up = json_is_object(state);
    /* As it was at the end: hidden capacity may have been opened first. */
    const uint64_t bytes = json_count(json_object_get(certificate, "identity_after"), "capacity");
    bool is_doubtful = taken_up || was_reading_cut_off(certificate);
    uint64_t done = count_passes(json_object_get(state, "done"), 0, bytes, taken_up, &is_doubtful);
    done =
        count_passes(json_object_get(certificate, "evidence"), done, bytes, taken_up, &is_doubtful);
    return passes_parse(json_text(json_object_get(certificate, "policy"), "passes"), &passes,
                        &reason) == 0 &&
           done == passes.count && (!is_doubtful || was_all_read(certificate));
}

static uint32_t dword10_of(const json_t *entry) {
    const json_t *dwords = json_object_get(json_object_get(entry, "command"), "cdw10_15");
    return (uint32_t)json_integer_value(json_array_get(dwords, 0));
}

static bool is_nvme(const json_t *entry, uint8_t opcode) {
    return strcmp(json_text(entry, "kind"), "nvme") == 0 &&
           json_count(json_object_get(entry, "command"), "opcode") == opcode;
}

static bool shows_format_of(const json_t *certificate, uint64_t nsid, uint32_t erase) {
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(certificate, "evidence"), i, entry) {
        const json_t *status = json_object_get(json_object_get(entry, "answer"), "status");
        if (is_nvme(entry, nvme_admin_format_nvm) && (dword10_of(entry) >> 9 & 7) == erase &&
            json_count(json_object_get(entry, "command"), "nsid") == nsid &&
            json_is_integer(status) && json_integer_value(status) == 0)
            return true;
    }
    return false;
}

/* A Format NVM with this secure erase setting that succeeded, for every namespace. */
static bool shows_formats(const json_t *certificate, uint32_t erase) {
    size_t i;
    json_t *area;
    json_array_foreach(json_object_get(json_object_get(certificate, "disk"), "areas"), i, area) {
        if (!shows_format_of(certificate, json_count(area, "namespace"), erase))
            return false;
    }
    return true;
}

/* The ATA command in an entry for a pass-through: its bytes, or false. */
static bool pass_through_of(const json_t *entry, uint8_t cdb[PASS_THROUGH_SIZE]) {
    const char *hex = json_text(json_object_get(entry, "command"), "cdb");
    return strcmp(json_text(entry, "kind"), "scsi") == 0 &&
           hex_decode(cdb, PASS_THROUGH_SIZE, hex) == 0 && cdb[0] == SCSI_ATA_PASS_THROUGH_16;
}

static bool is_nvme_sanitize(const json_t *entry, uint32_t action) {
    return is_nvme(entry, nvme_admin_sanitize_nvm) && (dword10_of(entry) & 7) == action;
}

static bool is_ata_sanitize(const json_t *entry, uint32_t action) {
    uint8_t cdb[PASS_THROUGH_SIZE];
    return pass_through_of(entry, cdb) && cdb[14] == ATA_SANITIZE_DEVICE &&
           get_be16(cdb + 3) == action;
}

static bool is_scsi_sanitize(const json_t *entry, uint32_t action) {
    uint8_t cdb[10];
    const char *hex = json_text(json_object_get(entry, "command"), "cdb");
    return strcmp(json_text(entry, "kind"), "scsi") == 0 && hex_decode(cdb, sizeof cdb, hex) == 0 &&
           cdb[0] == SCSI_SANITIZE && (cdb[1] & 0x1f) == action;
}

static bool is_scsi_format(const json_t *entry, uint32_t unused) {
    uint8_t cdb[6];
    const char *hex = json_text(json_object_get(entry, "command"), "cdb");
    (void)unused;
    return strcmp(json_text(entry, "kind"), "scsi") == 0 && hex_decode(cdb, sizeof cdb, hex) == 0 &&
           cdb[0] == SCSI_FORMAT_UNIT;
}

static bool is_security_erase(const json_t *entry, uint32_t flag) {
    uint8_t cdb[PASS_THROUGH_SIZE];
    uint8_t flags[2];
    const json_t *data = json_object_get(json_object_get(entry, "command"), "data");
    return pass_through_of(entry, cdb) && cdb[14] == ATA_SECURITY_ERASE_UNIT &&
           hex_decode(flags, sizeof flags, json_text(data, "flags")) == 0 &&
           (flags[0] & ATA_SECURITY_ENHANCED) == flag;
}

/* What comes after the erase is no evidence of it. */
static bool is_end_of_erase(const json_t *entry) {
    return strcmp(json_text(entry, "kind"), "reformat") == 0;
}

/* A command that went out. What it was answered may have got lost on the way back. */
static bool was_sent(const json_t *certificate, bool (*is_it)(const json_t *, uint32_t),
                     uint32_t value) {
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(certificate, "evidence"), i, entry) {
        if (is_end_of_erase(entry))
            break;
        if (is_it(entry, value) && !json_object_get(json_object_get(entry, "answer"), "not_sent"))
            return true;
    }
    return false;
}

/* Followed so often to an end in success; and the last one ended so. */
static bool shows_ends(const json_t *certificate, unsigned needed) {
    static const char success[] = "ended in success";
    unsigned ends = 0;
    bool last = false;
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(certificate, "evidence"), i, entry) {
        if (is_end_of_erase(entry))
            break;
        if (strcmp(json_text(entry, "kind"), "followed") != 0)
            continue;
        last = strcmp(json_text(entry, "end"), success) == 0;
        ends += last;
    }
    return last && ends >= needed;
}

static bool shows_sanitizes(const json_t *certificate, bool (*is_it)(const json_t *, uint32_t),
                            const uint32_t actions[ACTIONS]) {
    unsigned count = 0;
    for (; count < ACTIONS && actions[count] != 0; count++) {
        if (!was_sent(certificate, is_it, actions[count]))
            return false;
    }
    return shows_ends(certificate, count);
}

enum { CRYPTO_AND_BLOCK, BLOCK, CRYPTO, OVERWRITE, SANITIZES };

static const uint32_t nvme_actions[SANITIZES][ACTIONS] = {
    [CRYPTO_AND_BLOCK] = {NVME_SANITIZE_SANACT_START_CRYPTO_ERASE,
                          NVME_SANITIZE_SANACT_START_BLOCK_ERASE},
    [BLOCK] = {NVME_SANITIZE_SANACT_START_BLOCK_ERASE},
    [CRYPTO] = {NVME_SANITIZE_SANACT_START_CRYPTO_ERASE},
    [OVERWRITE] = {NVME_SANITIZE_SANACT_START_OVERWRITE},
};

static const uint32_t ata_actions[SANITIZES][ACTIONS] = {
    [CRYPTO_AND_BLOCK] = {ATA_SANITIZE_CRYPTO_SCRAMBLE, ATA_SANITIZE_BLOCK_ERASE},
    [BLOCK] = {ATA_SANITIZE_BLOCK_ERASE},
    [CRYPTO] = {ATA_SANITIZE_CRYPTO_SCRAMBLE},
    [OVERWRITE] = {ATA_SANITIZE_OVERWRITE},
};

static const uint32_t scsi_actions[SANITIZES][ACTIONS] = {
    [CRYPTO_AND_BLOCK] = {SCSI_SANITIZE_CRYPTO_ERASE, SCSI_SANITIZE_BLOCK_ERASE},
    [BLOCK] = {SCSI_SANITIZE_BLOCK_ERASE},
    [CRYPTO] = {SCSI_SANITIZE_CRYPTO_ERASE},
    [OVERWRITE] = {SCSI_SANITIZE_OVERWRITE},
};

static bool shows_overwrite(const json_t *certificate, uint32_t unused) {
    (void)unused;
    return shows_passes(certificate);
}

static bool shows_nvme_sanitize(const json_t *certificate, uint32_t which) {
    return shows_sanitizes(certificate, is_nvme_sanitize, nvme_actions[which]);
}

static bool shows_ata_sanitize(const json_t *certificate, uint32_t which) {
    return shows_sanitizes(certificate, is_ata_sanitize, ata_actions[which]);
}

static bool shows_scsi_sanitize(const json_t *certificate, uint32_t which) {
    return shows_sanitizes(certificate, is_scsi_sanitize, scsi_actions[which]);
}

static bool shows_scsi_format(const json_t *certificate, uint32_t unused) {
    return was_sent(certificate, is_scsi_format, unused) && shows_ends(certificate, 1);
}

static bool shows_security_erase(const json_t *certificate, uint32_t flag) {
    return was_sent(certificate, is_security_erase, flag);
}

/* What a drive's security is sent is not in the evidence, but that it was sent. */
static bool is_security_send(const json_t *entry, uint32_t unused) {
    uint8_t cdb[PASS_THROUGH_SIZE];
    uint8_t opcode;
    const char *hex = json_text(json_object_get(entry, "command"), "cdb");
    (void)unused;
    if (is_nvme(entry, nvme_admin_security_send))
        return true;
    if (pass_through_of(entry, cdb))
        return cdb[14] == ATA_TRUSTED_SEND;
    return strcmp(json_text(entry, "kind"), "scsi") == 0 && strlen(hex) >= 2 &&
           hex_decode(&opcode, 1, (char[]){hex[0], hex[1], '\0'}) == 0 &&
           opcode == SCSI_SECURITY_PROTOCOL_OUT;
}

static bool shows_revert(const json_t *certificate, uint32_t unused) {
    bool off = false;
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(certificate, "evidence"), i, entry) {
        if (strcmp(json_text(entry, "kind"), "tcg-revert") == 0)
            off = strcmp(json_text(entry, "locking_after"), "off") == 0 ||
                  strcmp(json_text(entry, "locking_after"), "nothing locked") == 0;
    }
    return off && was_sent(certificate, is_security_send, unused);
}

static const struct {
    const char *method;
    bool (*shows)(const json_t *certificate, uint32_t value);
    uint32_t value;
    const char *missing;
} needed[] = {
    {"nvme-sanitize-crypto-block", shows_nvme_sanitize, CRYPTO_AND_BLOCK,
     "a crypto erase and a block erase that ended in success"},
    {"nvme-sanitize-block", shows_nvme_sanitize, BLOCK, "a block erase that ended in success"},
    {"nvme-sanitize-crypto", shows_nvme_sanitize, CRYPTO, "a crypto erase that ended in success"},
    {"nvme-sanitize-overwrite", shows_nvme_sanitize, OVERWRITE,
     "a sanitize overwrite that ended in success"},
    {"ata-sanitize-crypto-block", shows_ata_sanitize, CRYPTO_AND_BLOCK,
     "a crypto scramble and a block erase that ended in success"},
    {"ata-sanitize-block", shows_ata_sanitize, BLOCK, "a block erase that ended in success"},
    {"ata-sanitize-crypto", shows_ata_sanitize, CRYPTO, "a crypto scramble that ended in success"},
    {"ata-sanitize-overwrite", shows_ata_sanitize, OVERWRITE,
     "a sanitize overwrite that ended in success"},
    {"scsi-sanitize-crypto-block", shows_scsi_sanitize, CRYPTO_AND_BLOCK,
     "a cryptographic erase and a block erase that ended in success"},
    {"scsi-sanitize-block", shows_scsi_sanitize, BLOCK, "a block erase that ended in success"},
    {"scsi-sanitize-crypto", shows_scsi_sanitize, CRYPTO,
     "a cryptographic erase that ended in success"},
    {"scsi-sanitize-overwrite", shows_scsi_sanitize, OVERWRITE,
     "a sanitize overwrite that ended in success"},
    {"scsi-format", shows_scsi_format, 0, "a FORMAT UNIT that ended in success"},
    {"ata-security-erase-enhanced", shows_security_erase, ATA_SECURITY_ENHANCED,
     "an enhanced SECURITY ERASE UNIT"},
    {"ata-security-erase", shows_security_erase, 0, "a normal SECURITY ERASE UNIT"},
    {"nvme-format-crypto", shows_formats, NVME_FORMAT_SES_CRYPTO_ERASE,
     "a successful format of every namespace"},
    {"nvme-format-user-data", shows_formats, NVME_FORMAT_SES_USER_DATA_ERASE,
     "a successful format of every namespace"},
    {"tcg-psid-revert", shows_revert, 0, "a revert after which TCG locking was off"},
    {"overwrite", shows_overwrite, 0, "every pass over the whole disk"},
};

/* A counter that is not what it was, or is not told any more. */
static bool counters_differ(const json_t *event) {
    const char *name;
    json_t *before;
    json_object_foreach(json_object_get(event, "before"), name, before) {
        if (!json_equal(before, json_object_get(json_object_get(event, "after"), name)))
            return true;
    }
    return false;
}

/* A drive that lost power in an overwrite may have lost writes with it (power_counters.h). */
static void check_power(const json_t *certificate, const char *method, json_t *problems) {
    size_t i;
    json_t *entry;
    const struct method *known = method_find(method);
    if (!known || !known->leaves_pattern || was_all_read(certificate))
        return;
    json_array_foreach(json_object_get(certificate, "evidence"), i, entry) {
        if (strcmp(json_text(entry, "kind"), "power-counters") == 0 &&
            strcmp(json_text(entry, "method"), method) == 0 && counters_differ(entry)) {
            json_add_text(problems, "by its counters the drive may have lost power while it was "
                                    "overwritten, and not every byte was read back");
            return;
        }
    }
}

void check_evidence(const json_t *certificate, const char *method, json_t *problems) {
    char text[160];
    check_power(certificate, method, problems);
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (strcmp(method, needed[i].method) != 0)
            continue;
        if (needed[i].shows(certificate, needed[i].value))
            return;
        (void)snprintf(text, sizeof text, "the evidence does not show %s", needed[i].missing);
        json_add_text(problems, text);
        return;
    }
    json_add_text(problems, "nothing is known of what its method has to show");
}
