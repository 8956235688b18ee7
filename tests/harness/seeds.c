#include "seeds.h"

#include <stdarg.h>
#include <string.h>

/* splitmix64: small, and the same on every machine. */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* What is being made. */
struct maker {
    uint64_t state;
    struct seeded *out;
    bool nvme;
    bool sas;
    bool satl;
    bool whole_drive_only; /* nothing but a sanitize reaches everything */
};

static unsigned below(struct maker *maker, unsigned limit) {
    return (unsigned)(next_random(&maker->state) % limit);
}

static bool one_in(struct maker *maker, unsigned n) {
    return below(maker, n) == 0;
}

static __attribute__((format(printf, 2, 3))) void add(struct maker *maker, const char *format,
                                                      ...) {
    char *text = maker->out->description;
    const size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text + used, sizeof maker->out->description - used, format, arguments);
    va_end(arguments);
}

static void add_sanitize(struct maker *maker) {
    static const char *const kinds[] = {"crypto", "block", "overwrite"};
    bool any = false;
    add(maker, "sanitize =");
    for (int i = 0; i < 3; i++) {
        if (one_in(maker, 3))
            continue;
        add(maker, " %s", kinds[i]);
        any = true;
    }
    add(maker, "%s\n", any ? "" : " none");
    if (!any && maker->whole_drive_only)
        maker->out->must_be_erased = false;
}

/* A drive that offers to change its keys and does not encrypt drops its map alone: that cannot be
 * seen. */
static void add_encryption(struct maker *maker, unsigned one_without) {
    const bool encrypts = !one_in(maker, one_without);
    add(maker, "encrypts = %s\n", encrypts ? "yes" : "no");
    if (!encrypts)
        maker->out->may_keep_unseen = true;
}

static void make_nvme(struct maker *maker) {
    static const char *const namespaces[] = {
        "",
        "namespace = size=3M\nnamespace = size=2M\n",
        "namespace = size=3M\nnamespace = size=2M format=1\nnamespace = size=1M\n",
        "namespace = size=3M\nnamespace = size=2M detached\n",
        "namespace = size=4M\nunallocated-stale = yes\n",
    };
    const unsigned layout = below(maker, 5);
    add(maker,
        "family = nvme\nsize = 8M\nspare = 2M\nformats = 512 4096\n"
        "namespace-management = yes\n%s",
        namespaces[layout]);
    maker->whole_drive_only = layout == 3;
    add_encryption(maker, 4);
    add(maker, "fna =%s%s\n", one_in(maker, 2) ? " crypto" : " none",
        one_in(maker, 4) ? " erase-all" : "");
    if (one_in(maker, 5))
        add(maker, "format-nvm = no\n");
    if (one_in(maker, 4))
        add(maker, "last-sanitize = success CDW10=%u\n", 2 + 2 * below(maker, 2));
    if (one_in(maker, 5))
        add(maker, "controllers = 2\n");
    if (one_in(maker, 3))
        add(maker, "crypto-unmaps = yes\n");
}

/* What hides capacity can be seen only where the registers come back whole. */
static void add_features(struct maker *maker) {
    static const char *const hiding[] = {" hpa\nhpa = 5M\n", " amac\namac = 5M\n",
                                         " dco\ndco = 5M\n", " hpa dco\nhpa = 3M\ndco = 5M\n"};
    const bool whole_registers = !maker->satl || one_in(maker, 2);
    const bool hides = whole_registers && one_in(maker, 3);
    if (hides && maker->satl)
        maker->out->must_be_erased = false; /* the registers may not come back */
    add(maker, "features =%s%s%s", one_in(maker, 4) ? " ssp" : " security",
        one_in(maker, 3) ? "" : " enhanced", hides ? hiding[below(maker, 4)] : "\n");
    if (maker->satl && whole_registers)
        add(maker, "descriptor-sense = yes\n");
}

