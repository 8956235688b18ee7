#include "keywords.h"
#include "parse.h"

#include <string.h>

/* format-sizes = 512 520 ... */
static bool parse_format_sizes(struct drive_description *drive, char *value, char *problem,
                               size_t problem_size) {
    uint32_t *sizes = drive->scsi.format_sizes;
    unsigned count = 0;
    memset(sizes, 0, sizeof drive->scsi.format_sizes);
    for (const char *word; (word = next_word(&value)) != NULL; count++) {
        uint64_t size;
        if (count == SCSI_BLOCK_SIZES || !parse_number(word, &size) || size < 512 ||
            size > MEDIA_PATTERN)
            return description_wrong(problem, problem_size,
                                     "format-sizes are at most %d numbers from 512 to %d",
                                     SCSI_BLOCK_SIZES, MEDIA_PATTERN);
        sizes[count] = (uint32_t)size;
    }
    return true;
}

/* What VPD page B1h says of reads after an erase (DEVICE-FACTS B.1). */
static bool parse_after(uint32_t *field, const char *value, char *problem, size_t problem_size) {
    static const char *const ways[] = {"unspecified", "readable", "error", "write-required", NULL};
    const int way = place_in(ways, value);
    if (way < 0)
        return description_wrong(problem, problem_size,
                                 "after an erase: unspecified, readable, error, write-required");
    *field = (uint32_t)way;
    return true;
}

static bool parse_after_block(struct drive_description *drive, char *value, char *problem,
                              size_t problem_size) {
    return parse_after(&drive->scsi.after_block_erase, value, problem, problem_size);
}

static bool parse_after_crypto(struct drive_description *drive, char *value, char *problem,
                               size_t problem_size) {
    return parse_after(&drive->scsi.after_crypto_erase, value, problem, problem_size);
}

/* reserved-by = KEY [TYPE] */
static bool parse_reserved(struct drive_description *drive, char *value, char *problem,
                           size_t problem_size) {
    enum { WRITE_EXCLUSIVE = 1, LARGEST_TYPE = 8 };
    const char *key = next_word(&value), *type = next_word(&value);
    uint64_t number = WRITE_EXCLUSIVE;
    if (key == NULL || !parse_number(key, &drive->scsi.reserved_by) ||
        (type != NULL && !parse_number(type, &number)) || number > LARGEST_TYPE)
        return description_wrong(problem, problem_size, "write: reserved-by = KEY [TYPE]");
    drive->scsi.reserved_type = (uint32_t)number;
    return true;
}

/* bad-blocks = LBA ... */
static bool parse_bad_blocks(struct drive_description *drive, char *value, char *problem,
                             size_t problem_size) {
    struct scsi_description *scsi = &drive->scsi;
    for (const char *word; (word = next_word(&value)) != NULL; scsi->bad_block_count++)
        if (scsi->bad_block_count == SCSI_BAD_BLOCKS ||
            !parse_number(word, &scsi->bad_blocks[scsi->bad_block_count]))
            return description_wrong(problem, problem_size, "bad-blocks are at most %d LBAs",
                                     SCSI_BAD_BLOCKS);
    return true;
}

static bool parse_protection(struct drive_description *drive, char *value, char *problem,
                             size_t problem_size) {
    uint64_t type;
    if (!parse_number(value, &type) || type > 3)
        return description_wrong(problem, problem_size, "protection is a type from 0 to 3");
    drive->scsi.protection = (uint32_t)type;
    return true;
}

static const struct keyword keywords[] = {
    KEYWORD("vendor", VALUE_TEXT, scsi.vendor),
    KEYWORD("physical-sector", VALUE_NUMBER, scsi.physical_sector),
    KEYWORD("rotation", VALUE_NUMBER, scsi.rotation),
    KEYWORD("protects", VALUE_FLAG, scsi.protects),
    SPECIAL("protection", parse_protection),
    KEYWORD("visible", VALUE_SIZE, scsi.visible_bytes),
    KEYWORD("visible-fixed", VALUE_FLAG, scsi.visible_fixed),
    SPECIAL("format-sizes", parse_format_sizes),
    KEYWORD("format-picks", VALUE_NUMBER, scsi.format_picks),
    KEYWORD("fast-format", VALUE_FLAG, scsi.fast_format),
    KEYWORD("mode-saves", VALUE_FLAG, scsi.mode_saves),
    SPECIAL("after-block-erase", parse_after_block),
    SPECIAL("after-crypto-erase", parse_after_crypto),
    KEYWORD("unmap", VALUE_FLAG, scsi.unmap),
    KEYWORD("reports-opcodes", VALUE_FLAG, scsi.reports_opcodes),
    KEYWORD("descriptor-sense", VALUE_FLAG, scsi.descriptor_sense),
    KEYWORD("write-protected", VALUE_FLAG, scsi.write_protected),
    KEYWORD("write-cache", VALUE_FLAG, scsi.write_cache),
    KEYWORD("format-corrupt", VALUE_FLAG, scsi.format_corrupt),
    KEYWORD("start-needed", VALUE_FLAG, scsi.start_needed),
    KEYWORD("standby-port", VALUE_NUMBER, scsi.standby_port),
    SPECIAL("reserved-by", parse_reserved),
    KEYWORD("clear-refused", VALUE_FLAG, scsi.clear_refused),
    KEYWORD("preempt-refused", VALUE_FLAG, scsi.preempt_refused),
    SPECIAL("bad-blocks", parse_bad_blocks),
    KEYWORD("primary-defects", VALUE_NUMBER, scsi.primary_defects),
    KEYWORD("percentage-used", VALUE_NUMBER, scsi.percentage_used),
    KEYWORD("target", VALUE_NUMBER, scsi.target),
    KEYWORD("actuators", VALUE_NUMBER, scsi.actuators),
};

static void defaults(struct drive_description *drive) {
    enum { READABLE = 1 };
    drive->scsi = (struct scsi_description){
        .vendor = "SIM",
        .rotation = 7200,
        .protects = true,
        .format_sizes = {512, 520, 528, 4096, 4160},
        .fast_format = true,
        .mode_saves = true,
        .after_block_erase = READABLE,
        .after_crypto_erase = READABLE,
        .reports_opcodes = true,
        .primary_defects = 3,
    };
    drive->duration[OP_SCSI_SANITIZE_CRYPTO] = 2000;
    drive->duration[OP_SCSI_SANITIZE_BLOCK] = 20000;
    drive->duration[OP_SCSI_SANITIZE_OVERWRITE] = 60000; /* each pass */
    drive->duration[OP_SCSI_FORMAT] = 60000;
}

const struct family_keywords scsi_keywords = {"scsi", keywords, sizeof keywords / sizeof *keywords,
                                              defaults};
