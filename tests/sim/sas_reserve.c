/*
 * Persistent reservations (SPC; DEVICE-FACTS B.6). A registrant is a path, or a host elsewhere that
 * the description speaks of. They last over power cuts (as with APTPL set).
 */
#include "fields.h"
#include "sas.h"

#include <string.h>

enum { IN_KEYS, IN_RESERVATION, IN_CAPABILITIES, IN_FULL_STATUS };
enum {
    OUT_REGISTER,
    OUT_RESERVE,
    OUT_RELEASE,
    OUT_CLEAR,
    OUT_PREEMPT,
    OUT_PREEMPT_AND_ABORT,
    OUT_REGISTER_AND_IGNORE
};
enum { OUT_LIST = 24 };

static struct sas_reservations *reservations_of(const struct sas *sas) {
    return &sas->state->reservations;
}

static unsigned path_of(const struct scsi_unit *unit) {
    return (unsigned)(unit - sas_of(unit)->units);
}

/* Types 1, 5, 7 keep others from writing; 3, 6, 8 from reading too. 5 and 6 let registrants in;
 * with 7 and 8 every registrant holds the reservation. */
static bool keeps_from_reading(uint8_t type) {
    return type == 3 || type == 6 || type == 8;
}

static bool lets_registrants_in(uint8_t type) {
    return type >= 5;
}

static bool is_type(uint8_t type) {
    return type == 1 || type == 3 || (type >= 5 && type <= 8);
}

static bool is_holder(const struct sas_reservations *all, unsigned registrant) {
    if (all->type == 0)
        return false;
    return all->type >= 7 ? all->keys[registrant] != 0 : all->holder == registrant;
}

bool sas_reservation_conflicts(const struct scsi_unit *unit, enum sas_use use) {
    const struct sas_reservations *all = reservations_of(sas_of(unit));
    const unsigned path = path_of(unit);
    if (all->type == 0 || use == SAS_USE_FREE || is_holder(all, path))
        return false;
    if (lets_registrants_in(all->type) && all->keys[path] != 0)
        return false;
    return use == SAS_USE_WRITE || keeps_from_reading(all->type);
}

/* --- PERSISTENT RESERVE IN --- */

static size_t put_keys(const struct sas_reservations *all, uint8_t *out) {
    size_t length = 0;
    for (unsigned i = 0; i < SAS_REGISTRANTS; i++)
        if (all->keys[i] != 0) {
            store_be(out + length, 8, all->keys[i]);
            length += 8;
        }
    return length;
}

/* With types 7 and 8 no one key holds it. */
static size_t put_reservation(const struct sas_reservations *all, uint8_t *out) {
    enum { TYPE_AT = 13, LENGTH = 16 };
    if (all->type == 0)
        return 0;
    store_be(out, 8, all->type >= 7 ? 0 : all->keys[all->holder]);
    out[TYPE_AT] = all->type;
    return LENGTH;
}

/* One descriptor for each registrant, with the number of its port. */
static size_t put_full_status(const struct sas_reservations *all, uint8_t *out) {
    enum { DESCRIPTOR = 24, HOLDER_AT = 12, TYPE_AT = 13, PORT_AT = 18, HOLDS = 1 };
    size_t length = 0;
    for (unsigned i = 0; i < SAS_REGISTRANTS; i++) {
        uint8_t *descriptor = out + length;
        if (all->keys[i] == 0)
            continue;
        store_be(descriptor, 8, all->keys[i]);
        if (is_holder(all, i)) {
            descriptor[HOLDER_AT] = HOLDS;
            descriptor[TYPE_AT] = all->type;
        }
        store_be(descriptor + PORT_AT, 2, i == SAS_OTHER_HOST ? 1 : i + 1);
        length += DESCRIPTOR;
    }
    return length;
}

void sas_run_reserve_in(struct scsi_unit *unit, struct drive_request *request) {
    enum { HEADER = 8, TYPE_MASK_VALID = 0x80, SURVIVES_POWER = 0x01 };
    /* Length, CRH to APTPL_C, TMV and APTPL_A, and a bit for each type. */
    static const uint8_t capabilities[HEADER] = {
        0, HEADER, SURVIVES_POWER, TYPE_MASK_VALID | SURVIVES_POWER, 0xea, 0x01};
    static size_t (*const lists[])(const struct sas_reservations *, uint8_t *) = {
        [IN_KEYS] = put_keys,
        [IN_RESERVATION] = put_reservation,
        [IN_FULL_STATUS] = put_full_status,
    };
    const struct sas_reservations *all = reservations_of(sas_of(unit));
    const uint8_t action = request->cdb[1] & 0x1f;
    uint8_t out[128] = {0};
    if (action > IN_FULL_STATUS) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_CDB);
        return;
    }
    if (action == IN_CAPABILITIES) {
        scsi_reply(unit, request, capabilities, sizeof capabilities);
        return;
    }
    const size_t length = lists[action](all, out + HEADER);
    store_be(out, 4, all->generation);
    store_be(out + 4, 4, length);
    scsi_reply(unit, request, out, HEADER + length);
}