static void make_ata(struct maker *maker) {
    static const char *const passwords[] = {"NULL", "Quietus erase in progress", "somebody's"};
    const bool flash = one_in(maker, 2);
    add(maker, "family = ata\nsize = 8M\nspare = 2M\nmedium = %s\n", flash ? "flash" : "magnetic");
    add_encryption(maker, 2);
    if (one_in(maker, 5))
        add(maker, "sector = 4096\n");
    add_features(maker);
    if (one_in(maker, 6))
        add(maker, "frozen = yes\n");
    if (one_in(maker, 6))
        add(maker, "sanitize-frozen = yes\n");
    if (one_in(maker, 4))
        add(maker, "sanitize-completed = yes\n");
    if (one_in(maker, 8)) {
        const unsigned which = below(maker, 3);
        add(maker, "user-password = \"%s\"\n", passwords[which]);
        maker->out->must_be_erased = false; /* unless it can be opened, and is not frozen too */
    }
}

static void make_sas(struct maker *maker) {
    static const unsigned sectors[] = {512, 512, 520, 528, 4096};
    add(maker, "family = scsi\nsize = 8M\nspare = 2M\nmedium = %s\nsector = %u\n",
        one_in(maker, 2) ? "flash" : "magnetic", sectors[below(maker, 5)]);
    add_encryption(maker, 2);
    /* Drawn beside the sequence: the seeds' other properties stay what they were. */
    uint64_t beside = maker->state ^ 0x5a5a5a5a;
    const unsigned protection = (unsigned)(next_random(&beside) % 8);
    if (protection >= 1 && protection <= 3)
        add(maker, "protection = %u\n", protection);
    if (next_random(&beside) % 5 == 0)
        add(maker, "visible = 5M\n");
}

enum {
    SAS = 1 << 5,
    NVME = 1 << 0,
    ATA = 1 << 1,
    SATL = 1 << 2, /* only where the drive's own translation answers */
    EXCUSES = 1 << 3,
    UNSEEN = 1 << 4,
};

static const char *const nvme_operations[] = {"nvme-sanitize-crypto", "nvme-sanitize-block",
                                              "nvme-sanitize-overwrite", "nvme-format-user-data",
                                              "nvme-format-crypto"};
static const char *const ata_operations[] = {"ata-sanitize-crypto", "ata-sanitize-block",
                                             "ata-sanitize-overwrite", "security-erase",
                                             "security-erase-enhanced"};

static const char *const sas_operations[] = {"scsi-sanitize-crypto", "scsi-sanitize-block",
                                             "scsi-sanitize-overwrite", "scsi-format", "overwrite"};

/* %s: an operation; %u: a number below 100. */
static const struct {
    const char *line;
    unsigned flags;
} misbehaviours[] = {
    {"lie %s", NVME | ATA | SAS | EXCUSES},
    {"ignore %s", NVME | ATA | SAS | EXCUSES},
    {"partial %s from=0 to=4095", NVME | ATA | SAS | EXCUSES},
    {"partial %s namespaces=1", NVME | EXCUSES | UNSEEN},
    {"keep-remapped %s", NVME | ATA | SAS | UNSEEN},
    {"keep-spare %s", NVME | ATA | SAS | UNSEEN},
    {"map-only %s", NVME | ATA | SAS | UNSEEN},
    {"stuck %s at=%u%%", NVME | ATA | SAS | EXCUSES},
    {"backwards %s", NVME | ATA | SAS},
    {"fail %s at=%u%%", NVME | ATA | SAS | EXCUSES},
    {"gone %s at=%u%%", NVME | ATA | SAS | EXCUSES},
    {"return %s at=%u%% after=20s", NVME | ATA | SAS | EXCUSES},
    {"return %s at=%u%% after=20s as=OTHER1", NVME | ATA | SAS | EXCUSES},
    {"power-cut %s at=%u%% after=5s", NVME | ATA | SAS | EXCUSES},
    {"refuse %s opcode", NVME | ATA | SAS},
    {"refuse %s field", NVME | ATA | SAS},
    {"hidden %s", NVME | ATA | SAS},
    {"hang %s", NVME | ATA | SAS | EXCUSES},
    {"slow %s factor=3", NVME | ATA | SAS},
    {"read-errors after=%s", NVME | ATA | SAS | EXCUSES},
    {"capacity-change after=%s to=6M", NVME | ATA | EXCUSES},
    {"identity-change after=%s serial=OTHER2", NVME | ATA | SAS | EXCUSES},
    {"status-4 %s", NVME},
    {"log-garbage", NVME | EXCUSES},
    {"log-zero", NVME | EXCUSES},
    {"log-short", NVME | EXCUSES},
    {"write-error from=100 to=120", NVME | ATA | SAS | EXCUSES},
    {"read-error from=100 to=120", NVME | ATA | SAS | EXCUSES},
    {"write-ignored", NVME | ATA | SAS | EXCUSES},
    {"write-protected", NVME | ATA | SAS | EXCUSES},
    {"unit-attention every", ATA | SATL | SAS},
    {"sense fixed", ATA | SATL | SAS},
    {"sense descriptor", ATA | SATL | SAS},
    {"sense truncated", ATA | SATL | SAS | EXCUSES},
    {"sense empty", ATA | SATL | SAS | EXCUSES},
    {"sense garbage", ATA | SATL | SAS | EXCUSES},
    {"registers zero", ATA | SATL},
    {"registers garbage", ATA | SATL | EXCUSES},
};

