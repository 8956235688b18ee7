#include "vanished.h"

#include "quietus/clock.h"
#include "quietus/device.h"

#include <errno.h>

enum { ASK_AGAIN_MS = 1000 };

bool vanished_is(struct armed *armed) {
    struct disk_identity found;
    struct reason reason;
    return device_identity(armed_device(armed), &found, &reason) != 0 ||
           !disk_identity_same(armed_expected(armed), &found, &reason);
}

/* A position in the row of all areas means the same sectors as before. */
static bool is_divided_as_before(const struct device *device, const struct layout *layout) {
    const struct disk_area *areas = device_areas(device);
    if (device_area_count(device) != layout->area_count)
        return false;
    for (unsigned i = 0; i < layout->area_count; i++) {
        if (areas[i].lba_size != layout->areas[i].lba_size ||
            areas[i].lba_count * areas[i].lba_size != layout->areas[i].bytes)
            return false;
    }
    return true;
}

static bool is_back(struct armed *armed, const struct layout *layout) {
    struct device *device = armed_device(armed);
    return device_find_again(device) == 0 && is_divided_as_before(device, layout);
}

int vanished_wait(struct armed *armed, const struct layout *layout, struct progress *progress) {
    const int64_t until = clock_monotonic_ms() + VANISHED_WAIT_MS;
    progress_start(progress, PHASE_VANISHED, 0, 0, 0);
    while (!atomic_load(&progress->given_up)) {
        progress_expect(progress, PROGRESS_SILENCE_MS);
        if (is_back(armed, layout))
            return 0;
        if (clock_monotonic_ms() > until)
            break;
        clock_sleep_ms(ASK_AGAIN_MS);
    }
    return -ENODEV;
}
