#include "quietus/scan.h"

#include "quietus/interrupt.h"
#include "quietus/json.h"
#include "quietus/memory.h"
#include "quietus/sysfs.h"

#include "internal.h"
#include "place.h"
#include "volumes.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct disk *scan_add(struct scan *scan, enum disk_bus bus) {
    scan->disks = memory_grow(scan->disks, scan->disk_count + 1, sizeof(struct disk *));
    struct disk *disk = disk_new();
    disk->bus = bus;
    scan->disks[scan->disk_count++] = disk;
    return disk;
}

/* One logical unit over several actuators is erased as every other; a person may want to know. */
static void add_actuators(const char *block, struct disk *disk, struct disk_area *area) {
    char folder[PATH_MAX];
    char range[PATH_MAX];
    char **names;
    path_format(folder, block, "/queue/independent_access_ranges");
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count && i < AREA_ACTUATORS; i++) {
        path_format(range, folder, "/%s", names[i]);
        const int64_t first = sysfs_number(range, "sector", -1);
        const int64_t length = sysfs_number(range, "nr_sectors", -1);
        if (first >= 0 && length > 0)
            area->actuators[area->actuator_count++] =
                (struct actuator_range){(uint64_t)first, (uint64_t)length};
    }
    folder_free_names(names, count);
    if (area->actuator_count > 0)
        disk_finding(disk, "%u actuators, each with a range of its sectors: one logical unit",
                     area->actuator_count);
}

struct disk_area *scan_add_area(const char *root, struct disk *disk, const char *name) {
    enum { BLOCK_LAYER_SECTOR = 512 };
    char folder[PATH_MAX];
    if (disk->area_count == DISK_AREAS) {
        disk_finding(disk, "more than %d namespaces; %s is not used", DISK_AREAS, name);
        return NULL;
    }
    struct disk_area *area = &disk->areas[disk->area_count++];
    (void)snprintf(area->node, sizeof area->node, "/dev/%.50s", name);
    path_format(folder, root, "/sys/class/block/%s", name);
    area->lba_size = (uint32_t)sysfs_number(folder, "queue/logical_block_size", BLOCK_LAYER_SECTOR);
    if (area->lba_size == 0)
        area->lba_size = BLOCK_LAYER_SECTOR;
    const uint64_t sectors = (uint64_t)sysfs_number(folder, "size", 0);
    if (sectors <= INT64_MAX / BLOCK_LAYER_SECTOR)
        area->lba_count = sectors * BLOCK_LAYER_SECTOR / area->lba_size;
    else
        disk_finding(disk, "%s is said to be larger than any disk can be", name);
    area->read_only = sysfs_number(folder, "ro", 0) != 0;
    add_actuators(folder, disk, area);
    disk->removable = disk->removable || sysfs_number(folder, "removable", 0) != 0;
    if (disk->medium == MEDIUM_UNKNOWN && disk->bus != BUS_USB &&
        sysfs_number(folder, "queue/rotational", 1) == 0)
        disk->medium = MEDIUM_FLASH;
    return area;
}

/*
 * A disk is asked in a thread of its own, on a copy: one that hangs costs only itself. Whoever of
 * the thread and the scan comes last frees the job.
 */
struct job {
    struct disk *disk;
    atomic_bool done;
    atomic_int owners;
    pthread_t thread;
    bool started;
};

static void release_job(struct job *job) {
    if (atomic_fetch_sub(&job->owners, 1) > 1)
        return;
    disk_free(job->disk);
    free(job);
}

static void *ask_disk(void *argument) {
    struct job *job = argument;
    interrogate(job->disk);
    content_read("", job->disk);
    atomic_store(&job->done, true);
    release_job(job);
    return NULL;
}

static struct disk *copy_skeleton(const struct disk *disk) {
    struct disk *copy = disk_new();
    json_t *content = copy->content;
    json_t *ids = copy->content_ids;
    json_decref(copy->findings);
    *copy = *disk;
    copy->content = content;
    copy->content_ids = ids;
    copy->findings = json_deep_copy(disk->findings);
    memory_require(copy->findings != NULL);
    return copy;
}

static struct job *start_job(const struct disk *disk) {
    struct job *job = memory_new(1, sizeof *job);
    job->disk = copy_skeleton(disk);
    atomic_init(&job->owners, 2);
    job->started = interrupt_free_thread(&job->thread, ask_disk, job) == 0;
    if (job->started)
        (void)pthread_detach(job->thread);
    else
        atomic_store(&job->owners, 1);
    return job;
}