/* --- PERSISTENT RESERVE OUT --- */

struct order {
    uint8_t type;
    uint64_t key;    /* that it is registered with */
    uint64_t action; /* the service action's */
    unsigned path;
};

enum answer { DONE, CONFLICT, WRONG };

static void release(struct sas_reservations *all) {
    all->type = 0;
}

static enum answer set_key(struct sas_reservations *all, const struct order *order) {
    if (order->action == 0 && is_holder(all, order->path) && all->type < 7)
        release(all);
    all->keys[order->path] = order->action;
    all->generation++;
    return DONE;
}

static enum answer do_register(struct sas_reservations *all, const struct order *order) {
    return all->keys[order->path] == order->key ? set_key(all, order) : CONFLICT;
}

static enum answer do_reserve(struct sas_reservations *all, const struct order *order) {
    if (all->type != 0)
        return is_holder(all, order->path) && all->type == order->type ? DONE : CONFLICT;
    if (!is_type(order->type))
        return WRONG;
    all->type = order->type;
    all->holder = (uint8_t)order->path;
    return DONE;
}

static enum answer do_release(struct sas_reservations *all, const struct order *order) {
    if (!is_holder(all, order->path))
        return DONE; /* nothing to release, and no error */
    if (all->type != order->type)
        return WRONG;
    release(all);
    return DONE;
}

static enum answer do_clear(struct sas_reservations *all, const struct order *order) {
    (void)order;
    release(all);
    memset(all->keys, 0, sizeof all->keys);
    all->generation++;
    return DONE;
}

/* With types 7 and 8, all others at once (SPC-4, 5.12.11.2). */
static void preempt_all(struct sas_reservations *all, const struct order *order) {
    for (unsigned i = 0; i < SAS_REGISTRANTS; i++)
        if (i != order->path)
            all->keys[i] = 0;
    all->type = order->type;
    all->holder = (uint8_t)order->path;
    all->generation++;
}

/* Who is registered with the key loses that; who held the reservation loses it to this path. */
static enum answer do_preempt(struct sas_reservations *all, const struct order *order) {
    bool found = false, held = false;
    if (order->action == 0 && all->type >= 7 && is_type(order->type)) {
        preempt_all(all, order);
        return DONE;
    }
    for (unsigned i = 0; i < SAS_REGISTRANTS; i++) {
        if (all->keys[i] == 0 || all->keys[i] != order->action)
            continue;
        found = true;
        held |= all->type < 7 && is_holder(all, i);
        if (i != order->path)
            all->keys[i] = 0;
    }
    if (!found)
        return CONFLICT;
    if (held && !is_type(order->type))
        return WRONG;
    if (held) {
        all->type = order->type;
        all->holder = (uint8_t)order->path;
    }
    all->generation++;
    return DONE;
}

static enum answer (*const actions[])(struct sas_reservations *, const struct order *) = {
    [OUT_REGISTER] = do_register,        [OUT_RESERVE] = do_reserve,
    [OUT_RELEASE] = do_release,          [OUT_CLEAR] = do_clear,
    [OUT_PREEMPT] = do_preempt,          [OUT_PREEMPT_AND_ABORT] = do_preempt,
    [OUT_REGISTER_AND_IGNORE] = set_key,
};

/* Others learn of it when they come again. */
static void tell_others(struct scsi_unit *unit, uint8_t action) {
    if (action == OUT_CLEAR || action == OUT_PREEMPT || action == OUT_PREEMPT_AND_ABORT)
        sas_attention(sas_of(unit), ASC_RESERVATIONS_PREEMPTED, unit);
}

void sas_run_reserve_out(struct scsi_unit *unit, struct drive_request *request) {
    struct sas_reservations *all = reservations_of(sas_of(unit));
    const uint8_t action = request->cdb[1] & 0x1f, scope = request->cdb[2] >> 4;
    if (load_be(request->cdb + 5, 4) != OUT_LIST) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_PARAMETER_LIST_LENGTH);
        return;
    }
    const struct order order = {.type = request->cdb[2] & 0xf,
                                .key = load_be(request->data, 8),
                                .action = load_be(request->data + 8, 8),
                                .path = path_of(unit)};
    const struct scsi_description *own = sas_description(sas_of(unit));
    const bool refused = (action == OUT_CLEAR && own->clear_refused) ||
                         (action == OUT_PREEMPT && own->preempt_refused);
    if (action >= sizeof actions / sizeof *actions || scope != 0 || refused) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_CDB);
        return;
    }
    const bool needs_key = action != OUT_REGISTER && action != OUT_REGISTER_AND_IGNORE;
    const bool knows_key = order.key != 0 && all->keys[order.path] == order.key;
    const enum answer answer = needs_key && !knows_key ? CONFLICT : actions[action](all, &order);
    if (answer == WRONG) {
        scsi_refuse(unit, request, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD_IN_CDB);
    } else if (answer == CONFLICT) {
        request->scsi_status = SCSI_RESERVATION_CONFLICT;
        request->sense_length = 0;
        request_done(unit->drive, request);
    } else {
        tell_others(unit, action);
        scsi_good(unit, request);
    }
}
