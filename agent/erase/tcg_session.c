#include "tcg_session.h"

#include "quietus/clock.h"
#include "quietus/tcg_message.h"

#include <errno.h>
#include <nvme/types.h>
#include <sodium.h>
#include <string.h>

enum {
    TIMEOUT_MS = 30000,
    ANSWER_MS = 600000, /* a revert may have a whole drive's keys to make */
    ASK_AGAIN_MS = 25,
    BLOCK = 512,
    INC_512 = 0x80,
    HOST_SESSION = 105,
    CHALLENGE = 0, /* parameters of StartSession, by number */
    AUTHORITY = 3,
    SESSION_TIMEOUT_MS = 60000,
};

/* Classes that prove who asks when the session is begun; of Enterprise drives it is done in the
 * session, and parameters go by names (as in sedutil). */
enum { LIKE_OPAL = TCG_OPAL_1 | TCG_OPAL_2 | TCG_OPALITE | TCG_PYRITE_1 | TCG_PYRITE_2 | TCG_RUBY };

/* The way to the drive's security, found out by the first message, which is no secret. */
struct session {
    struct armed *armed;
    struct progress *progress;
    struct reason *reason;
    uint16_t comid;
    bool by_scsi; /* an ATA disk whose kernel translates SECURITY PROTOCOL and does not pass TRUSTED
                     commands on */
    uint8_t answer[TCG_MESSAGE_SIZE];
};

static int fail(const struct session *session, const char *what, int error) {
    if (error != -ESTALE)
        reason_set(session->reason, "%s: %s", what, strerror(-error));
    return error;
}

/* --- carrying --- */

static int carry_nvme(struct session *session, const char *name, bool send, void *data,
                      size_t length) {
    struct nvme_command command = {
        .name = name,
        .opcode = send ? nvme_admin_security_send : nvme_admin_security_recv,
        .cdw10 = (uint32_t)TCG_PROTOCOL << 24 | (uint32_t)session->comid << 8,
        .cdw11 = (uint32_t)length,
        .transfer = send ? TRANSFER_OUT : TRANSFER_IN,
        .data = data,
        .data_length = (uint32_t)length,
        .timeout_ms = TIMEOUT_MS,
    };
    const int error = armed_nvme(session->armed, &command, session->reason);
    return error ? error : command.status ? -EIO : 0;
}

static int carry_scsi(struct session *session, const char *name, bool send, void *data,
                      size_t length) {
    struct scsi_command command = {
        .name = name,
        .cdb = {send ? SCSI_SECURITY_PROTOCOL_OUT : SCSI_SECURITY_PROTOCOL_IN, TCG_PROTOCOL,
                (uint8_t)(session->comid >> 8), (uint8_t)session->comid, INC_512, 0, 0, 0, 0,
                (uint8_t)(length / BLOCK)},
        .cdb_length = 12,
        .transfer = send ? TRANSFER_OUT : TRANSFER_IN,
        .data = data,
        .data_length = (uint32_t)length,
        .timeout_ms = TIMEOUT_MS,
    };
    const int error = armed_scsi(session->armed, &command, session->reason);
    if (error)
        return error;
    return command.host_status != 0 || command.status != SCSI_GOOD ? -EIO : 0;
}

static int carry_ata(struct session *session, const char *name, bool send, void *data,
                     size_t length) {
    const struct ata_taskfile taskfile = {
        .protocol = send ? ATA_PIO_OUT : ATA_PIO_IN,
        .features = TCG_PROTOCOL,
        .count = (uint16_t)(length / BLOCK),
        .lba = (uint64_t)session->comid << 8,
        .command = send ? ATA_TRUSTED_SEND : ATA_TRUSTED_RECEIVE,
    };
    struct ata_registers registers;
    if (session->by_scsi)
        return carry_scsi(session, name, send, data, length);
    return armed_ata(session->armed, name, &taskfile, data, TIMEOUT_MS, &registers,
                     session->reason);
}

