/* Simulated drives are asked how warm they are: which, when, and how often. */
#include "quietus/interrupt.h"

#include "../../agent/tui/thermometer.h"
#include "../unit/test.h"
#include "description.h"
#include "model_transport.h"
#include "trial.h"

#include <time.h>
#include <unistd.h>

/* In trial.h's order: which path, description, degrees. */
static const struct kind {
    enum model_path path;
    const char *description;
    int degrees;
} kinds[] = {
    {MODEL_LIBATA, "family = ata\nsize = 2M\n", 38},
    {MODEL_SATL, "family = ata\nsize = 2M\n", 38},
    {MODEL_SAS, "family = scsi\nsize = 2M\n", 34},
};

static struct model model;
static struct disk *scanned;

/* Of the thermometer's thread. */
static atomic_uint opened;

static int open_model(const struct disk *disk, struct device **out) {
    atomic_fetch_add(&opened, 1);
    *out = model_open(&model, disk);
    return 0;
}

static char folder[] = "/tmp/quietus-warm-XXXXXX";

static void start(const struct kind *kind) {
    char text[256];
    char problem[256] = "";
    strcpy(folder, "/tmp/quietus-warm-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(text, sizeof text, "[drive one]\n%s", kind->description);
    struct description *description = description_parse(text, folder, problem, sizeof problem);
    if (!description)
        fail_msg("%s", problem);
    model = (struct model){.path = kind->path};
    model.drive = drive_open(&description->drives[0], problem, sizeof problem);
    free(description);
    assert_non_null(model.drive);
    model_use_clock();
    scanned = model_scan(&model);
    assert_non_null(scanned);
    atomic_store(&opened, 0);
    interrupt_hold();
}

static void stop(void) {
    interrupt_release();
    disk_free(scanned);
    drive_close(model.drive);
    trial_clean(folder);
}

/* What is known after a while: until it is known, or 0. */
static int look_for(struct thermometer *thermometer, const struct progress *progress,
                    unsigned looks) {
    const struct timespec pause = {.tv_nsec = 10000000};
    int degrees = 0;
    for (unsigned i = 0; i < looks && degrees == 0; i++) {
        degrees = thermometer_look(thermometer, 0, scanned, progress);
        (void)nanosleep(&pause, NULL);
    }
    return degrees;
}

/* Warm is what the host reads or writes; what works by itself is not even opened. Once a minute. */
static void test_asked_while_the_host_works(void **state) {
    (void)state;
    enum { MANY = 6000, FEW = 5 };
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct progress progress = {.phase = PHASE_SANITIZING};
        start(&kinds[i]);
        struct thermometer *thermometer = thermometer_start("", 1, open_model);
        static const enum phase alone[] = {PHASE_SANITIZING, PHASE_FORMATTING, PHASE_ERASING,
                                           PHASE_EARLIER,    PHASE_PREPARING,  PHASE_ENDED};
        for (size_t k = 0; k < COUNT_OF(alone); k++) {
            atomic_store(&progress.phase, alone[k]);
            assert_int_equal(look_for(thermometer, &progress, FEW), 0);
        }
        assert_int_equal(atomic_load(&opened), 0);
        atomic_store(&progress.phase, PHASE_WRITING);
        assert_int_equal(look_for(thermometer, &progress, MANY), kinds[i].degrees);
        /* Its turn comes again with the minute, not with the phase. */
        atomic_store(&progress.phase, PHASE_SANITIZING);
        (void)look_for(thermometer, &progress, 1);
        atomic_store(&progress.phase, PHASE_VERIFYING);
        for (unsigned k = 0; k < FEW; k++)
            assert_int_equal(look_for(thermometer, &progress, 1), kinds[i].degrees);
        assert_int_equal(atomic_load(&opened), 1);
        thermometer_stop(thermometer);
        stop();
    }
}

/* By its node it could be reached, but another disk has that node now. */
static void test_another_disk_is_not_taken_for_it(void **state) {
    (void)state;
    enum { MANY = 6000, FEW = 5 };
    const struct progress progress = {.phase = PHASE_WRITING};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        start(&kinds[i]);
        text_copy(scanned->identity.serial, sizeof scanned->identity.serial, "ANOTHER");
        struct thermometer *thermometer = thermometer_start("", 1, open_model);
        for (unsigned k = 0; k < MANY && atomic_load(&opened) == 0; k++)
            assert_int_equal(look_for(thermometer, &progress, 1), 0);
        assert_int_equal(look_for(thermometer, &progress, FEW), 0);
        assert_int_equal(atomic_load(&opened), 1);
        thermometer_stop(thermometer);
        stop();
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_asked_while_the_host_works),
    cmocka_unit_test(test_another_disk_is_not_taken_for_it),
};
TEST_MAIN(tests)
