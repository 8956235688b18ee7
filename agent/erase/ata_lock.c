#include "ata_lock.h"

#include "quietus/ask.h"
#include "quietus/clock.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

enum {
    ASK_AGAIN_MS = 2000,
    MARGIN_MS = 1800000,
    LONGEST_MS = 7 * 24 * 3600 * 1000,
    SLOWEST_MB_S = 30,
    PREPARE_TIMEOUT_MS = 30000,
    SATURATED_MINUTES = 508, /* words 89 and 90: "or longer" */
};

int ata_send_password(struct armed *armed, uint8_t command, const struct ata_password *password,
                      struct reason *reason) {
    uint8_t data[ATA_SECURITY_DATA_SIZE];
    char name[96];
    struct ata_step step;
    struct ata_registers registers;
    ata_password_step(command, password, 0, data, name, &step);
    const int error =
        armed_ata(armed, step.name, &step.taskfile, step.data, step.timeout_ms, &registers, reason);
    sodium_memzero(data, sizeof data);
    if (error && error != -ESTALE)
        reason_set(reason, "%s failed: %s (status %02xh, error %02xh)", name, strerror(-error),
                   registers.status, registers.error);
    return error;
}

static int64_t return_ms(const struct policy *policy) {
    const int64_t stall = follow_stall_ms(policy, 0);
    return stall < ATA_RETURN_MS ? stall : ATA_RETURN_MS;
}

int ata_ask_security(const struct ata_link *link, struct ata_security *out) {
    struct armed *armed = link->armed;
    const int64_t limit = return_ms(link->policy);
    const int64_t until = clock_monotonic_ms() + limit;
    struct ata_identify identify;
    int error;
    progress_expect(link->progress, 2 * limit);
    while ((error = ask_ata_identify(armed_device(armed), &identify)) != 0) {
        if (clock_monotonic_ms() > until)
            return error;
        (void)device_find_again(armed_device(armed));
        clock_sleep_ms(ASK_AGAIN_MS);
    }
    *out = identify.security;
    return 0;
}

int ata_take_password_off(const struct ata_link *link, const struct ata_password *password,
                          struct reason *reason) {
    struct ata_security state;
    int error = ata_ask_security(link, &state);
    if (error || !state.enabled)
        return error;
    if (state.locked && state.count_expired)
        return -EACCES;
    if (state.locked)
        (void)ata_send_password(link->armed, ATA_SECURITY_UNLOCK, password, reason);
    error = ata_ask_security(link, &state);
    if (error || state.locked)
        return error ? error : -EACCES;
    (void)ata_send_password(link->armed, ATA_SECURITY_DISABLE_PASSWORD, password, reason);
    error = ata_ask_security(link, &state);
    return error ? error : state.enabled ? -EACCES : 0;
}

uint32_t ata_erase_timeout_ms(uint64_t bytes, uint32_t minutes) {
    int64_t ms = (int64_t)minutes * 90000 + MARGIN_MS;
    const int64_t by_size = (int64_t)(bytes / (SLOWEST_MB_S * 1000ULL)) + (int64_t)MARGIN_MS;
    if ((minutes == 0 || minutes >= SATURATED_MINUTES) && by_size > ms)
        ms = by_size;
    return ms > LONGEST_MS ? (uint32_t)LONGEST_MS : (uint32_t)ms;
}

int ata_erase_unit(const struct ata_link *link, const struct ata_password *password, bool enhanced,
                   uint32_t timeout_ms, struct reason *reason) {
    uint8_t data[ATA_SECURITY_DATA_SIZE];
    char name[96];
    int first_error;
    struct ata_registers registers;
    struct ata_step unit;
    const struct ata_step prepare = {
        .name = "SECURITY ERASE PREPARE",
        .taskfile = {.protocol = ATA_NON_DATA, .command = ATA_SECURITY_ERASE_PREPARE},
        .timeout_ms = PREPARE_TIMEOUT_MS,
    };
    ata_password_step(ATA_SECURITY_ERASE_UNIT, password, enhanced ? ATA_SECURITY_ENHANCED : 0, data,
                      name, &unit);
    unit.timeout_ms = timeout_ms;
    progress_start(link->progress, PHASE_ERASING, 1, 1, 0);
    progress_expect(link->progress, (int64_t)timeout_ms + 2 * (int64_t)ATA_RETURN_MS);
    const int error =
        armed_ata_pair(link->armed, &prepare, &unit, &first_error, &registers, reason);
    sodium_memzero(data, sizeof data);
    if (error == 0 || error == -ESTALE)
        return error;
    reason_set(reason, "%s: %s (status %02xh, error %02xh)", first_error ? prepare.name : unit.name,
               strerror(-error), registers.status, registers.error);
    return registers.valid ? -EIO : -EAGAIN;
}