static int carry(struct session *session, const char *name, bool send, void *data, size_t length) {
    static int (*const carriers[])(struct session *, const char *, bool, void *, size_t) = {
        [COMMANDS_NONE] = NULL,
        [COMMANDS_SCSI] = carry_scsi,
        [COMMANDS_ATA] = carry_ata,
        [COMMANDS_NVME] = carry_nvme,
    };
    return carriers[device_commands(armed_device(session->armed))](session, name, send, data,
                                                                   length);
}

/* --- one method --- */

static int await_answer(struct session *session, const char *name, struct bytes *payload) {
    const int64_t until = clock_monotonic_ms() + ANSWER_MS;
    progress_expect(session->progress, ANSWER_MS + PROGRESS_SILENCE_MS);
    for (;;) {
        memset(session->answer, 0, sizeof session->answer);
        int error = carry(session, name, false, session->answer, sizeof session->answer);
        if (error == 0)
            error = tcg_answer_payload((struct bytes){session->answer, sizeof session->answer},
                                       payload);
        if (error != -EAGAIN)
            return error;
        if (clock_monotonic_ms() > until)
            return -ETIME;
        clock_sleep_ms(ASK_AGAIN_MS);
    }
}

/* Sends what has been put together, and wipes it: it may carry the PSID. */
static int call(struct session *session, const char *name, struct tcg_message *message,
                uint32_t tper_session, struct bytes *payload, uint8_t *status) {
    int error =
        tcg_message_finish(message, session->comid, tper_session, tper_session ? HOST_SESSION : 0);
    if (error == 0)
        error = carry(session, name, true, message->bytes, message->length);
    sodium_memzero(message, sizeof *message);
    if (error == 0)
        error = await_answer(session, name, payload);
    return error ? error : tcg_answer_status(*payload, status);
}

static int exchange_properties(struct session *session) {
    struct tcg_message message;
    struct bytes payload;
    uint8_t status = 0xff;
    tcg_message_begin(&message);
    tcg_put_call(&message, TCG_UID_SESSION_MANAGER, TCG_UID_PROPERTIES);
    tcg_put_token(&message, TCG_START_LIST);
    tcg_put_token(&message, TCG_END_LIST);
    const int error = call(session, "TCG Properties", &message, 0, &payload, &status);
    return error ? error : status == TCG_SUCCESS ? 0 : -EPROTO;
}

static void put_challenge(struct tcg_message *message, const char psid[SECRET_SIZE]) {
    tcg_put_token(message, TCG_START_NAME);
    tcg_put_number(message, CHALLENGE);
    tcg_put_bytes(message, psid, SECRET_SIZE);
    tcg_put_token(message, TCG_END_NAME);
    tcg_put_token(message, TCG_START_NAME);
    tcg_put_number(message, AUTHORITY);
    tcg_put_uid(message, TCG_UID_PSID);
    tcg_put_token(message, TCG_END_NAME);
}

/* A session that nobody ends is in the way of the next until a power cycle. */
static void put_timeout(struct tcg_message *message) {
    static const char name[] = "SessionTimeout";
    tcg_put_token(message, TCG_START_NAME);
    tcg_put_bytes(message, name, sizeof name - 1);
    tcg_put_number(message, SESSION_TIMEOUT_MS);
    tcg_put_token(message, TCG_END_NAME);
}

/* psid: NULL for a session without an authority. */
static int start(struct session *session, const char *psid, uint32_t *tper_session) {
    struct tcg_message message;
    struct bytes payload;
    uint8_t status = 0xff;
    tcg_message_begin(&message);
    tcg_put_call(&message, TCG_UID_SESSION_MANAGER, TCG_UID_START_SESSION);
    tcg_put_token(&message, TCG_START_LIST);
    tcg_put_number(&message, HOST_SESSION);
    tcg_put_uid(&message, TCG_UID_ADMIN_SP);
    tcg_put_number(&message, 1); /* for writing */
    if (psid)
        put_challenge(&message, psid);
    else
        put_timeout(&message);
    tcg_put_token(&message, TCG_END_LIST);
    const int error =
        call(session, psid ? "TCG StartSession (PSID: given by the operator)" : "TCG StartSession",
             &message, 0, &payload, &status);
    if (error)
        return fail(session, "TCG StartSession", error);
    if (status == TCG_SUCCESS && tcg_answer_session(payload, HOST_SESSION, tper_session) == 0)
        return 0;
    reason_set(session->reason, "TCG StartSession was refused with status %02xh%s", status,
               status == TCG_NOT_AUTHORIZED         ? ": the PSID is not this drive's"
               : status == TCG_AUTHORITY_LOCKED_OUT ? ": too many wrong PSIDs, until a power cycle"
                                                    : "");
    return -EACCES;
}

