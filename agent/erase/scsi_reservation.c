#include "scsi_reservation.h"

#include "quietus/ask.h"
#include "quietus/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { TIMEOUT_MS = 60000 };

/* The key by which Quietus is known to the disk for a moment: "Quietus1". */
static const uint64_t own_key = UINT64_C(0x5175696574757331);

/* Quietus itself never reserves: whatever there is, is somebody else's. */
static bool ask_reserved(struct device *device, struct scsi_reservation *out) {
    return ask_scsi_reservation(device, out) == 0 && out->held;
}

static void name_it(const struct scsi_reservation *reservation, struct reason *out) {
    if (reservation->key != 0)
        reason_set(out, "reserved by another host (%s, key 0x%016" PRIx64 ")",
                   scsi_reservation_type_name(reservation->type), reservation->key);
    else
        reason_set(out, "reserved by other hosts together (%s)",
                   scsi_reservation_type_name(reservation->type));
}

bool scsi_is_reserved(struct device *device, struct reason *who) {
    struct scsi_reservation reservation;
    if (device_commands(device) != COMMANDS_SCSI || !ask_reserved(device, &reservation))
        return false;
    name_it(&reservation, who);
    return true;
}

/* 0 if the disk has done it. A type is needed where a reservation is made or ended. */
static int reserve_out(const struct earlier *earlier, const char *name, uint8_t action,
                       uint64_t key, uint64_t action_key) {
    const bool is_typed = action == SCSI_RESERVE_OUT_PREEMPT || action == SCSI_RESERVE_OUT_RELEASE;
    const uint8_t type = is_typed ? SCSI_RESERVATION_EXCLUSIVE_ACCESS : 0;
    uint8_t list[SCSI_RESERVE_OUT_LIST];
    scsi_encode_reserve_out(key, action_key, list);
    struct scsi_command command = {
        .name = name,
        .cdb = {SCSI_PERSISTENT_RESERVE_OUT, action, type, 0, 0, 0, 0, 0, sizeof list, 0},
        .cdb_length = 10,
        .transfer = TRANSFER_OUT,
        .data = list,
        .data_length = sizeof list,
        .timeout_ms = TIMEOUT_MS,
    };
    const int error = armed_scsi(earlier->armed, &command, earlier->reason);
    if (error)
        return error;
    return command.host_status == 0 && command.status == SCSI_GOOD ? 0 : -EIO;
}

static bool knows_own_key(struct device *device) {
    struct scsi_registrations all;
    if (ask_scsi_registrations(device, &all))
        return false;
    for (unsigned i = 0; i < all.key_count; i++) {
        if (all.keys[i] == own_key)
            return true;
    }
    return false;
}

/* What took the reservation away. */
enum way { BY_CLEAR, BY_PREEMPT };

/*
 * The holder's registration goes, and its reservation becomes this host's for a moment. A key of 0
 * means all registrants, who hold it together with the types for that (SPC-4, 5.12.11.2).
 */
static int preempt(const struct earlier *earlier, const struct scsi_reservation *held) {
    int error = reserve_out(earlier, "PERSISTENT RESERVE OUT (PREEMPT)", SCSI_RESERVE_OUT_PREEMPT,
                            own_key, held->key);
    if (error == 0)
        error = reserve_out(earlier, "PERSISTENT RESERVE OUT (RELEASE)", SCSI_RESERVE_OUT_RELEASE,
                            own_key, 0);
    return error;
}

/* CLEAR takes away the reservation and everybody's registration, also the one that it needs. */
static int clear_or_preempt(const struct earlier *earlier, enum way *way) {
    struct scsi_reservation held;
    *way = BY_CLEAR;
    const int error =
        reserve_out(earlier, "PERSISTENT RESERVE OUT (CLEAR)", SCSI_RESERVE_OUT_CLEAR, own_key, 0);
    if (error != -EIO || !ask_reserved(armed_device(earlier->armed), &held))
        return error;
    *way = BY_PREEMPT;
    return preempt(earlier, &held);
}

/* As a registrant, for as long as it takes: what is left of that is taken back. */
static int take_away(const struct earlier *earlier, enum way *way) {
    int error = reserve_out(earlier, "PERSISTENT RESERVE OUT (REGISTER AND IGNORE EXISTING KEY)",
                            SCSI_RESERVE_OUT_REGISTER_AND_IGNORE, 0, own_key);
    if (error)
        return error;
    error = clear_or_preempt(earlier, way);
    if (error != -ESTALE && knows_own_key(armed_device(earlier->armed)))
        (void)reserve_out(earlier, "PERSISTENT RESERVE OUT (REGISTER: taken back)",
                          SCSI_RESERVE_OUT_REGISTER, own_key, 0);
    return error;
}

/* Hosts that have registered may use it at any time: a person should know. */
static void note_registered(const struct earlier *earlier) {
    struct scsi_registrations all;
    char line[160];
    if (ask_scsi_registrations(armed_device(earlier->armed), &all) || all.key_count == 0)
        return;
    (void)snprintf(line, sizeof line,
                   "%" PRIu64
                   " hosts or paths are registered with the disk for reservations (first "
                   "key 0x%016" PRIx64 ") and have reserved nothing",
                   all.count, all.keys[0]);
    json_add_text(earlier->exceptions, line);
}

static void note_taken_away(const struct earlier *earlier, const struct reason *who, enum way way) {
    char line[sizeof(struct reason) + 160];
    (void)snprintf(line, sizeof line, "the disk was %s; %s, as the policy says", who->text,
                   way == BY_CLEAR
                       ? "the reservation and all registrations were cleared"
                       : "CLEAR was refused, so the reservation was preempted and released");
    json_add_text(earlier->exceptions, line);
    if (way == BY_PREEMPT)
        note_registered(earlier);
}

static int take_away_and_look(const struct earlier *earlier, const struct reason *who) {
    struct reason again;
    enum way way = BY_CLEAR;
    const int error = take_away(earlier, &way);
    if (error == -ESTALE) /* another disk answers: the reason says so */
        return error;
    if (scsi_is_reserved(armed_device(earlier->armed), &again)) {
        reason_set(earlier->reason, "%s%s; end its use there and try again", again.text,
                   error ? ", and the reservation could be neither cleared nor preempted"
                         : " again after its reservation was taken away");
        return -EACCES;
    }
    note_taken_away(earlier, who, way);
    return 0;
}

int scsi_reservation_settle(const struct earlier *earlier) {
    struct reason who;
    if (earlier->disk->commands != COMMANDS_SCSI || earlier->disk->bus == BUS_USB)
        return 0;
    if (!scsi_is_reserved(armed_device(earlier->armed), &who)) {
        note_registered(earlier);
        return 0;
    }
    if (earlier->policy->clear_reservations)
        return take_away_and_look(earlier, &who);
    reason_set(earlier->reason,
               "%s; end its use there (cluster, multipath or RAID software) and try again, or let "
               "the policy say clear_reservations",
               who.text);
    return -EACCES;
}
