#include "quietus/evidence.h"

#include "quietus/ata.h"
#include "quietus/clock.h"
#include "quietus/json.h"
#include "quietus/memory.h"
#include "quietus/scsi.h"

#include <nvme/types.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A disk that answers differently every time must not fill the memory; what is left out is counted.
 */
enum { MOST_ENTRIES = 4000 };

struct evidence {
    pthread_mutex_t lock;
    json_t *entries;
    uint64_t omitted;
};

struct evidence *evidence_new(void) {
    struct evidence *evidence = memory_new(1, sizeof *evidence);
    (void)pthread_mutex_init(&evidence->lock, NULL);
    evidence->entries = json_new_array();
    return evidence;
}

void evidence_free(struct evidence *evidence) {
    if (!evidence)
        return;
    json_decref(evidence->entries);
    (void)pthread_mutex_destroy(&evidence->lock);
    free(evidence);
}

/* Bytes as hexadecimal without the zeros at the end, which "length" accounts for. */
static json_t *data_json(const uint8_t *data, size_t length) {
    size_t significant = length;
    while (significant > 0 && data[significant - 1] == 0)
        significant--;
    json_t *object = json_new_object();
    json_put_count(object, "length", length);
    json_put_hex(object, "hex", data, significant);
    return object;
}

/* What goes to a drive's TCG security may be a PIN: only its length is recorded. */
static json_t *unrecorded_json(size_t length) {
    json_t *object = json_new_object();
    json_put_count(object, "length", length);
    json_put_text(object, "content", "not recorded");
    return object;
}

static bool is_trusted_send(const struct scsi_command *command) {
    enum { ATA_TRUSTED_SEND_DMA = 0x5f };
    const uint8_t ata = command->cdb[14];
    return command->cdb[0] == SCSI_SECURITY_PROTOCOL_OUT ||
           (command->cdb[0] == SCSI_ATA_PASS_THROUGH_16 &&
            (ata == ATA_TRUSTED_SEND || ata == ATA_TRUSTED_SEND_DMA));
}

/* The data of a command without the password in it, if it carries one (law 5). */
static json_t *sent_data_json(const struct scsi_command *command) {
    const uint8_t *data = command->data;
    if (is_trusted_send(command))
        return unrecorded_json(command->data_length);
    const bool secret =
        command->cdb[0] == SCSI_ATA_PASS_THROUGH_16 && ata_command_has_password(command->cdb[14]);
    if (!secret)
        return data_json(data, command->data_length);
    json_t *object = json_new_object();
    json_put_count(object, "length", command->data_length);
    json_put_hex(object, "flags", data, ATA_PASSWORD_OFFSET);
    json_put_text(object, "password", "not recorded");
    return object;
}

/* The newest entry for the same command, or NULL. */
static json_t *newest_like(const json_t *entries, const json_t *command) {
    for (size_t i = json_array_size(entries); i > 0; i--) {
        json_t *entry = json_array_get(entries, i - 1);
        const json_t *other = json_object_get(entry, "command");
        if (other && json_equal(other, command))
            return entry;
    }
    return NULL;
}

static void stamp(json_t *entry, const char *key) {
    char now[CLOCK_TEXT_SIZE];
    json_put_text(entry, key, clock_text(now, clock_now()));
}

static void append(struct evidence *evidence, json_t *entry) {
    if (json_array_size(evidence->entries) >= MOST_ENTRIES) {
        evidence->omitted++;
        json_decref(entry);
        return;
    }
    json_add(evidence->entries, entry);
}

/* Takes over both objects. */
static void record(struct evidence *evidence, const char *kind, json_t *command, json_t *answer) {
    (void)pthread_mutex_lock(&evidence->lock);
    json_t *before = newest_like(evidence->entries, command);
    if (before && json_equal(json_object_get(before, "answer"), answer)) {
        json_put_count(before, "repeated", json_count(before, "repeated") + 1);
        stamp(before, "last");
        json_decref(command);
        json_decref(answer);
    } else {
        json_t *entry = json_new_object();
        json_put_text(entry, "kind", kind);
        stamp(entry, "time");
        json_put(entry, "command", command);
        json_put(entry, "answer", answer);
        append(evidence, entry);
    }
    (void)pthread_mutex_unlock(&evidence->lock);
}

