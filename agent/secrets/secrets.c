/* The list of secrets and its text form. */
#include "quietus/secrets.h"

#include "quietus/memory.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

struct secret {
    enum secret_kind kind;
    char serial[TEXT_FIELD_SIZE];
    char bytes[SECRET_SIZE];
};

struct secrets {
    struct secret *list; /* from sodium_malloc: locked, and wiped when it is freed */
    size_t count;
    size_t room;
};

static const char hex_prefix[] = "hex:";

const char *secret_kind_name(enum secret_kind kind) {
    static const char *const names[] = {"ata-user", "ata-master", "psid"};
    return names[kind];
}

void disk_secrets_wipe(struct disk_secrets *secrets) {
    sodium_memzero(secrets, sizeof *secrets);
}

struct secrets *secrets_new(void) {
    return memory_new(1, sizeof(struct secrets));
}

void secrets_free(struct secrets *secrets) {
    if (!secrets)
        return;
    sodium_free(secrets->list);
    free(secrets);
}

static struct secret *find(const struct secrets *secrets, enum secret_kind kind,
                           const char *serial) {
    for (size_t i = 0; i < secrets->count; i++) {
        if (secrets->list[i].kind == kind && strcmp(secrets->list[i].serial, serial) == 0)
            return &secrets->list[i];
    }
    return NULL;
}

/* Room for one more; what the old memory held is wiped. */
static struct secret *append(struct secrets *secrets) {
    if (secrets->count == secrets->room) {
        const size_t room = secrets->room ? 2 * secrets->room : 8;
        struct secret *list = sodium_allocarray(room, sizeof *list);
        memory_require(list != NULL);
        if (secrets->count > 0)
            memcpy(list, secrets->list, secrets->count * sizeof *list);
        sodium_free(secrets->list);
        secrets->list = list;
        secrets->room = room;
    }
    return &secrets->list[secrets->count++];
}

/* A PSID is 32 characters, as printed on the label (DEVICE-FACTS D); dashes and spaces between
 * groups are a label's layout. */
static int take_psid(const char *value, char out[SECRET_SIZE], struct reason *reason) {
    size_t used = 0;
    for (; *value; value++) {
        if (*value == '-' || *value == ' ')
            continue;
        if (used == SECRET_SIZE || *value < '!' || *value > '~') {
            used = 0;
            break;
        }
        out[used++] = *value;
    }
    if (used == SECRET_SIZE)
        return 0;
    reason_set(reason, "a PSID has %d characters, as printed on the drive's label", SECRET_SIZE);
    return -EINVAL;
}

static int take_password(const char *value, char out[SECRET_SIZE], struct reason *reason) {
    size_t length = strlen(value);
    if (strncmp(value, hex_prefix, strlen(hex_prefix)) == 0) {
        const char *digits = value + strlen(hex_prefix);
        length = strlen(digits);
        if (length > 0 && length % 2 == 0 && length / 2 <= SECRET_SIZE &&
            hex_decode((uint8_t *)out, length / 2, digits) == 0)
            return 0;
        reason_set(reason, "hex: is followed by two digits for each of at most %d bytes",
                   SECRET_SIZE);
        return -EINVAL;
    }
    if (length == 0 || length > SECRET_SIZE) {
        reason_set(reason, "an ATA password has 1 to %d bytes", SECRET_SIZE);
        return -EINVAL;
    }
    memcpy(out, value, length);
    return 0;
}

int secrets_add(struct secrets *secrets, enum secret_kind kind, const char *serial,
                const char *value, struct reason *reason) {
    char bytes[SECRET_SIZE] = {0};
    if (serial[0] == '\0' || strlen(serial) >= TEXT_FIELD_SIZE) {
        reason_set(reason, "a secret is for a disk, by its serial number");
        return -EINVAL;
    }
    const int error =
        kind == SECRET_PSID ? take_psid(value, bytes, reason) : take_password(value, bytes, reason);
    if (error == 0) {
        struct secret *secret = find(secrets, kind, serial);
        if (!secret)
            secret = append(secrets);
        secret->kind = kind;
        text_copy(secret->serial, sizeof secret->serial, serial);
        memcpy(secret->bytes, bytes, sizeof secret->bytes);
    }
    sodium_memzero(bytes, sizeof bytes);
    return error;
}

void secrets_forget(struct secrets *secrets, enum secret_kind kind, const char *serial) {
    struct secret *secret = find(secrets, kind, serial);
    if (!secret)
        return;
    *secret = secrets->list[--secrets->count];
    sodium_memzero(&secrets->list[secrets->count], sizeof *secret);
}

/* One line, which is cut up. */
static int parse_line(struct secrets *secrets, char *line, struct reason *reason) {
    static const char between[] = " = ";
    char *serial = strchr(line, ' ');
    char *value = serial ? strstr(serial + 1, between) : NULL;
    if (!value) {
        reason_set(reason, "a line is: KIND SERIAL = VALUE");
        return -EINVAL;
    }
    *serial++ = '\0';
    *value = '\0';
    value += strlen(between);
    for (int kind = 0; kind < SECRET_KINDS; kind++) {
        if (strcmp(line, secret_kind_name((enum secret_kind)kind)) == 0)
            return secrets_add(secrets, (enum secret_kind)kind, serial, value, reason);
    }
    reason_set(reason, "a line begins with ata-user, ata-master or psid");
    return -EINVAL;
}

int secrets_parse(struct secrets *secrets, const char *text, struct reason *reason) {
    const size_t length = strlen(text);
    char *copy = sodium_malloc(length + 1);
    int error = 0;
    unsigned number = 0;
    memory_require(copy != NULL);
    memcpy(copy, text, length + 1);
    char *rest = copy;
    for (char *line; error == 0 && (line = strsep(&rest, "\n"));) {
        struct reason problem;
        number++;
        if (line[0] == '\0' || line[0] == '#')
            continue;
        const size_t end = strlen(line) - 1;
        if (line[end] == '\r')
            line[end] = '\0';
        error = parse_line(secrets, line, &problem);
        if (error)
            reason_set(reason, "line %u: %s", number, problem.text);
    }
    sodium_free(copy);
    return error;
}

void secrets_of_disk(const struct secrets *secrets, const char *serial, struct disk_secrets *out) {
    *out = (struct disk_secrets){0};
    if (!secrets || serial[0] == '\0')
        return;
    for (int kind = 0; kind < SECRET_KINDS; kind++) {
        const struct secret *secret = find(secrets, (enum secret_kind)kind, serial);
        if (!secret)
            continue;
        out->of[kind].given = true;
        memcpy(out->of[kind].bytes, secret->bytes, SECRET_SIZE);
    }
}
