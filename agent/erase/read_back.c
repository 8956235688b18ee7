#include "read_back.h"

#include "quietus/ask.h"
#include "quietus/clock.h"
#include "quietus/json.h"

#include "vanished.h"
#include "verification.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int read_back_identity(struct disk_run *run, struct device *device, struct disk_identity *out,
                       struct reason *reason) {
    enum { RETURN_MS = 200000, ASK_AGAIN_MS = 2000 };
    const int64_t until = clock_monotonic_ms() + RETURN_MS;
    int error;
    progress_expect(&run->progress, RETURN_MS + PROGRESS_SILENCE_MS);
    while ((error = device_identity(device, out, reason)) != 0) {
        if (clock_monotonic_ms() > until)
            return error;
        if (device_find_again(device) != 0)
            clock_sleep_ms(ASK_AGAIN_MS);
    }
    return 0;
}

/* Or may hide it: what could not be found out is not claimed. */
static bool hides_capacity(const struct disk *disk) {
    if (disk->has_ata)
        return !disk->hidden_known || disk->native_sectors > disk->ata.sectors;
    return disk->area_count == 1 && disk->native_sectors > disk->areas[0].lba_count;
}

/* TCG ranges that are locked, or a shadow: what is under them was not seen, whatever the erase
 * says. */
static bool is_covered(struct disk_run *run, struct device *device) {
    struct tcg_discovery now;
    const bool may_be_asked = run->now.bus != BUS_USB;
    if (!run->now.tcg.known && !(run->now.tcg_unknown && may_be_asked))
        return false;
    /* What was known stays known if the question fails: the next method would take it for none. */
    const int error = ask_tcg_discovery(device, &now);
    if (error == 0) {
        run->now.tcg = now;
        run->now.tcg_unknown = false;
        if (!tcg_covers_media(&now))
            return false;
    } else if (!run->now.tcg.known) {
        return false; /* as before: an exception of the plan */
    }
    json_add_text(run->attempts[run->attempt_count - 1].exceptions,
                  error ? "whether TCG ranges are locked could not be asked again"
                        : "TCG ranges are locked, or an MBR shadow is in force: what they cover "
                          "was not seen");
    return true;
}

/* Law 2: the state is read back from the device, not remembered. */
void read_back_state(struct disk_run *run, struct erase_run *erase, struct attempt *attempt) {
    struct device *device = armed_device(erase->armed);
    struct reason reason;
    run->identity_after_known = false;
    attempt->facts.state_read_back = false;
    if (read_back_identity(run, device, &run->identity_after, &reason)) {
        attempt->reason = reason;
        return;
    }
    if (device_refresh(device) != 0)
        json_add_text(attempt->exceptions, "the kernel would not drop what it had cached");
    run->identity_after_known = true;
    if (!disk_identity_same(armed_expected(erase->armed), &run->identity_after, &reason)) {
        attempt->facts.refuted = true;
        attempt->reason = reason;
        return;
    }
    if (attempt->method->read_back && attempt->method->read_back(erase) != 0) {
        attempt->facts.refuted = true;
        return;
    }
    attempt->facts.reached_all =
        !is_covered(run, device) &&
        (attempt->method->whole_drive ||
         (run->layout.bytes == run->identity_after.capacity && !hides_capacity(&run->now)));
    attempt->facts.state_read_back = true;
}

static int verify(struct disk_run *run, struct erase_run *erase, struct attempt *attempt,
                  struct snapshot *snapshot, const struct verify_level *level) {
    const struct method *method = attempt->method;
    const struct read_rule rule = {
        .announced = method->announced ? method->announced(&run->now) : READS_UNSPECIFIED,
        .protection_type = run->now.protection_type,
    };
    struct verification verification = {
        .rule = method->announced ? &rule : NULL,
        .device = armed_device(erase->armed),
        .layout = &run->layout,
        .level = level,
        .content = run->disk->content,
        .progress = &run->progress,
        .exceptions = attempt->exceptions,
    };
    int error;
    if (method->leaves_pattern)
        error = verification_of_pattern(&verification, erase->pattern, &attempt->facts.samples,
                                        &attempt->verification);
    else
        error = verification_of_erase(&verification, snapshot, &attempt->facts.samples,
                                      &attempt->verification);
    /* What the state that was read back has shown says more. */
    if (error && attempt->reason.text[0] == '\0')
        reason_set(&attempt->reason, "reading back could not go on: %s", strerror(-error));
    return error;
}

/* Nothing spoke against it but that the disk vanished; and it has come back. */
static bool is_to_be_read_anew(struct erase_run *erase, const struct attempt *attempt, int error) {
    const struct sample_facts *samples = &attempt->facts.samples;
    return error != -ETIME && (error || samples->unreadable > 0) && samples->mismatched == 0 &&
           erase->returns < VANISHED_MOST && vanished_is(erase->armed) &&
           vanished_wait(erase->armed, erase->layout, erase->progress) == 0;
}

/* Every byte of an overwrite, which lives on what the disk had acknowledged. Of a firmware erase
 * the same places as before, and fresh ones. */
static void note_cut_off(struct disk_run *run, struct attempt *attempt) {
    char text[160];
    (void)snprintf(text, sizeof text,
                   "the disk vanished while it was read back, was found again by its identity, and "
                   "has to be read anew%s",
                   attempt->method->leaves_pattern ? ", every byte" : "");
    json_add_text(attempt->exceptions, text);
    json_put_text(attempt->verification, "method", attempt->method->name);
    evidence_event(run->evidence, "reading-cut-off", attempt->verification);
    attempt->verification = NULL;
    attempt->reason.text[0] = '\0';
}

/* A disk that comes back may have lost its power: its state is read anew too, such as its locks. */
int read_back_content(struct disk_run *run, struct erase_run *erase, struct attempt *attempt,
                      struct snapshot *snapshot, const struct verify_level *level) {
    static const struct verify_level full = {.kind = VERIFY_FULL};
    int error = verify(run, erase, attempt, snapshot, level);
    while (is_to_be_read_anew(erase, attempt, error)) {
        erase->returns++;
        note_cut_off(run, attempt);
        read_back_state(run, erase, attempt);
        error =
            verify(run, erase, attempt, snapshot, attempt->method->leaves_pattern ? &full : level);
    }
    return error;
}