static void pause_ms(long milliseconds) {
    const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

static void ask_all(const struct scan_options *options, struct scan *scan) {
    enum { STEP_MS = 10 };
    struct job **jobs = memory_new(scan->disk_count, sizeof *jobs);
    for (size_t i = 0; i < scan->disk_count; i++)
        jobs[i] = disk_not_local(scan->disks[i]) ? NULL : start_job(scan->disks[i]);
    long left = (long)options->answer_seconds * 1000 / STEP_MS;
    for (size_t i = 0; i < scan->disk_count; i++) {
        struct job *job = jobs[i];
        if (!job)
            continue;
        while (job->started && !atomic_load(&job->done) && left > 0) {
            pause_ms(STEP_MS);
            left--;
        }
        if (atomic_load(&job->done)) {
            struct disk *skeleton = scan->disks[i];
            scan->disks[i] = job->disk;
            job->disk = skeleton; /* freed with the job */
        } else {
            disk_finding(scan->disks[i], "it did not answer within %u s", options->answer_seconds);
            scan->disks[i]->paths[0].state = PATH_SILENT;
            interrogate_saved("", scan->disks[i]);
        }
        release_job(job);
    }
    free(jobs);
}

static int compare_disks(const void *a, const void *b) {
    return strverscmp(disk_node(*(struct disk *const *)a), disk_node(*(struct disk *const *)b));
}

/* A path that does not answer, or not fully, cannot tell the capacity: there the names decide. */
static bool same_names(const struct disk *a, const struct disk *b) {
    struct disk_identity other = b->identity;
    other.capacity = a->identity.capacity;
    return disk_identity_same(&a->identity, &other, NULL);
}

/*
 * Two paths to one disk are one disk. Only where a disk can have two ports, and only if the logical
 * unit's name and the serial number are both there and the whole identity agrees: cheap disks share
 * names by accident.
 */
static bool is_second_path(const struct disk *a, const struct disk *b) {
    const bool may_have_paths =
        a->bus == b->bus && (a->bus == BUS_SAS || a->bus == BUS_SCSI ||
                             a->bus == BUS_FIBRE_CHANNEL || a->bus == BUS_ISCSI);
    const bool both_answer = a->paths[0].state == PATH_ANSWERS && b->paths[0].state == PATH_ANSWERS;
    return may_have_paths && a->commands == COMMANDS_SCSI && b->commands == COMMANDS_SCSI &&
           a->identity.wwn[0] != '\0' && a->identity.serial[0] != '\0' && same_names(a, b) &&
           (!both_answer || a->identity.capacity == b->identity.capacity);
}

/* Only the direct path is used; the other one is told. */
static bool is_one_disk(const struct disk *a, const struct disk *b) {
    return is_second_path(a, b) || raid_is_same(a, b);
}

/* A node for commands beside the controller's own pass-through, which knows more of the disk. */
static bool is_told_by_controller(const struct scan *scan, const struct disk *disk) {
    if (!disk->hidden_member || disk->identity.serial[0] == '\0')
        return false;
    for (size_t i = 0; i < scan->disk_count; i++) {
        const struct disk *other = scan->disks[i];
        if (other && raid_is_behind(&other->raid) &&
            disk_identity_same(&disk->identity, &other->identity, NULL))
            return true;
    }
    return false;
}

/* Enclosures, tapes and the like that a RAID controller has listed, and disks that are there twice.
 */
static void drop_others(struct scan *scan) {
    size_t kept = 0;
    for (size_t i = 0; i < scan->disk_count; i++) {
        struct disk *disk = scan->disks[i];
        scan->disks[i] = NULL;
        if (disk->raid.not_a_disk || is_told_by_controller(scan, disk))
            disk_free(disk);
        else
            scan->disks[kept++] = disk;
    }
    scan->disk_count = kept;
}

static bool is_member(const struct disk *disk) {
    return disk->raid.role == RAID_MEMBER;
}

static void merge_path(struct disk *into, const struct disk *from) {
    if (raid_is_behind(&from->raid) && !raid_is_behind(&into->raid)) { /* no path to be used */
        disk_finding(into, "its RAID controller lists it too, as %s (%s)", disk_node(from),
                     from->raid.state);
        return;
    }
    if (is_member(into) && !is_member(from))
        disk_finding(into, "%s leads to it too, and does not say that a RAID controller uses it",
                     disk_node(from));
    for (unsigned i = 0; i < from->path_count; i++) {
        const struct disk_path *path = &from->paths[i];
        if (into->path_count == DISK_PATHS) {
            disk_finding(into, "more than %d paths; %s is not used", DISK_PATHS, path->node);
            continue;
        }
        into->paths[into->path_count++] = *path;
        if (path->state != PATH_ANSWERS)
            disk_finding(into, "its path by %s (%s) is %s", path->node, path->address,
                         path_state_name(path->state));
    }
    if (from->in_use && !into->in_use) {
        into->in_use = true;
        text_copy(into->use_reason, sizeof into->use_reason, from->use_reason);
    }
    into->has_medium_uuid = into->has_medium_uuid || from->has_medium_uuid;
    if (from->boot_medium && !into->boot_medium) {
        into->boot_medium = true;
        text_copy(into->boot_reason, sizeof into->boot_reason, from->boot_reason);
    }
}

/*
 * Of two controllers that see one disk, the one that may have made a volume of it tells what it is,
 * since others would leave that volume out of account. Else the path that answers comes first:
 * commands go by that one.
 */
static bool is_better(const struct disk *a, const struct disk *than) {
    if (!is_second_path(a, than))
        return false;
    if (is_member(a) != is_member(than))
        return is_member(a);
    return than->paths[0].state != PATH_ANSWERS && a->paths[0].state == PATH_ANSWERS;
}

/* Returns the disk that is left. */
static struct disk *merge(struct disk *a, struct disk *b) {
    const bool b_is_better = is_better(b, a);
    struct disk *kept = b_is_better ? b : a;
    struct disk *other = b_is_better ? a : b;
    merge_path(kept, other);
    disk_free(other);
    return kept;
}

void scan_merge_paths(struct scan *scan) {
    size_t kept = 0;
    for (size_t i = 0; i < scan->disk_count; i++) {
        size_t same = 0;
        while (same < kept && !is_one_disk(scan->disks[same], scan->disks[i]))
            same++;
        if (same < kept)
            scan->disks[same] = merge(scan->disks[same], scan->disks[i]);
        else
            scan->disks[kept++] = scan->disks[i];
    }
    scan->disk_count = kept;
}

/* Not a question goes to what is no disk of this machine: the kernel's own knowledge has to do. */
static void note_not_local(const char *root, struct scan *scan) {
    for (size_t i = 0; i < scan->disk_count; i++) {
        struct disk *disk = scan->disks[i];
        if (!disk_not_local(disk))
            continue;
        interrogate_saved(root, disk);
        disk_finding(disk,
                     "it is %s: it is sent nothing unless an order names it by its serial number "
                     "or WWN",
                     disk_not_local(disk));
    }
}

static void read_all_saved(const char *root, struct scan *scan) {
    for (size_t i = 0; i < scan->disk_count; i++) {
        if (disk_not_local(scan->disks[i]))
            continue;
        interrogate_saved(root, scan->disks[i]);
        content_read(root, scan->disks[i]);
    }
}

void scan_note_twins(struct scan *scan) {
    for (size_t i = 0; i < scan->disk_count; i++) {
        for (size_t k = i + 1; k < scan->disk_count; k++) {
            struct disk *a = scan->disks[i];
            struct disk *b = scan->disks[k];
            if (a->commands != b->commands || !disk_identity_same(&a->identity, &b->identity, NULL))
                continue;
            a->has_twin = true;
            b->has_twin = true;
        }
    }
}

void scan_run(const struct scan_options *options, struct scan *out) {
    const char *root = options->root;
    *out = (struct scan){.findings = json_new_array()};
    server_read(root, &out->server);
    const uint64_t newest = scan_newest_block_device(root); /* before what is newer is looked for */
    scan_find_scsi(root, out);
    scan_find_raid(root, root[0] == '\0', out);
    scan_find_nvme(root, out);
    scan_find_block(root, out);
    scan_find_rest(root, out);
    scan_find_unreached(root, out);
    scan_find_controllers(root, out);
    note_not_local(root, out);
    for (size_t i = 0; i < out->disk_count; i++)
        out->disks[i]->newest_block_device = newest;
    if (root[0] == '\0')
        ask_all(options, out);
    else
        read_all_saved(root, out);
    drop_others(out);
    for (size_t i = 0; i < out->disk_count; i++)
        use_check(root, out->disks[i]);
    if (out->disk_count > 0)
        qsort(out->disks, out->disk_count, sizeof *out->disks, compare_disks);
    scan_merge_paths(out);
    scan_join_parts(out);
    scan_note_units(out);
    scan_note_twins(out);
    use_judge_media(out);
    for (size_t i = 0; i < out->disk_count; i++) {
        out->disks[i]->number = (unsigned)i + 1;
        place_find(root, out->disks[i]);
    }
    out->bays = place_bays(root);
}

void scan_look_closer(const char *root, struct disk *disk) {
    if (disk->content_known)
        return;
    content_read(root, disk);
    use_check(root, disk);
}

void scan_free(struct scan *scan) {
    for (size_t i = 0; i < scan->disk_count; i++)
        disk_free(scan->disks[i]);
    free(scan->disks);
    json_decref(scan->findings);
    json_decref(scan->bays);
    *scan = (struct scan){0};
}
