/* Whether an order's time has come and is not over, and who says so. */
#include "quietus/clock.h"
#include "quietus/order.h"
#include "quietus/timekeeping.h"

#include <errno.h>

int order_check_time(const struct order *order, int64_t now, struct reason *reason) {
    char now_text[CLOCK_TEXT_SIZE];
    char limit[CLOCK_TEXT_SIZE];
    if (now >= order->not_before && now < order->expires)
        return 0;
    const bool early = now < order->not_before;
    reason_set(reason, "it %s %s; the clock here says %s",
               early ? "is not valid before" : "has expired at",
               clock_text(limit, early ? order->not_before : order->expires),
               clock_text(now_text, now));
    return -ETIME;
}

int order_judge_time(const struct order *order, int64_t now, struct reason *doubt,
                     struct reason *reason) {
    char machine_text[CLOCK_TEXT_SIZE];
    struct reason unused;
    reason_set(doubt, "%s", "");
    const struct time_reading *told = time_chosen();
    const int error = order_check_time(order, now, reason);
    const int64_t machine = now - clock_correction();
    if (error || !told || order_check_time(order, machine, &unused) == 0)
        return error;
    const bool is_late = machine >= order->expires;
    if (told->authenticated && !is_late)
        return 0;
    (void)clock_text(machine_text, machine);
    /* Whose certificate has long expired, and was stolen, can vouch for a time back then. */
    if (told->authenticated) {
        reason_set(doubt,
                   "the order is valid by the time of %.100s; by this machine's own clock (%s) it "
                   "has expired",
                   told->source, machine_text);
        return 0;
    }
    if (is_late) {
        reason_set(reason,
                   "it has expired by this machine's clock (%s), and only %.100s, for whom nobody "
                   "vouches, says otherwise; set the clock, or use HTTPS",
                   machine_text, told->source);
        return -ETIME;
    }
    reason_set(doubt,
               "the order is valid by the time of %.100s, for whom nobody vouches; by this "
               "machine's own clock (%s) it would not be yet",
               told->source, machine_text);
    return 0;
}
