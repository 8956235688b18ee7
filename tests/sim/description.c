#include "description.h"

#include "keywords.h"
#include "parse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* In the order of enum drive_family. */
static const struct family_keywords *const families[] = {
    [DRIVE_NVME] = &nvme_keywords, [DRIVE_ATA] = &ata_keywords, [DRIVE_SCSI] = &scsi_keywords};

bool description_wrong(char *problem, size_t problem_size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(problem, problem_size, format, arguments);
    va_end(arguments);
    return false;
}

/* --- keywords of every drive --- */

static bool parse_medium(struct drive_description *drive, char *value, char *problem,
                         size_t problem_size) {
    drive->flash = strcmp(value, "flash") == 0;
    return drive->flash || strcmp(value, "magnetic") == 0 ||
           description_wrong(problem, problem_size, "medium is flash or magnetic");
}

static bool parse_sanitize(struct drive_description *drive, char *value, char *problem,
                           size_t problem_size) {
    drive->sanitize_crypto = drive->sanitize_block = drive->sanitize_overwrite = false;
    for (char *word; (word = next_word(&value)) != NULL;) {
        if (strcmp(word, "crypto") == 0)
            drive->sanitize_crypto = true;
        else if (strcmp(word, "block") == 0)
            drive->sanitize_block = true;
        else if (strcmp(word, "overwrite") == 0)
            drive->sanitize_overwrite = true;
        else if (strcmp(word, "none") != 0)
            return description_wrong(problem, problem_size, "no kind of sanitize: %s", word);
    }
    return true;
}

static bool parse_duration(struct drive_description *drive, char *value, char *problem,
                           size_t problem_size) {
    const char *name = next_word(&value), *time = next_word(&value);
    const enum erase_operation which = name == NULL ? OP_NONE : erase_operation_by_name(name);
    if (which == OP_NONE || time == NULL || !parse_time(time, &drive->duration[which]))
        return description_wrong(problem, problem_size, "write: time = OPERATION TIME");
    return true;
}

static bool parse_plant(struct drive_description *drive, char *value, char *problem,
                        size_t problem_size) {
    const struct {
        const char *name;
        uint32_t *field;
    } options[] = {{"every", &drive->plant_every},
                   {"stale", &drive->plant_stale},
                   {"remapped", &drive->plant_remapped}};
    const char *word = next_word(&value);
    if (word == NULL || strlen(word) >= sizeof drive->plant)
        return description_wrong(problem, problem_size,
                                 "write: plant = TAG [every=N] [stale=N] [remapped=N]");
    (void)snprintf(drive->plant, sizeof drive->plant, "%s", word);
    while ((word = next_word(&value)) != NULL) {
        bool good = false;
        for (unsigned i = 0; i < COUNT_OF(options); i++) {
            const char *number = value_of(word, options[i].name);
            uint64_t parsed = 0;
            if (number == NULL || !parse_number(number, &parsed) || parsed > UINT32_MAX)
                continue;
            *options[i].field = (uint32_t)parsed;
            good = true;
        }
        if (!good || drive->plant_every == 0)
            return description_wrong(problem, problem_size, "plant does not take %s", word);
    }
    return true;
}

static bool parse_misbehave(struct drive_description *drive, char *value, char *problem,
                            size_t problem_size) {
    return misbehaviour_parse(&drive->misbehaviours, value, problem, problem_size);
}

/* tcg = CLASS [enabled] [locked] [shadow] [clear] [from=LBA] [psid=TEXT] [erases] [ignores]
 * [keeps-keys]; see tcg.h */
