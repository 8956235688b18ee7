#include "keywords.h"
#include "parse.h"

#include <stdlib.h>
#include <string.h>

static bool parse_formats(struct drive_description *drive, char *value, char *problem,
                          size_t problem_size) {
    struct nvme_description *nvme = &drive->nvme;
    nvme->format_count = 0;
    for (char *word; (word = next_word(&value)) != NULL;) {
        char *end;
        const unsigned long data = strtoul(word, &end, 10);
        const unsigned long metadata = *end == '+' ? strtoul(end + 1, &end, 10) : 0;
        if (*end != '\0' || data < 512 || data > 4096 || (data & (data - 1)) != 0 ||
            metadata > 128 || nvme->format_count == DESCRIPTION_FORMATS)
            return description_wrong(problem, problem_size,
                                     "formats are 512 or 4096, with +8 or +64 for metadata");
        nvme->formats[nvme->format_count++] =
            (struct nvme_format_description){(uint32_t)data, (uint32_t)metadata};
    }
    return nvme->format_count > 0 || description_wrong(problem, problem_size, "no formats");
}

static bool namespace_option(struct nvme_namespace_description *ns, const char *word) {
    const char *value;
    uint64_t number = 0;
    if ((value = value_of(word, "size")) != NULL)
        return parse_bytes(value, &ns->bytes);
    if (strcmp(word, "extended") == 0)
        return ns->extended = true;
    if (strcmp(word, "detached") == 0)
        return ns->detached = true;
    if ((value = value_of(word, "format")) != NULL) {
        const bool good = parse_number(value, &number) && number < DESCRIPTION_FORMATS;
        ns->format = (uint32_t)number;
        return good;
    }
    if ((value = value_of(word, "protection")) != NULL) {
        const bool good = parse_number(value, &number) && number <= 3;
        ns->protection = (uint32_t)number;
        return good;
    }
    if ((value = value_of(word, "write-protected")) != NULL) {
        const bool good = parse_number(value, &number) && number <= 3;
        ns->write_protection = (uint32_t)number;
        return good;
    }
    if ((value = value_of(word, "only")) != NULL) {
        const bool good = parse_number(value, &number) && number < 2;
        ns->only = (int32_t)number;
        return good;
    }
    return false;
}

/* namespace = [size=SIZE] [format=N] [protection=N] [extended] [detached] [only=CONTROLLER]
 * [write-protected=STATE], once for each; "namespace = none" for none at all. */
static bool parse_namespace(struct drive_description *drive, char *value, char *problem,
                            size_t problem_size) {
    struct nvme_description *nvme = &drive->nvme;
    if (strcmp(value, "none") == 0) {
        nvme->namespace_none = true;
        return true;
    }
    if (nvme->namespace_count == DESCRIPTION_NAMESPACES)
        return description_wrong(problem, problem_size, "too many namespaces");
    struct nvme_namespace_description *ns = &nvme->namespaces[nvme->namespace_count++];
    ns->only = -1;
    for (char *word; (word = next_word(&value)) != NULL;)
        if (!namespace_option(ns, word))
            return description_wrong(problem, problem_size, "a namespace does not take %s", word);
    return true;
}

/* fna = [format-all] [erase-all] [crypto] [no-broadcast] | none */
static bool parse_fna(struct drive_description *drive, char *value, char *problem,
                      size_t problem_size) {
    struct nvme_description *nvme = &drive->nvme;
    nvme->format_all = nvme->erase_all = nvme->format_crypto = nvme->format_no_broadcast = false;
    for (char *word; (word = next_word(&value)) != NULL;) {
        if (strcmp(word, "format-all") == 0)
            nvme->format_all = true;
        else if (strcmp(word, "erase-all") == 0)
            nvme->erase_all = true;
        else if (strcmp(word, "crypto") == 0)
            nvme->format_crypto = true;
        else if (strcmp(word, "no-broadcast") == 0)
            nvme->format_no_broadcast = true;
        else if (strcmp(word, "none") != 0)
            return description_wrong(problem, problem_size, "fna does not take %s", word);
    }
    return true;
}

