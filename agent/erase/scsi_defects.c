#include "scsi_defects.h"

#include "quietus/ask.h"
#include "quietus/json.h"

#include <inttypes.h>
#include <stdio.h>

struct defect_count scsi_defects_count(struct device *device) {
    struct defect_count out = {0};
    if (device_commands(device) == COMMANDS_SCSI)
        out.known = ask_scsi_grown_defects(device, &out.count) == 0;
    return out;
}

static void except(const struct defect_count *before, const struct defect_count *after,
                   json_t *exceptions) {
    char text[200];
    if (!after->known)
        (void)snprintf(text, sizeof text,
                       "the grown defect list had %" PRIu64 " entries before and was not told "
                       "afterwards: what was retired meanwhile is not known",
                       before->count);
    else if (after->count > before->count)
        (void)snprintf(text, sizeof text,
                       "the grown defect list went from %" PRIu64 " to %" PRIu64
                       " entries meanwhile: sectors were retired, and may keep what they held",
                       before->count, after->count);
    else
        return;
    json_add_text(exceptions, text);
}

void scsi_defects_compare(const struct defect_count *before, struct device *device,
                          struct evidence *evidence, json_t *exceptions) {
    if (!before->known)
        return;
    const struct defect_count after = scsi_defects_count(device);
    json_t *event = json_new_object();
    json_put_count(event, "before", before->count);
    if (after.known)
        json_put_count(event, "after", after.count);
    evidence_event(evidence, "grown-defects", event);
    except(before, &after, exceptions);
}