enum { MISBEHAVIOURS_KNOWN = sizeof misbehaviours / sizeof *misbehaviours };

static bool fits(const struct maker *maker, unsigned flags) {
    if (maker->sas)
        return flags & SAS;
    if ((flags & SATL) && !maker->satl)
        return false;
    return flags & (maker->nvme ? NVME : ATA);
}

static void misbehave(struct maker *maker) {
    unsigned which;
    char line[160];
    do {
        which = below(maker, MISBEHAVIOURS_KNOWN);
    } while (!fits(maker, misbehaviours[which].flags));
    const char *operation = maker->nvme  ? nvme_operations[below(maker, 5)]
                            : maker->sas ? sas_operations[below(maker, 5)]
                                         : ata_operations[below(maker, 5)];
    const unsigned percent = 1 + below(maker, 98);
    const char *format = misbehaviours[which].line;
    const char *place = strstr(format, "%s");
    if (place)
        (void)snprintf(line, sizeof line, "%.*s%s", (int)(place - format), format, operation);
    else
        text_copy(line, sizeof line, format);
    const char *rest = place ? place + 2 : "";
    const char *number = strstr(rest, "%u%%");
    const size_t used = strlen(line);
    if (number)
        (void)snprintf(line + used, sizeof line - used, "%.*s%u%%%s", (int)(number - rest), rest,
                       percent, number + 4);
    else
        (void)snprintf(line + used, sizeof line - used, "%s", rest);
    add(maker, "misbehave = %s\n", line);
    if (misbehaviours[which].flags & EXCUSES)
        maker->out->must_be_erased = false;
    if (misbehaviours[which].flags & UNSEEN)
        maker->out->may_keep_unseen = true;
}

void seed_make(uint64_t seed, struct seeded *out) {
    struct maker maker = {.state = seed, .out = out};
    *out = (struct seeded){.must_be_erased = true};
    maker.nvme = one_in(&maker, 3);
    maker.sas = !maker.nvme && one_in(&maker, 2);
    maker.satl = !maker.nvme && !maker.sas && one_in(&maker, 2);
    if (maker.nvme)
        make_nvme(&maker);
    else if (maker.sas)
        make_sas(&maker);
    else
        make_ata(&maker);
    add_sanitize(&maker);
    add(&maker, "plant = seed every=%u stale=%u remapped=%u\n", 1 + below(&maker, 4),
        below(&maker, 20), below(&maker, 6));
    /* A quarter behave; of the others some do several things wrong. */
    const unsigned wrong = one_in(&maker, 4) ? 0 : 1 + below(&maker, 2) * below(&maker, 3);
    for (unsigned i = 0; i < wrong; i++)
        misbehave(&maker);
    policy_default(&out->trial.policy);
    if (one_in(&maker, 5)) {
        out->trial.policy.least = CATEGORY_PURGE;
        out->must_be_erased = false; /* not every drive offers that much */
    }
    if (one_in(&maker, 5))
        out->trial.power_cut_at = 1 + below(&maker, 9000);
    out->trial.path = maker.nvme   ? MODEL_NVME
                      : maker.sas  ? MODEL_SAS
                      : maker.satl ? MODEL_SATL
                                   : MODEL_LIBATA;
    out->trial.description = out->description;
}
