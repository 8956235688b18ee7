/*
 * A disk that answers every question with bytes from outside: interrogated as the scan does, its
 * documents made, and a certificate of it signed and checked. interrogate.c is included for the
 * part of it that takes an opened device.
 */
#include "quietus/certificate.h"
#include "quietus/check.h"
#include "quietus/json.h"
#include "quietus/plan.h"

#include "fuzz.h"

/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "../../agent/scan/interrogate.c"

static struct session session;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    keys_start();
    session_start(&session, NULL);
    return 0;
}

/* What is left of the input; all further answers are zeros when it is used up. */
struct answers {
    struct bytes rest;
};

static uint8_t next_byte(struct answers *answers) {
    if (answers->rest.length == 0)
        return 0;
    answers->rest.length--;
    return *answers->rest.data++;
}

static void fill(struct answers *answers, void *data, size_t length) {
    const size_t given = length < answers->rest.length ? length : answers->rest.length;
    memset(data, 0, length);
    if (given > 0)
        memcpy(data, answers->rest.data, given);
    answers->rest.data += given;
    answers->rest.length -= given;
}

/* One byte tells how it went: mostly well, else sense data follows or the transport fails. */
static int answer_scsi(void *context, struct scsi_command *command) {
    struct answers *answers = context;
    const uint8_t how = next_byte(answers);
    if (how == 0xff)
        return -EIO;
    command->status = how & 0x80 ? SCSI_CHECK_CONDITION : SCSI_GOOD;
    if (command->status == SCSI_CHECK_CONDITION || command->transfer == TRANSFER_NONE) {
        command->sense_length = how % (sizeof command->sense + 1);
        fill(answers, command->sense, command->sense_length);
    }
    if (command->transfer == TRANSFER_IN) {
        fill(answers, command->data, command->data_length);
        command->received = how & 0x40 ? command->data_length / 2 : command->data_length;
    }
    return 0;
}

static int answer_nvme(void *context, struct nvme_command *command) {
    struct answers *answers = context;
    const uint8_t how = next_byte(answers);
    if (how == 0xff)
        return -EIO;
    command->status = how & 0x80 ? how & 0x7f : 0;
    if (command->transfer == TRANSFER_IN)
        fill(answers, command->data, command->data_length);
    return 0;
}

static void close_nothing(void *context) {
    (void)context;
}

static const struct transport_ops ops = {
    .scsi = answer_scsi,
    .nvme_admin = answer_nvme,
    .close = close_nothing,
};

/* The skeleton that a finder would have made. */
static struct disk *make_skeleton(uint8_t kind) {
    static const struct {
        enum command_set commands;
        enum disk_bus bus;
    } kinds[] = {{COMMANDS_ATA, BUS_SATA}, {COMMANDS_SCSI, BUS_SAS}, {COMMANDS_NVME, BUS_NVME}};
    struct disk *disk = disk_new();
    disk->commands = kinds[kind % 3].commands;
    disk->bus = kind & 0x20 ? BUS_USB : kinds[kind % 3].bus;
    disk->path_count = 1;
    text_copy(disk->paths[0].node, DISK_NODE_SIZE, "/dev/sg0");
    disk->area_count = kind & 0x40 ? 1 : 0; /* none: no block device, as with 520-byte sectors */
    if (disk->commands == COMMANDS_NVME)
        disk->area_count = 1 + (kind >> 6);
    for (unsigned i = 0; i < disk->area_count; i++)
        disk->areas[i] = (struct disk_area){
            .node = "/dev/x",
            .lba_size = 512,
            .lba_count = 4096,
            .nsid = disk->commands == COMMANDS_NVME ? i + 1 : 0,
        };
    return disk;
}

static void require_file_name(const char *name) {
    const size_t length = strlen(name);
    REQUIRE(length > 5 && strcmp(name + length - 5, ".json") == 0);
    for (size_t i = 0; i < length - 5; i++)
        REQUIRE(strchr("_-", name[i]) || (name[i] >= '0' && name[i] <= '9') ||
                (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z'));
}

static void check_certificate(const struct disk *disk, const uint8_t *data, size_t size) {
    struct decision decision = {.disposition = DISPOSITION_REFUSED};
    struct server server = {0};
    struct document document;
    struct check_result result;
    const struct trust nobody = {0};
    char name[TEXT_FIELD_SIZE * 3];
    text_from_field(server.serial, sizeof server.serial, data, size);
    reason_set(&decision.reason, "it is %s", disk_name(disk, name, sizeof name));
    certificate_of_decision(&session, &server, disk, &decision, NULL, &document);
    require_file_name(document.file);
    check_envelope(document.text, strlen(document.text), &nobody, &result);
    REQUIRE(result.status == CHECK_UNPROVEN);
    check_result_free(&result);
    document_free(&document);
}

static void check_plan(const struct disk *disk) {
    struct policy policy;
    struct plan plan;
    policy_default(&policy);
    plan_make(disk, &policy, &plan);
    require_document(plan_json(&plan));
}

static void check_disk(const struct disk *disk) {
    char text[1024];
    REQUIRE_ASCII(disk->identity.vendor);
    REQUIRE_ASCII(disk->identity.model);
    REQUIRE_ASCII(disk->identity.serial);
    REQUIRE_ASCII(disk->identity.firmware);
    REQUIRE_ASCII(disk->identity.wwn);
    REQUIRE_ASCII(disk->health.detail);
    require_ascii(disk_capabilities_text(disk, text, sizeof text), sizeof text);
    require_document(disk_json(disk));
    check_plan(disk);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    const struct bytes input = fuzz_copy(data, size);
    struct answers answers = {input};
    struct disk *disk = make_skeleton(next_byte(&answers));
    struct device *device = device_new(&ops, &answers, disk);
    struct evidence *evidence = evidence_new();
    device_record(device, evidence);
    interrogate_device(device, disk);
    require_document(evidence_list(evidence));
    check_disk(disk);
    check_certificate(disk, input.data, input.length);
    evidence_free(evidence);
    device_close(device);
    disk_free(disk);
    free((void *)input.data);
    return 0;
}