/* A wrong PSID is answered by success and "no". */
static int authenticate(struct session *session, uint32_t tper_session,
                        const char psid[SECRET_SIZE]) {
    static const char name[] = "Challenge";
    struct tcg_message message;
    struct bytes payload;
    uint64_t proven = 0;
    uint8_t status = 0xff;
    tcg_message_begin(&message);
    tcg_put_call(&message, TCG_UID_THIS_SP, TCG_UID_AUTHENTICATE);
    tcg_put_token(&message, TCG_START_LIST);
    tcg_put_uid(&message, TCG_UID_PSID);
    tcg_put_token(&message, TCG_START_NAME);
    tcg_put_bytes(&message, name, sizeof name - 1);
    tcg_put_bytes(&message, psid, SECRET_SIZE);
    tcg_put_token(&message, TCG_END_NAME);
    tcg_put_token(&message, TCG_END_LIST);
    const int error = call(session, "TCG Authenticate (PSID: given by the operator)", &message,
                           tper_session, &payload, &status);
    if (error)
        return fail(session, "TCG Authenticate", error);
    if (status == TCG_SUCCESS && tcg_answer_number(payload, &proven) == 0 && proven == 1)
        return 0;
    reason_set(session->reason, "TCG Authenticate was refused with status %02xh%s", status,
               status == TCG_SUCCESS || status == TCG_NOT_AUTHORIZED
                   ? ": the PSID is not this drive's, or it has no revert by PSID"
               : status == TCG_AUTHORITY_LOCKED_OUT ? ": too many wrong PSIDs, until a power cycle"
                                                    : "");
    return -EACCES;
}

static int revert(struct session *session, uint32_t tper_session) {
    struct tcg_message message;
    struct bytes payload;
    uint8_t status = 0xff;
    tcg_message_begin(&message);
    tcg_put_call(&message, TCG_UID_ADMIN_SP, TCG_UID_REVERT);
    tcg_put_token(&message, TCG_START_LIST);
    tcg_put_token(&message, TCG_END_LIST);
    const int error =
        call(session, "TCG Revert of the Admin SP", &message, tper_session, &payload, &status);
    if (error)
        return fail(session, "TCG Revert", error);
    if (status == TCG_SUCCESS)
        return 0;
    reason_set(session->reason, "TCG Revert was refused with status %02xh", status);
    return -EIO;
}

bool tcg_revert_possible(const struct tcg_discovery *tcg, struct reason *reason) {
    if (!tcg->known || tcg->classes == 0)
        reason_set(reason, "it has no TCG security, or does not say so");
    else if (tcg->comid == 0)
        reason_set(reason, "it does not say which ComID its TCG sessions have");
    else
        return true;
    return false;
}

int tcg_revert_by_psid(struct armed *armed, struct progress *progress,
                       const struct tcg_discovery *tcg, const char psid[SECRET_SIZE],
                       struct reason *reason) {
    struct session session = {
        .armed = armed, .progress = progress, .reason = reason, .comid = tcg->comid};
    uint32_t tper_session = 0;
    int error = exchange_properties(&session);
    if (error && error != -ESTALE && device_commands(armed_device(armed)) == COMMANDS_ATA) {
        session.by_scsi = true;
        error = exchange_properties(&session);
    }
    if (error)
        return fail(&session, "TCG Properties", error);
    const bool is_enterprise = !(tcg->classes & LIKE_OPAL);
    error = start(&session, is_enterprise ? NULL : psid, &tper_session);
    if (error == 0 && is_enterprise)
        error = authenticate(&session, tper_session, psid);
    return error ? error : revert(&session, tper_session);
}
