#include "quietus/tcg.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    HEADER = 48,
    LENGTH_FIELD = 4, /* counts what follows it */
    FEATURE_HEADER = 4,
    FEATURE_TPER = 0x0001,
    FEATURE_LOCKING = 0x0002,
    FEATURE_SINGLE_USER = 0x0201,
    FEATURE_DATA_STORE = 0x0202,
    FEATURE_BLOCK_SID = 0x0402,
};

/* The classes; each begins with its first ComID. */
static const struct {
    uint16_t code;
    unsigned class;
    const char *name;
} classes[] = {
    {0x0100, TCG_ENTERPRISE, "Enterprise"},
    {0x0200, TCG_OPAL_1, "Opal 1"},
    {0x0203, TCG_OPAL_2, "Opal 2"},
    {0x0301, TCG_OPALITE, "Opalite"},
    {0x0302, TCG_PYRITE_1, "Pyrite 1"},
    {0x0303, TCG_PYRITE_2, "Pyrite 2"},
    {0x0304, TCG_RUBY, "Ruby"},
};

static void take_locking(uint8_t flags, struct tcg_discovery *out) {
    out->locking = true;
    out->locking_supported = bit(flags, 0);
    out->locking_enabled = bit(flags, 1);
    out->locked = bit(flags, 2);
    out->media_encryption = bit(flags, 3);
    out->shadow_enabled = bit(flags, 4);
    out->shadow_done = bit(flags, 5);
}

static void take_class(uint16_t code, struct bytes feature, struct tcg_discovery *out) {
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (classes[i].code != code || feature.length < 2)
            continue;
        out->classes |= classes[i].class;
        out->comid = get_be16(feature.data);
    }
}

static void take_feature(uint16_t code, struct bytes feature, struct tcg_discovery *out) {
    if (code == FEATURE_TPER)
        out->tper = true;
    else if (code == FEATURE_LOCKING && feature.length >= 1)
        take_locking(feature.data[0], out);
    else if (code == FEATURE_SINGLE_USER)
        out->single_user = true;
    else if (code == FEATURE_DATA_STORE)
        out->data_store = true;
    else if (code == FEATURE_BLOCK_SID)
        out->block_sid = true;
    else
        take_class(code, feature, out);
}

int tcg_decode_discovery(struct bytes data, struct tcg_discovery *out) {
    *out = (struct tcg_discovery){0};
    if (data.length < HEADER)
        return -EINVAL;
    const uint64_t total = (uint64_t)get_be32(data.data) + LENGTH_FIELD;
    if (total < HEADER || total > data.length)
        return -EINVAL;
    size_t at = HEADER;
    while (total - at >= FEATURE_HEADER) {
        const uint8_t *header = data.data + at;
        const struct bytes feature = {header + FEATURE_HEADER, header[3]};
        if (feature.length > total - at - FEATURE_HEADER)
            break;
        take_feature(get_be16(header), feature, out);
        at += FEATURE_HEADER + feature.length;
    }
    out->known = true;
    return 0;
}

static void append(char *out, size_t size, const char *text) {
    const size_t used = strlen(out);
    (void)snprintf(out + used, size - used, "%s%s", used ? ", " : "", text);
}

char *tcg_classes_text(const struct tcg_discovery *tcg, char *out, size_t size) {
    out[0] = '\0';
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (tcg->classes & classes[i].class)
            append(out, size, classes[i].name);
    }
    if (tcg->block_sid)
        append(out, size, "Block SID");
    if (out[0] == '\0')
        append(out, size, "no known class");
    return out;
}
