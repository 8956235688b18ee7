/* SCSI commands through the drivers of RAID controllers; see quietus/raid.h. */
#ifndef QUIETUS_DEVICE_PASSAGE_H
#define QUIETUS_DEVICE_PASSAGE_H

#include "quietus/disk.h"
#include "quietus/transport.h"

#include <linux/cciss_ioctl.h>

/* What is used of the kernel; tests bring their own. As open and ioctl, but 0 or negative errno. */
struct passage_kernel {
    int (*open)(const char *node, int *fd);
    int (*ioctl)(int fd, unsigned long request, void *argument);
    void (*close)(int fd);
};

/* NULL: the real one. */
void passage_use(const struct passage_kernel *other);

/* An opened way to a controller, or to one of its disks. */
struct passage {
    struct raid_address address;
    int fd;
    uint8_t canary[8]; /* what a buffer holds before data come, see megaraid_decode_scsi */
};

int passage_open(const struct raid_address *address, struct passage *out);
void passage_close(struct passage *passage);
int passage_ioctl(const struct passage *passage, unsigned long request, void *argument);

/* A time-out as both drivers take it: whole seconds, rounded up, as many as 16 bits hold. */
uint16_t passage_seconds(uint32_t milliseconds);

/* One SCSI command to the disk of the address: as transport_ops.scsi. */
int passage_scsi(const struct passage *passage, struct scsi_command *command);

/* The transport for such a disk. 0 or negative errno. */
int passage_transport_open(const struct disk *disk, const struct transport_ops **ops,
                           void **context);

/*
 * megaraid.c: struct megasas_iocpacket as bytes: 20 of header, a frame of 128, 16 struct iovec.
 * The kernel copies the sense data to where the frame's pointer leads, and of the frame the command
 * status alone.
 */
enum {
    MEGARAID_PACKET_SIZE = 20 + 128 + 16 * 16,
    MEGARAID_SENSE_SIZE = 64,
    MEGARAID_QUESTION_PD_LIST = 0x02010000,
    MEGARAID_QUESTION_PD_INFO = 0x02020000,
};
struct megaraid_packet {
    uint8_t bytes[MEGARAID_PACKET_SIZE];
};
struct megaraid_question {
    uint32_t opcode;
    uint16_t parameter;
    void *data;
    uint32_t length;
};
void megaraid_encode_scsi(const struct raid_address *address, const struct scsi_command *command,
                          const uint8_t *sense, struct megaraid_packet *out);
void megaraid_encode_question(const struct raid_address *address,
                              const struct megaraid_question *question,
                              struct megaraid_packet *out);
/*
 * What came back: fills in the command's results. 0; -ENODEV: the controller has no such device.
 * How much data came is not reported: what is still the canary has not come.
 */
int megaraid_decode_scsi(const struct megaraid_packet *packet, const uint8_t *sense,
                         const uint8_t canary[8], struct scsi_command *command);

int megaraid_scsi(const struct passage *passage, struct scsi_command *command);
int megaraid_ask(const struct passage *passage, const struct megaraid_question *question);

/* cciss.c: IOCTL_Command_struct of linux/cciss_ioctl.h. */
enum { CCISS_MOST = 65535 };
void cciss_encode_scsi(const struct raid_address *address, const struct scsi_command *command,
                       IOCTL_Command_struct *out);
int cciss_decode_scsi(const IOCTL_Command_struct *packet, struct scsi_command *command);
int cciss_scsi(const struct passage *passage, struct scsi_command *command);

#endif