static bool parse_tcg(struct drive_description *drive, char *value, char *problem,
                      size_t problem_size) {
    static const struct {
        const char *name;
        uint16_t code;
    } classes[] = {{"enterprise", 0x0100}, {"opal1", 0x0200},   {"opal2", 0x0203},
                   {"opalite", 0x0301},    {"pyrite1", 0x0302}, {"pyrite2", 0x0303},
                   {"ruby", 0x0304}};
    struct tcg_description *tcg = &drive->tcg;
    const struct {
        const char *name;
        bool *field;
    } flags[] = {{"enabled", &tcg->enabled},      {"locked", &tcg->locked},
                 {"shadow", &tcg->shadow},        {"clear", &tcg->clear},
                 {"erases", &tcg->erases},        {"ignores", &tcg->ignores},
                 {"keeps-keys", &tcg->keeps_keys}};
    for (const char *word; (word = next_word(&value)) != NULL;) {
        bool good = false;
        for (unsigned i = 0; i < COUNT_OF(classes); i++)
            if (strcmp(word, classes[i].name) == 0) {
                tcg->class = classes[i].code;
                tcg->present = good = true;
            }
        for (unsigned i = 0; i < COUNT_OF(flags); i++)
            if (strcmp(word, flags[i].name) == 0)
                *flags[i].field = good = true;
        const char *psid = value_of(word, "psid"), *from = value_of(word, "from");
        if (psid != NULL && strlen(psid) == TCG_PSID_SIZE) {
            (void)snprintf(tcg->psid, sizeof tcg->psid, "%s", psid);
            good = true;
        }
        if (from != NULL)
            good = parse_number(from, &tcg->from);
        if (!good)
            return description_wrong(problem, problem_size, "tcg does not take %s", word);
    }
    tcg->enabled = tcg->enabled || tcg->locked || tcg->shadow;
    return tcg->present || description_wrong(problem, problem_size, "tcg begins with a class");
}

static const struct keyword common[] = {
    KEYWORD("media", VALUE_TEXT, media),
    KEYWORD("size", VALUE_SIZE, bytes),
    KEYWORD("spare", VALUE_SIZE, spare_bytes),
    KEYWORD("volatile-cache", VALUE_SIZE, cache_bytes),
    SPECIAL("medium", parse_medium),
    KEYWORD("encrypts", VALUE_FLAG, encrypts),
    KEYWORD("crypto-unmaps", VALUE_FLAG, crypto_unmaps),
    KEYWORD("serial", VALUE_TEXT, serial),
    KEYWORD("model", VALUE_TEXT, model),
    KEYWORD("firmware", VALUE_TEXT, firmware),
    KEYWORD("wwn", VALUE_NUMBER, wwn),
    KEYWORD("sector", VALUE_NUMBER, sector),
    SPECIAL("sanitize", parse_sanitize),
    SPECIAL("time", parse_duration),
    KEYWORD("smart-failing", VALUE_FLAG, smart_failing),
    KEYWORD("power-counters", VALUE_FLAG, counts_power),
    SPECIAL("plant", parse_plant),
    SPECIAL("misbehave", parse_misbehave),
    SPECIAL("tcg", parse_tcg),
};

/* --- values --- */

static int hex_digit(char c) {
    static const char digits[] = "0123456789abcdef";
    const char *place = c == '\0' ? NULL : strchr(digits, c | ('A' <= c && c <= 'F' ? 0x20 : 0));
    return place == NULL ? -1 : (int)(place - digits);
}

/* Quoted text: what follows a backslash is itself, or xHH a byte. */
static bool unquote(const char *value, char *out, size_t size) {
    size_t length = 0;
    const char *from = value + 1;
    for (; *from != '"'; from++) {
        if (*from == '\0' || length + 1 >= size)
            return false;
        out[length] = *from;
        if (*from == '\\' && *++from == 'x') {
            const int high = hex_digit(from[1]), low = high < 0 ? -1 : hex_digit(from[2]);
            if (low < 0)
                return false;
            out[length] = (char)(high << 4 | low);
            from += 2;
        } else if (from[-1] == '\\') {
            out[length] = *from;
        }
        length++;
    }
    out[length] = '\0';
    return from[1] == '\0';
}

static bool set_text(char *out, size_t size, const char *value) {
    if (*value == '"')
        return unquote(value, out, size);
    return (size_t)snprintf(out, size, "%s", value) < size;
}

