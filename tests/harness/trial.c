#include "trial.h"

#include "quietus/ask.h"
#include "quietus/certificate.h"
#include "quietus/check.h"
#include "quietus/json.h"
#include "quietus/run.h"

#include "../../agent/authorize/internal.h"
#include "description.h"
#include "oracle.h"
#include "raid_model.h"
#include "simtime.h"

#include <ftw.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char marker[] = "QPLANT";

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at) {
    (void)status;
    (void)type;
    (void)at;
    return remove(path);
}

void trial_clean(const char *folder) {
    (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void make_folder(const char *folder) {
    trial_clean(folder);
    (void)mkdir(folder, 0700);
}

static bool has_password(struct model *model, const struct disk *disk) {
    struct ata_identify identify;
    struct device *device = model_open(model, disk);
    const bool enabled = ask_ata_identify(device, &identify) == 0 && identify.security.enabled;
    device_close(device);
    return enabled;
}

static void take_result(struct disk_run *run, struct trial_result *out) {
    struct reason reason;
    size_t i;
    json_t *text;
    out->outcome = disk_run_disposition(run, &reason);
    text_copy(out->reason, sizeof out->reason, reason.text);
    out->claimed = CATEGORY_NONE;
    out->says_attested = false;
    const struct attempt *last = disk_run_last_attempt(run);
    text_copy(out->method, sizeof out->method, last ? last->method->name : "");
    if (out->outcome != DISPOSITION_ERASED)
        return;
    out->claimed = last->claim.category;
    json_array_foreach(last->exceptions, i, text) {
        if (strstr(json_string_value(text), "attested by the drive alone"))
            out->says_attested = true;
    }
}

static void list_attempts(const struct disk_run *run, char *out, size_t size) {
    for (unsigned i = 0; !run->given_up && i < run->attempt_count; i++) {
        const struct attempt *attempt = &run->attempts[i];
        const size_t used = strlen(out);
        (void)snprintf(out + used, size - used, "  %s: %s, %s\n", attempt->method->name,
                       disposition_name(attempt->judged),
                       attempt->reason.text[0] ? attempt->reason.text : attempt->judgement.text);
    }
}

/* In plain text, in hexadecimal, in the base64 that the envelope is in, and inside that. */
static bool text_shows(const char *text, const char *bytes, size_t length) {
    char hex[2 * SECRET_SIZE + 1];
    char part[SECRET_SIZE + 1];
    hex_encode(hex, (const uint8_t *)bytes, length);
    (void)snprintf(part, sizeof part, "%.*s", (int)length, bytes);
    return strstr(text, hex) || strstr(text, part);
}

static bool certificate_shows(const struct disk_run *run, const struct disk_secrets *secrets) {
    const struct server server = {.serial = "TRIAL"};
    struct session session;
    struct document document;
    struct envelope envelope;
    struct reason reason;
    bool shows = false;
    session_start(&session, NULL);
    certificate_of_run(&session, &server, run, &document);
    if (envelope_parse(document.text, strlen(document.text), &envelope, &reason) == 0) {
        for (int kind = 0; kind < SECRET_KINDS; kind++) {
            const size_t length = strnlen(secrets->of[kind].bytes, SECRET_SIZE);
            if (secrets->of[kind].given)
                shows = shows || text_shows(envelope.payload, secrets->of[kind].bytes, length) ||
                        text_shows(document.text, secrets->of[kind].bytes, length);
        }
        envelope_free(&envelope);
    }
    document_free(&document);
    session_end(&session);
    return shows;
}

static void list_exceptions(const struct disk_run *run, char *out, size_t size) {
    const struct attempt *last = disk_run_last_attempt(run);
    size_t i;
    json_t *text;
    json_array_foreach(last ? last->exceptions : run->exceptions, i, text) {
        const size_t used = strlen(out);
        (void)snprintf(out + used, size - used, "  %s\n", json_string_value(text));
    }
}

/* Whether the certificate would stand up to a check, years later. */
static void check_certificate(const struct disk_run *run, char *out, size_t size) {
    static const struct server server = {.serial = "TRIAL"};
    const struct trust nobody = {0};
    struct session session;
    struct document certificate;
    struct check_result result;
    session_start(&session, NULL);
    certificate_of_run(&session, &server, run, &certificate);
    check_envelope(certificate.text, strlen(certificate.text), &nobody, &result);
    for (size_t i = 0; i < json_array_size(result.problems); i++) {
        const size_t used = strlen(out);
        (void)snprintf(out + used, size - used, "  %s\n",
                       json_string_value(json_array_get(result.problems, i)));
    }
    check_result_free(&result);
    document_free(&certificate);
    session_end(&session);
}

/* The agent's part, from finding the drive to the judgement. */
static void run_agent(struct model *model, const struct trial *trial, struct trial_result *out) {
    static const uint8_t run_id[SNAPSHOT_RUN_ID_SIZE] = {0x51};
    if (trial->set_up)
        trial->set_up(model, trial->user);
    struct disk *disk = model_scan(model);
    if (!disk) {
        text_copy(out->reason, sizeof out->reason, "it was not found");
        return;
    }
    if (trial->scanned)
        trial->scanned(model, disk, trial->user);
    const bool had_password = disk->has_ata && disk->ata.security.enabled;
    json_t *authority = json_new_object();
    struct warrant *warrant = warrant_issue(disk, authority);
    json_decref(authority);
    disk->content_known = true;
    struct disk_run *run = disk_run_new(disk, warrant, &trial->policy, run_id);
    struct device *device = model_open(model, disk);
    if (trial->secrets)
        run->secrets = *trial->secrets;
    disk_run_on_device(run, device);
    device_close(device);
    take_result(run, out);
    out->shows_secret =
        out->shows_secret || (trial->secrets && certificate_shows(run, trial->secrets));
    out->attempts[0] = '\0';
    list_attempts(run, out->attempts, sizeof out->attempts);
    out->exceptions[0] = '\0';
    out->wrong[0] = '\0';
    check_certificate(run, out->wrong, sizeof out->wrong);
    if (!run->given_up)
        list_exceptions(run, out->exceptions, sizeof out->exceptions);
    out->present = !model->is_off && drive_present(model->drive);
    if (trial->look)
        trial->look(model, run, trial->user);
    out->locked = out->present && disk->has_ata && !had_password && has_password(model, disk);
    disk_run_free(run);
    disk_free(disk);
}

static struct drive *open_drive(const struct trial *trial, char *problem, size_t problem_size) {
    char text[8192];
    (void)snprintf(text, sizeof text, "[drive one]\n%s\n", trial->description);
    struct description *description = description_parse(text, trial->folder, problem, problem_size);
    if (!description)
        return NULL;
    struct drive *drive = drive_open(&description->drives[0], problem, problem_size);
    free(description);
    return drive;
}

static bool ask_oracle(const struct trial *trial, struct trial_result *out, char *problem,
                       size_t problem_size) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/one.media", trial->folder);
    struct media *media = media_open_to_look(path, problem, problem_size);
    if (!media)
        return false;
    const struct oracle_findings findings = oracle_search(media, marker, strlen(marker));
    media_close(media);
    out->visible = findings.visible;
    out->recoverable = findings.recoverable;
    return true;
}

bool trial_run(const struct trial *trial, struct trial_result *out, char *problem,
               size_t problem_size) {
    *out = (struct trial_result){0};
    make_folder(trial->folder);
    model_use_clock();
    struct model model = {
        .path = trial->path, .power_cut_at = trial->power_cut_at, .faults = trial->faults};
    model.drive = open_drive(trial, problem, problem_size);
    if (!model.drive)
        return false;
    const uint64_t began = simtime_now();
    run_agent(&model, trial, out);
    if (model.is_off) {
        drive_close(model.drive);
        model = (struct model){.path = trial->path, .faults = trial->faults};
        model.drive = open_drive(trial, problem, problem_size);
        if (!model.drive)
            return false;
        run_agent(&model, trial, out);
    }
    out->commands = drive_command_count(model.drive);
    out->passwords_sent = model.passwords_sent;
    out->simulated_ms = simtime_now() - began;
    text_copy(out->packet, sizeof out->packet, raid_model_wrong());
    raid_model_use(NULL, NULL);
    drive_close(model.drive);
    return ask_oracle(trial, out, problem, problem_size);
}

const char *trial_verdict(const struct trial_result *result, bool *unseen) {
    *unseen = false;
    if (result->packet[0] != '\0')
        return "a RAID controller's driver was sent what it does not take";
    if (result->shows_secret)
        return "the certificate shows a secret";
    if (result->wrong[0] != '\0')
        return result->wrong;
    if (result->locked)
        return "the drive is left with a password set";
    if (result->outcome != DISPOSITION_ERASED)
        return NULL;
    if (result->visible > 0)
        return "erased, and planted data is left in LBAs";
    if (result->claimed != CATEGORY_PURGE || result->recoverable == 0)
        return NULL;
    *unseen = result->says_attested;
    return result->says_attested ? NULL : "purged, and planted data is left in the medium";
}