/* last-sanitize = success|failed CDW10=NUMBER */
static bool parse_last_sanitize(struct drive_description *drive, char *value, char *problem,
                                size_t problem_size) {
    static const char *const ends[] = {"success", "failed", NULL};
    const char *end = next_word(&value), *word = next_word(&value);
    const char *cdw10 = word == NULL ? NULL : value_of(word, "CDW10");
    uint64_t number = 0;
    const int place = end == NULL ? -1 : place_in(ends, end);
    if (place < 0 || cdw10 == NULL || !parse_number(cdw10, &number) || number > UINT32_MAX)
        return description_wrong(problem, problem_size,
                                 "write: last-sanitize = success|failed CDW10=NUMBER");
    drive->nvme.last_sanitize_known = true;
    drive->nvme.last_sanitize_failed = place == 1;
    drive->nvme.last_sanitize_cdw10 = (uint32_t)number;
    return true;
}

static const struct keyword keywords[] = {
    KEYWORD("controllers", VALUE_NUMBER, nvme.controllers),
    SPECIAL("formats", parse_formats),
    SPECIAL("namespace", parse_namespace),
    SPECIAL("fna", parse_fna),
    SPECIAL("last-sanitize", parse_last_sanitize),
    KEYWORD("namespace-management", VALUE_FLAG, nvme.namespace_management),
    KEYWORD("format-nvm", VALUE_FLAG, nvme.format_nvm),
    KEYWORD("key-per-namespace", VALUE_FLAG, key_per_namespace),
    KEYWORD("no-deallocate-inhibited", VALUE_FLAG, nvme.no_deallocate_inhibited),
    KEYWORD("no-deallocate-modifies", VALUE_NUMBER, nvme.no_deallocate_modifies),
    KEYWORD("estimate-overwrite", VALUE_TIME, nvme.estimate_overwrite),
    KEYWORD("estimate-block", VALUE_TIME, nvme.estimate_block),
    KEYWORD("estimate-crypto", VALUE_TIME, nvme.estimate_crypto),
    KEYWORD("deallocated-reads", VALUE_NUMBER, nvme.deallocated_reads),
    KEYWORD("write-cache", VALUE_FLAG, nvme.write_cache),
    KEYWORD("write-protection", VALUE_FLAG, nvme.write_protection),
    KEYWORD("compare", VALUE_FLAG, nvme.compare),
    KEYWORD("write-zeroes", VALUE_FLAG, nvme.write_zeroes),
    KEYWORD("boot-partition", VALUE_SIZE, nvme.boot_partition_bytes),
    KEYWORD("rpmb-targets", VALUE_NUMBER, nvme.rpmb_targets),
    KEYWORD("unallocated-stale", VALUE_FLAG, nvme.unallocated_stale),
};

static void defaults(struct drive_description *drive) {
    const struct nvme_format_description formats[] = {{512, 0}, {4096, 0}};
    drive->nvme = (struct nvme_description){
        .controllers = 1,
        .format_count = 2,
        .format_nvm = true,
        .format_crypto = true,
        .namespace_management = true,
        .estimate_overwrite = TIME_NOT_REPORTED,
        .estimate_block = TIME_NOT_REPORTED,
        .estimate_crypto = TIME_NOT_REPORTED,
        .no_deallocate_modifies = 1,
        .deallocated_reads = 1,
        .write_cache = true,
        .write_protection = true,
        .compare = true,
        .write_zeroes = true,
    };
    memcpy(drive->nvme.formats, formats, sizeof formats);
    drive->duration[OP_NVME_SANITIZE_CRYPTO] = 2000;
    drive->duration[OP_NVME_SANITIZE_BLOCK] = 20000;
    drive->duration[OP_NVME_SANITIZE_OVERWRITE] = 60000; /* each pass */
    drive->duration[OP_NVME_FORMAT] = 1000;
    drive->duration[OP_NVME_FORMAT_USER_DATA] = 10000;
    drive->duration[OP_NVME_FORMAT_CRYPTO] = 2000;
}

const struct family_keywords nvme_keywords = {"nvme", keywords, sizeof keywords / sizeof *keywords,
                                              defaults};
