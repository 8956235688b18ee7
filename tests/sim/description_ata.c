#include "keywords.h"
#include "parse.h"

#include <string.h>

/* features = [security] [enhanced] [hpa] [amac] [dco] [trim] [ssp] [trusted]: what is not named is
 * not there. */
static bool parse_features(struct drive_description *drive, char *value, char *problem,
                           size_t problem_size) {
    struct ata_description *ata = &drive->ata;
    const struct {
        const char *name;
        bool *field;
    } features[] = {{"security", &ata->security},
                    {"enhanced", &ata->security_enhanced},
                    {"hpa", &ata->hpa},
                    {"amac", &ata->amac},
                    {"dco", &ata->dco},
                    {"trim", &ata->trim},
                    {"ssp", &ata->settings_preservation},
                    {"trusted", &ata->trusted}};
    enum { FEATURES = sizeof features / sizeof *features };
    for (unsigned i = 0; i < FEATURES; i++)
        *features[i].field = false;
    for (const char *word; (word = next_word(&value)) != NULL;) {
        unsigned i = 0;
        while (i < FEATURES && strcmp(features[i].name, word) != 0)
            i++;
        if (i == FEATURES && strcmp(word, "none") != 0)
            return description_wrong(problem, problem_size, "no feature: %s", word);
        if (i < FEATURES)
            *features[i].field = true;
    }
    return true;
}

/* erase-time-format = short | extended: 8 or 15 bits in words 89 and 90 */
static bool parse_erase_time_format(struct drive_description *drive, char *value, char *problem,
                                    size_t problem_size) {
    drive->ata.erase_time_extended = strcmp(value, "extended") == 0;
    return drive->ata.erase_time_extended || strcmp(value, "short") == 0 ||
           description_wrong(problem, problem_size, "erase-time-format is short or extended");
}

static const struct keyword keywords[] = {
    SPECIAL("features", parse_features),
    SPECIAL("erase-time-format", parse_erase_time_format),
    KEYWORD("physical-sector", VALUE_NUMBER, ata.physical_sector),
    KEYWORD("rotation", VALUE_NUMBER, ata.rotation),
    KEYWORD("sleep-cuts-power", VALUE_FLAG, ata.sleep_cuts_power),
    KEYWORD("frozen", VALUE_FLAG, ata.frozen),
    KEYWORD("attempts-used-up", VALUE_FLAG, ata.attempts_used_up),
    KEYWORD("user-password", VALUE_TEXT, ata.user_password),
    KEYWORD("master-password", VALUE_TEXT, ata.master_password),
    KEYWORD("master-maximum", VALUE_FLAG, ata.master_maximum),
    KEYWORD("erase-time", VALUE_TIME, ata.erase_time),
    KEYWORD("erase-time-enhanced", VALUE_TIME, ata.erase_time_enhanced),
    KEYWORD("erase-covers-hidden", VALUE_FLAG, ata.erase_covers_hidden),
    KEYWORD("antifreeze", VALUE_FLAG, ata.antifreeze),
    KEYWORD("sanitize-frozen", VALUE_FLAG, ata.sanitize_frozen),
    KEYWORD("hidden-frozen", VALUE_FLAG, ata.hidden_frozen),
    KEYWORD("sanitize-completed", VALUE_FLAG, ata.sanitize_completed),
    KEYWORD("sanitize-overrides-security", VALUE_FLAG, ata.sanitize_overrides_security),
    KEYWORD("hpa", VALUE_SIZE, ata.hpa_bytes),
    KEYWORD("amac", VALUE_SIZE, ata.amac_bytes),
    KEYWORD("dco", VALUE_SIZE, ata.dco_bytes),
    KEYWORD("dco-hides-security", VALUE_FLAG, ata.dco_hides_security),
    KEYWORD("starts-in-standby", VALUE_FLAG, ata.starts_in_standby),
    KEYWORD("write-cache", VALUE_FLAG, ata.write_cache),
    KEYWORD("trim-deterministic", VALUE_FLAG, ata.trim_deterministic),
    KEYWORD("trim-zeroes", VALUE_FLAG, ata.trim_zeroes),
    KEYWORD("reallocated", VALUE_NUMBER, ata.reallocated),
    KEYWORD("pending", VALUE_NUMBER, ata.pending),
    KEYWORD("uncorrectable", VALUE_NUMBER, ata.uncorrectable),
    KEYWORD("power-on-hours", VALUE_NUMBER, ata.power_on_hours),
    KEYWORD("descriptor-sense", VALUE_FLAG, ata.descriptor_sense),
};

static void defaults(struct drive_description *drive) {
    drive->ata = (struct ata_description){
        .rotation = 7200,
        .security = true,
        .security_enhanced = true,
        .erase_time = 120000,
        .erase_time_enhanced = 120000,
        .hpa = true,
        .settings_preservation = true,
        .write_cache = true,
        .power_on_hours = 1000,
    };
    drive->duration[OP_SECURITY_ERASE] = 60000;
    drive->duration[OP_SECURITY_ERASE_ENHANCED] = 60000;
    drive->duration[OP_ATA_SANITIZE_CRYPTO] = 2000;
    drive->duration[OP_ATA_SANITIZE_BLOCK] = 20000;
    drive->duration[OP_ATA_SANITIZE_OVERWRITE] = 60000; /* each pass */
}

const struct family_keywords ata_keywords = {"ata", keywords, sizeof keywords / sizeof *keywords,
                                             defaults};
