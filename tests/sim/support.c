#include "test.h"

#include <ftw.h>
#include <unistd.h>

static char folder[64];

const char *test_folder(void) {
    if (folder[0] == '\0') {
        (void)snprintf(folder, sizeof folder, "/tmp/quietus-sim-XXXXXX");
        if (mkdtemp(folder) == NULL)
            fail_msg("no folder for the test");
    }
    return folder;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at) {
    (void)status;
    (void)type;
    (void)at;
    return remove(path);
}

void test_folder_remove(void) {
    if (folder[0] != '\0')
        (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    folder[0] = '\0';
}

struct drive *test_drive(const char *lines) {
    char text[4096], problem[256] = "";
    (void)snprintf(text, sizeof text, "[drive one]\n%s\n", lines);
    struct description *description =
        description_parse(text, test_folder(), problem, sizeof problem);
    if (description == NULL)
        fail_msg("the description: %s", problem);
    struct drive *drive = drive_open(&description->drives[0], problem, sizeof problem);
    free(description);
    if (drive == NULL)
        fail_msg("the drive: %s", problem);
    return drive;
}

struct drive *test_power_cut(struct drive *drive, const char *lines) {
    drive_close(drive);
    return test_drive(lines);
}

void test_end(struct drive *drive) {
    drive_close(drive);
    test_folder_remove();
}

void test_pass(struct drive *drive, uint64_t milliseconds) {
    const uint64_t end = simtime_now() + milliseconds;
    while (simtime_now() < end) {
        uint64_t step = drive_next_event(drive);
        if (step > end - simtime_now())
            step = end - simtime_now();
        simtime_move(step == 0 ? 1 : step);
        drive_advance(drive);
    }
}