static bool set_number(void *field, size_t size, const char *value) {
    uint64_t number;
    if (!parse_number(value, &number) || (size == 4 && number > UINT32_MAX))
        return false;
    if (size == 4)
        *(uint32_t *)field = (uint32_t)number;
    else
        *(uint64_t *)field = number;
    return true;
}

static bool set_value(const struct keyword *keyword, struct drive_description *drive, char *value,
                      char *problem, size_t problem_size) {
    void *field = (uint8_t *)drive + keyword->offset;
    bool good = false;
    switch (keyword->type) {
    case VALUE_TEXT:
        good = set_text(field, keyword->size, value);
        break;
    case VALUE_SIZE:
        good = parse_bytes(value, field);
        break;
    case VALUE_NUMBER:
        good = set_number(field, keyword->size, value);
        break;
    case VALUE_TIME:
        good = parse_time(value, field);
        break;
    case VALUE_FLAG:
        good = parse_flag(value, field);
        break;
    case VALUE_SPECIAL:
        return keyword->special(drive, value, problem, problem_size);
    }
    return good ||
           description_wrong(problem, problem_size, "%s cannot be \"%s\"", keyword->name, value);
}

static const struct keyword *find_keyword(const struct keyword *table, size_t count,
                                          const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

/* --- defaults --- */

/* FNV-1a, so that drives of different names have different identifiers. */
static uint64_t hash(const char *text) {
    uint64_t value = 0xcbf29ce484222325;
    for (; *text != '\0'; text++)
        value = (value ^ (uint8_t)*text) * 0x100000001b3;
    return value;
}

void description_default(struct drive_description *drive, const char *name,
                         enum drive_family family) {
    *drive = (struct drive_description){
        .family = family,
        .bytes = 64 << 20,
        .spare_bytes = 4 << 20,
        .flash = true,
        .encrypts = true,
        .crypto_unmaps = true,
        .counts_power = true,
        .firmware = "QS01",
        .wwn = 0x5000000000000000 | (hash(name) & 0x0fffffffffffffff),
        .sector = 512,
        .sanitize_crypto = true,
        .sanitize_block = true,
        .sanitize_overwrite = true,
        .plant_every = 8,
    };
    (void)snprintf(drive->name, sizeof drive->name, "%s", name);
    (void)snprintf(drive->media, sizeof drive->media, "%s.media", name);
    (void)snprintf(drive->serial, sizeof drive->serial, "QSIM%08X", (unsigned)hash(name));
    (void)snprintf(drive->model, sizeof drive->model, "Simulated drive");
    for (unsigned i = 0; i < OP_COUNT; i++)
        drive->duration[i] = 30000;
    if (families[family]->defaults != NULL)
        families[family]->defaults(drive);
}

/* --- sections and lines --- */

enum section { SECTION_NONE, SECTION_DRIVE, SECTION_PORT };

struct reader {
    struct description *description;
    const char *folder;
    enum section section;
    bool has_lines; /* in the section */
    char *problem;
    size_t problem_size;
};

static bool begin_drive(struct reader *reader, const char *name) {
    struct description *description = reader->description;
    if (description_drive(description, name) != NULL)
        return description_wrong(reader->problem, reader->problem_size, "a second drive %s", name);
    if (description->drive_count == DESCRIPTION_DRIVES)
        return description_wrong(reader->problem, reader->problem_size, "too many drives");
    description_default(&description->drives[description->drive_count++], name, DRIVE_NVME);
    reader->section = SECTION_DRIVE;
    reader->has_lines = false;
    return true;
}

static bool begin_port(struct reader *reader, const char *name) {
    struct description *description = reader->description;
    if (description->port_count == DESCRIPTION_PORTS)
        return description_wrong(reader->problem, reader->problem_size, "too many ports");
    struct port_description *port = &description->ports[description->port_count++];
    (void)snprintf(port->name, sizeof port->name, "%s", name);
    (void)snprintf(port->socket, sizeof port->socket, "%s.sock", name);
    reader->section = SECTION_PORT;
    return true;
}

static bool begin_section(struct reader *reader, char *line) {
    char *end = strchr(line, ']');
    char *text = line + 1;
    if (end == NULL || end[1] != '\0')
        return description_wrong(reader->problem, reader->problem_size, "a section ends with ]");
    *end = '\0';
    const char *kind = next_word(&text), *name = next_word(&text);
    if (name == NULL || next_word(&text) != NULL || strlen(name) >= DESCRIPTION_TEXT - 8)
        return description_wrong(reader->problem, reader->problem_size,
                                 "write: [drive NAME] or [port NAME]");
    if (strcmp(kind, "drive") == 0)
        return begin_drive(reader, name);
    if (strcmp(kind, "port") == 0)
        return begin_port(reader, name);
    return description_wrong(reader->problem, reader->problem_size, "no kind of section: %s", kind);
}

/* The family brings its defaults, so it has to come first. */
static bool set_family(struct reader *reader, struct drive_description *drive, const char *value) {
    char name[DESCRIPTION_TEXT];
    (void)snprintf(name, sizeof name, "%s", drive->name);
    if (reader->has_lines)
        return description_wrong(reader->problem, reader->problem_size,
                                 "family has to be the first line of a drive");
    for (unsigned i = 0; i < COUNT_OF(families); i++)
        if (strcmp(families[i]->name, value) == 0) {
            description_default(drive, name, (enum drive_family)i);
            return true;
        }
    return description_wrong(reader->problem, reader->problem_size, "no family %s", value);
}

static bool drive_line(struct reader *reader, const char *name, char *value) {
    struct drive_description *drive =
        &reader->description->drives[reader->description->drive_count - 1];
    if (strcmp(name, "family") == 0)
        return set_family(reader, drive, value);
    reader->has_lines = true;
    const struct family_keywords *family = families[drive->family];
    const struct keyword *keyword = find_keyword(common, COUNT_OF(common), name);
    if (keyword == NULL)
        keyword = find_keyword(family->keywords, family->count, name);
    if (keyword == NULL)
        return description_wrong(reader->problem, reader->problem_size,
                                 "no keyword %s for a drive of family %s", name, family->name);
    return set_value(keyword, drive, value, reader->problem, reader->problem_size);
}

static bool port_drives(struct reader *reader, struct port_description *port, char *value) {
    for (char *word; (word = next_word(&value)) != NULL;) {
        if (port->drive_count == PORT_DRIVES || strlen(word) >= DESCRIPTION_TEXT)
            return description_wrong(reader->problem, reader->problem_size,
                                     "too many drives on a port");
        (void)snprintf(port->drives[port->drive_count++], DESCRIPTION_TEXT, "%s", word);
    }
    return true;
}

static bool port_line(struct reader *reader, const char *name, char *value) {
    static const char *const fronts[] = {"nvme", "ahci", "scsi", NULL};
    struct port_description *port =
        &reader->description->ports[reader->description->port_count - 1];
    const int front = place_in(fronts, value);
    if (strcmp(name, "drives") == 0)
        return port_drives(reader, port, value);
    if (strcmp(name, "socket") == 0 && set_text(port->socket, sizeof port->socket, value))
        return true;
    if (strcmp(name, "controller") == 0 &&
        set_number(&port->controller, sizeof port->controller, value))
        return true;
    if (strcmp(name, "front") == 0 && front >= 0) {
        port->front = (enum port_front)front;
        return true;
    }
    return description_wrong(reader->problem, reader->problem_size,
                             "a port has front (nvme, ahci, scsi), drives, socket, controller");
}

static char *trim(char *text) {
    text += strspn(text, " \t\r");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r", text[length - 1]) != NULL)
        text[--length] = '\0';
    return text;
}

static bool read_line(struct reader *reader, char *line) {
    line = trim(line);
    if (*line == '\0' || *line == '#')
        return true;
    if (*line == '[')
        return begin_section(reader, line);
    char *equals = strchr(line, '=');
    if (equals == NULL || reader->section == SECTION_NONE)
        return description_wrong(reader->problem, reader->problem_size,
                                 "write: KEYWORD = VALUE, in a section");
    *equals = '\0';
    const char *name = trim(line);
    char *value = trim(equals + 1);
    return reader->section == SECTION_DRIVE ? drive_line(reader, name, value)
                                            : port_line(reader, name, value);
}

/* --- the whole --- */

static bool in_folder(char *path, size_t size, const char *folder) {
    char whole[DESCRIPTION_PATH * 2];
    if (*path == '/')
        return true;
    (void)snprintf(whole, sizeof whole, "%s/%s", folder, path);
    return (size_t)snprintf(path, size, "%s", whole) < size;
}

static bool check_port(const struct description *description, const struct port_description *port,
                       char *problem, size_t problem_size) {
    static const enum drive_family needed[] = {
        [FRONT_NVME] = DRIVE_NVME, [FRONT_AHCI] = DRIVE_ATA, [FRONT_SCSI] = DRIVE_SCSI};
    for (unsigned i = 0; i < port->drive_count; i++) {
        const struct drive_description *drive = description_drive(description, port->drives[i]);
        if (drive == NULL)
            return description_wrong(problem, problem_size, "port %s: no drive %s", port->name,
                                     port->drives[i]);
        /* SATA drives hang on SAS controllers too (SATL). */
        if (drive->family != needed[port->front] &&
            !(port->front == FRONT_SCSI && drive->family == DRIVE_ATA))
            return description_wrong(problem, problem_size, "port %s: %s is of another kind",
                                     port->name, drive->name);
    }
    return port->drive_count > 0 ||
           description_wrong(problem, problem_size, "port %s has no drives", port->name);
}

static bool complete(struct reader *reader) {
    struct description *description = reader->description;
    for (unsigned i = 0; i < description->drive_count; i++)
        if (!in_folder(description->drives[i].media, DESCRIPTION_PATH, reader->folder))
            return description_wrong(reader->problem, reader->problem_size, "a path is too long");
    for (unsigned i = 0; i < description->port_count; i++) {
        struct port_description *port = &description->ports[i];
        if (!in_folder(port->socket, sizeof port->socket, reader->folder))
            return description_wrong(reader->problem, reader->problem_size, "a path is too long");
        if (!check_port(description, port, reader->problem, reader->problem_size))
            return false;
    }
    return true;
}

static bool read_lines(struct reader *reader, char *text) {
    char message[256];
    struct reader inner = *reader;
    inner.problem = message;
    inner.problem_size = sizeof message;
    for (unsigned number = 1; text != NULL; number++) {
        char *end = strchr(text, '\n');
        if (end != NULL)
            *end = '\0';
        if (!read_line(&inner, text))
            return description_wrong(reader->problem, reader->problem_size, "line %u: %s", number,
                                     message);
        text = end == NULL ? NULL : end + 1;
    }
    return true;
}

struct description *description_parse(const char *text, const char *folder, char *problem,
                                      size_t problem_size) {
    struct description *description = calloc(1, sizeof *description);
    char *copy = strdup(text);
    struct reader reader = {.description = description, .folder = folder};
    reader.problem = problem;
    reader.problem_size = problem_size;
    if (description == NULL || copy == NULL || !read_lines(&reader, copy) || !complete(&reader)) {
        free(description);
        description = NULL;
    }
    free(copy);
    return description;
}

struct description *description_read(const char *path, char *problem, size_t problem_size) {
    char text[65536], folder[DESCRIPTION_PATH];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        (void)description_wrong(problem, problem_size, "%s: %s", path, strerror(errno));
        return NULL;
    }
    const size_t length = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[length] = '\0';
    const char *slash = strrchr(path, '/');
    (void)snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path),
                   slash == NULL ? "." : path);
    return description_parse(text, folder, problem, problem_size);
}

const struct drive_description *description_drive(const struct description *description,
                                                  const char *name) {
    for (unsigned i = 0; i < description->drive_count; i++)
        if (strcmp(description->drives[i].name, name) == 0)
            return &description->drives[i];
    return NULL;
}
