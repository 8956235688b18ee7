#include "follow.h"

#include "quietus/clock.h"
#include "quietus/json.h"

#include <errno.h>
#include <stdio.h>

enum {
    FIRST_WAIT_MS = 50,
    LONGEST_WAIT_MS = 5000,
    LONGEST_SILENCE_MS = 300000,
    LONGEST_IDLE_MS = 10000,
    SEARCH_AGAIN_MS = 3000,
    SHORTEST_STALL_MS = 600000,
    UNKNOWN_ESTIMATE_S = 7200,
    WHOLE = 65536,
    POLL_MARGIN_MS =
        120000, /* a question's own time-out and the kernel's error handling after it */
};

int64_t follow_stall_ms(const struct policy *policy, uint64_t seconds) {
    if (policy->stall_minutes > 0)
        return (int64_t)policy->stall_minutes * 60000;
    const int64_t twice = (int64_t)(seconds ? seconds : UNKNOWN_ESTIMATE_S) * 2000;
    return twice > SHORTEST_STALL_MS ? twice : SHORTEST_STALL_MS;
}

/* What is kept between two questions. */
struct watch {
    int64_t moved;    /* when the progress was last greater than ever before */
    int64_t answered; /* when the drive last answered */
    int64_t busy;     /* when it was last seen at work, or the start */
    int64_t searched; /* when it was last looked for under other names */
    bool found;       /* then, and not asked since */
    int64_t wait;
    unsigned last;
    int last_percent;
    enum follow_state last_state;
};

/* One question. It stays in the evidence only if the answer says something new. */
static int ask(struct follow *follow, struct watch *watch, struct follow_answer *answer) {
    const size_t mark = evidence_mark(follow->evidence);
    const int error = follow->ask(follow->user, answer);
    const int percent = error ? -1 : (int)(answer->progress * 100U / WHOLE);
    follow->polls++;
    if (error == 0 && answer->state == watch->last_state && percent == watch->last_percent)
        evidence_rewind(follow->evidence, mark);
    watch->last_percent = percent;
    watch->last_state = answer->state;
    return error;
}

static void note_progress(struct follow *follow, struct watch *watch, unsigned progress,
                          int64_t now) {
    if (!follow->seen_at_work || progress > follow->furthest)
        watch->moved = now;
    if (follow->seen_at_work && progress < watch->last)
        follow->went_back++;
    if (progress > follow->furthest)
        follow->furthest = progress;
    watch->last = progress;
    watch->busy = now;
    follow->seen_at_work = true;
}

