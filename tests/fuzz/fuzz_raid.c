/* What RAID controllers say of their disks: lists, states, and the ends of commands. */
#include "quietus/raid.h"

#include "../../agent/device/passage.h"
#include "fuzz.h"

#include <errno.h>

static void check_list(int error, size_t count, struct bytes data, size_t entry) {
    REQUIRE(error == 0 || error == -EBADMSG || error == -E2BIG);
    if (error == 0)
        REQUIRE(count <= RAID_ENTRIES && 8 + count * entry <= data.length);
}

static void check_lists(struct bytes data) {
    static struct raid_entry entries[RAID_ENTRIES];
    size_t count = 0;
    check_list(megaraid_decode_list(data, entries, &count), count, data, 24);
    count = 0;
    check_list(cciss_decode_list(data, entries, &count), count, data, 8);
}

/* What is not known to be free of the controller counts as its member. */
static void check_info(struct bytes data) {
    struct raid_place place = {0};
    const uint16_t id = data.length >= 2 ? get_le16(data.data) : 0;
    if (megaraid_decode_info(data, id, &place))
        return;
    REQUIRE_ASCII(place.state);
    REQUIRE(place.role == RAID_SPARE || place.role == RAID_MEMBER || place.role == RAID_EXPOSED);
    const uint16_t state = get_le16(data.data + 184);
    if (place.role == RAID_SPARE)
        REQUIRE(state <= 1 && (data.data[188] & 0x0e) == 0);
    if (place.role == RAID_EXPOSED)
        REQUIRE(state == 0x40);
}

static void check_end(const struct scsi_command *command, int error) {
    REQUIRE(error == 0 || error == -ENODEV);
    REQUIRE(command->received <= command->data_length);
    REQUIRE(command->sense_length <= sizeof command->sense);
}

/* The first byte: how much is asked for; then the driver's answer; the rest is what came. */
static void check_megaraid(const uint8_t *data, size_t size) {
    struct megaraid_packet packet = {{0}};
    uint8_t sense[MEGARAID_SENSE_SIZE] = {0};
    uint8_t room[256];
    static const uint8_t canary[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct scsi_command command = {.transfer = TRANSFER_IN, .data = room, .data_length = data[0]};
    for (size_t i = 0; i < sizeof room; i++)
        room[i] = i + 2 < size ? data[i + 2] : canary[i % 8];
    packet.bytes[22] = data[1];
    memcpy(sense, data, size < sizeof sense ? size : sizeof sense);
    const int error = megaraid_decode_scsi(&packet, sense, canary, &command);
    check_end(&command, error);
    REQUIRE(bytes_all(room + command.received, command.data_length - command.received, 0));
    REQUIRE(data[1] == 0 || error || command.status != SCSI_GOOD || command.host_status != 0);
}

static void check_cciss(const uint8_t *data, size_t size) {
    IOCTL_Command_struct packet = {0};
    uint8_t room[256];
    struct scsi_command command = {.transfer = TRANSFER_IN, .data = room, .data_length = data[0]};
    memcpy(&packet.error_info, data,
           size < sizeof packet.error_info ? size : sizeof packet.error_info);
    check_end(&command, cciss_decode_scsi(&packet, &command));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct bytes page = fuzz_copy(data, size);
    check_lists(page);
    check_info(page);
    if (size >= 2) {
        check_megaraid(page.data, size);
        check_cciss(page.data, size);
    }
    free((void *)page.data);
    return 0;
}
