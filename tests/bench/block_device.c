#include "block_device.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct disk *block_device(const char *node) {
    uint64_t bytes;
    int sector;
    const int fd = open(node, O_RDONLY | O_CLOEXEC);
    const bool good =
        fd >= 0 && ioctl(fd, BLKGETSIZE64, &bytes) == 0 && ioctl(fd, BLKSSZGET, &sector) == 0;
    if (fd >= 0)
        (void)close(fd);
    if (!good) {
        (void)fprintf(stderr, "%s is no block device\n", node);
        return NULL;
    }
    struct disk *disk = disk_new();
    struct disk_area *area = &disk->areas[0];
    text_copy(area->node, sizeof area->node, node);
    area->lba_size = (uint32_t)sector;
    area->lba_count = bytes / area->lba_size;
    disk->area_count = 1;
    disk->identity.capacity = bytes;
    return disk;
}