static int64_t shorter(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* Whether it is over without the drive saying so. */
static bool is_given_up(const struct follow *follow, const struct watch *watch, int64_t now,
                        enum follow_state state, int error, enum follow_end *end) {
    if (error) {
        *end = FOLLOW_END_SILENT;
        return now - watch->answered > shorter(LONGEST_SILENCE_MS, follow->stall_ms);
    }
    if (state == FOLLOW_AT_WORK) {
        *end = FOLLOW_END_STALLED;
        return now - watch->moved > follow->stall_ms;
    }
    *end = FOLLOW_END_NOTHING;
    return now - watch->busy > LONGEST_IDLE_MS;
}

/* A drive that does not answer may be back under another name. One that answers, but says nothing
 * (ENODATA), is not looked for. True if it was found, and is to be asked there first: the search
 * may have taken as long as silence may last. */
static bool search(struct follow *follow, struct watch *watch, int error, int64_t now) {
    if (error == -ENODATA || watch->found || now - watch->searched < SEARCH_AGAIN_MS) {
        watch->found = false; /* it was asked, and has not answered there either */
        return false;
    }
    watch->searched = now;
    progress_expect(follow->progress, PROGRESS_SILENCE_MS); /* others may keep it waiting */
    watch->found = device_find_again(follow->device) == 0;
    return watch->found;
}

static enum follow_end watch_it(struct follow *follow, struct watch *watch) {
    for (;;) {
        struct follow_answer answer = {FOLLOW_IDLE, 0};
        enum follow_end end;
        progress_expect(follow->progress, POLL_MARGIN_MS + LONGEST_WAIT_MS);
        const int error = ask(follow, watch, &answer);
        const int64_t now = clock_monotonic_ms();
        if (error) {
            follow->silent_polls++;
            if (search(follow, watch, error, now))
                continue;
        } else {
            watch->answered = now;
            watch->found = false;
        }
        if (error == 0 && answer.state == FOLLOW_SUCCEEDED)
            return FOLLOW_END_SUCCEEDED;
        if (error == 0 && answer.state == FOLLOW_FAILED)
            return FOLLOW_END_FAILED;
        if (error == 0 && answer.state == FOLLOW_AT_WORK) {
            note_progress(follow, watch, answer.progress, now);
            progress_heard(follow->progress, follow->furthest);
        }
        if (is_given_up(follow, watch, now, answer.state, error, &end))
            return end;
        progress_expect(follow->progress, POLL_MARGIN_MS + LONGEST_WAIT_MS);
        clock_sleep_ms(watch->wait);
        watch->wait = shorter(watch->wait * 2, LONGEST_WAIT_MS);
    }
}

struct follow follow_of_run(const struct erase_run *run, enum phase phase, unsigned part,
                            unsigned parts, uint64_t seconds) {
    return (struct follow){
        .device = armed_device(run->armed),
        .progress = run->progress,
        .evidence = run->evidence,
        .phase = phase,
        .part = part,
        .parts = parts,
        .stall_ms = follow_stall_ms(run->policy, seconds),
    };
}

enum follow_end follow_to_end(struct follow *follow) {
    const int64_t now = clock_monotonic_ms();
    struct watch watch = {.moved = now,
                          .answered = now,
                          .busy = now,
                          .wait = FIRST_WAIT_MS,
                          .last_percent = -1,
                          .last_state = FOLLOW_IDLE};
    progress_start(follow->progress, follow->phase, follow->part, follow->parts, WHOLE);
    const enum follow_end end = watch_it(follow, &watch);
    char text[96];
    json_t *event = json_new_object();
    json_put_text(event, "end", follow_end_text(follow, end, text, sizeof text));
    json_put_count(event, "questions", follow->polls);
    json_put_count(event, "unanswered", follow->silent_polls);
    json_put_flag(event, "seen_at_work", follow->seen_at_work);
    json_put_count(event, "progress_went_back", follow->went_back);
    json_put_text(event, "listed", "the answers that said something new");
    evidence_event(follow->evidence, "followed", event);
    return end;
}

char *follow_end_text(const struct follow *follow, enum follow_end end, char *out, size_t size) {
    static const char *const texts[] = {
        [FOLLOW_END_SUCCEEDED] = "ended in success",
        [FOLLOW_END_FAILED] = "the drive reports that it failed",
        [FOLLOW_END_STALLED] = "no longer moves",
        [FOLLOW_END_SILENT] = "the drive no longer answers",
        [FOLLOW_END_NOTHING] = "the drive is idle and does not say that it ended",
    };
    if (follow->seen_at_work && end != FOLLOW_END_SUCCEEDED)
        (void)snprintf(out, size, "%s (it had come to %u %%)", texts[end],
                       follow->furthest * 100 / WHOLE);
    else
        text_copy(out, size, texts[end]);
    return out;
}

void follow_note_success(const struct erase_run *run, enum binding binding) {
    run->facts->accepted = true;
    if (binding > run->facts->binding)
        run->facts->binding = binding;
}

int follow_note_failure(const struct erase_run *run, const char *name, const struct follow *follow,
                        enum follow_end end, const char *why) {
    char text[96];
    run->facts->refuted = end == FOLLOW_END_FAILED;
    reason_set(run->reason, "%s: %s%s%s", name, follow_end_text(follow, end, text, sizeof text),
               why[0] != '\0' ? ": " : "", why);
    return end == FOLLOW_END_FAILED || end == FOLLOW_END_NOTHING ? -EIO : -ETIME;
}