static json_t *error_answer(int error) {
    json_t *answer = json_new_object();
    json_put_text(answer, "not_sent", strerror(-error));
    return answer;
}

void evidence_scsi(struct evidence *evidence, const struct scsi_command *command, int error) {
    json_t *sent = json_new_object();
    json_put_text(sent, "name", command->name);
    json_put_hex(sent, "cdb", command->cdb, command->cdb_length);
    if (command->transfer == TRANSFER_OUT)
        json_put(sent, "data", sent_data_json(command));
    if (error) {
        record(evidence, "scsi", sent, error_answer(error));
        return;
    }
    json_t *answer = json_new_object();
    json_put_count(answer, "status", command->status);
    if (command->host_status)
        json_put_count(answer, "host_status", command->host_status);
    if (command->sense_length)
        json_put_hex(answer, "sense", command->sense, command->sense_length);
    if (command->transfer == TRANSFER_IN)
        json_put(answer, "data", data_json(command->data, command->received));
    record(evidence, "scsi", sent, answer);
}

void evidence_nvme(struct evidence *evidence, const struct nvme_command *command, int error) {
    json_t *sent = json_new_object();
    json_put_text(sent, "name", command->name);
    json_put_count(sent, "opcode", command->opcode);
    json_put_count(sent, "nsid", command->nsid);
    json_t *dwords = json_new_array();
    const uint32_t values[] = {command->cdw10, command->cdw11, command->cdw12,
                               command->cdw13, command->cdw14, command->cdw15};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        json_add(dwords, json_integer(values[i]));
    json_put(sent, "cdw10_15", dwords);
    if (command->transfer == TRANSFER_OUT)
        json_put(sent, "data",
                 command->opcode == nvme_admin_security_send
                     ? unrecorded_json(command->data_length)
                     : data_json(command->data, command->data_length));
    if (error) {
        record(evidence, "nvme", sent, error_answer(error));
        return;
    }
    json_t *answer = json_new_object();
    json_put_count(answer, "status", command->status);
    json_put_count(answer, "result", command->result);
    if (command->transfer == TRANSFER_IN && command->status == 0)
        json_put(answer, "data", data_json(command->data, command->data_length));
    record(evidence, "nvme", sent, answer);
}

void evidence_event(struct evidence *evidence, const char *kind, json_t *event) {
    (void)pthread_mutex_lock(&evidence->lock);
    json_put_text(event, "kind", kind);
    stamp(event, "time");
    append(evidence, event);
    (void)pthread_mutex_unlock(&evidence->lock);
}

size_t evidence_mark(struct evidence *evidence) {
    (void)pthread_mutex_lock(&evidence->lock);
    const size_t mark = json_array_size(evidence->entries);
    (void)pthread_mutex_unlock(&evidence->lock);
    return mark;
}

void evidence_rewind(struct evidence *evidence, size_t mark) {
    (void)pthread_mutex_lock(&evidence->lock);
    while (json_array_size(evidence->entries) > mark)
        (void)json_array_remove(evidence->entries, json_array_size(evidence->entries) - 1);
    (void)pthread_mutex_unlock(&evidence->lock);
}

json_t *evidence_list(struct evidence *evidence) {
    (void)pthread_mutex_lock(&evidence->lock);
    json_t *copy = json_deep_copy(evidence->entries);
    const uint64_t omitted = evidence->omitted;
    (void)pthread_mutex_unlock(&evidence->lock);
    if (omitted > 0 && copy) {
        json_t *entry = json_new_object();
        json_put_text(entry, "kind", "omitted");
        json_put_count(entry, "entries", omitted);
        json_add(copy, entry);
    }
    return copy ? copy : json_new_array();
}
