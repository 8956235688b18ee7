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

/* Where it was, since it need not have moved; or by other nodes. */
static int look(struct armed *armed, const struct layout *layout) {
    struct device *device = armed_device(armed);
    const int error = vanished_is(armed) ? device_find_again(device) : 0;
    if (error)
        return error;
    return is_divided_as_before(device, layout) ? 0 : -ENODEV;
}

int vanished_wait(struct armed *armed, const struct layout *layout, struct progress *progress) {
    const int64_t until = clock_monotonic_ms() + VANISHED_WAIT_MS;
    progress_start(progress, PHASE_VANISHED, 0, 0, 0);
    while (!atomic_load(&progress->given_up)) {
        progress_expect(progress, PROGRESS_SILENCE_MS);
        const int error = look(armed, layout);
        if (error == 0)
            return 0;
        if (clock_monotonic_ms() > until)
            return error == -EEXIST ? error : -ENODEV;
        clock_sleep_ms(ASK_AGAIN_MS);
    }
    return -ECANCELED;
}
