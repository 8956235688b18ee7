#include "quietus/locate.h"

#include "cli.h"

#include <stdio.h>
#include <string.h>

/* By node or by serial number; NULL if it is none or more than one. */
static const struct disk *disk_named(const struct scan *scan, const char *name) {
    const struct disk *found = NULL;
    for (size_t i = 0; i < scan->disk_count; i++) {
        const struct disk *disk = scan->disks[i];
        bool same = strcmp(disk->identity.serial, name) == 0 && name[0] != '\0';
        for (unsigned k = 0; k < disk->area_count && !same; k++)
            same = strcmp(disk->areas[k].node, name) == 0;
        for (unsigned k = 0; k < disk->path_count && !same; k++)
            same = strcmp(disk->paths[k].node, name) == 0;
        if (same && found)
            return NULL;
        if (same)
            found = disk;
    }
    return found;
}

static int switch_light(const char *root, const struct scan *scan, const char *name, bool on) {
    char text[512];
    const struct disk *disk = disk_named(scan, name);
    if (!disk)
        return cli_error("locate", "%s is not one disk of this machine; 'quietus scan' lists them",
                         name);
    (void)disk_place_text(&disk->place, text, sizeof text);
    if (disk->place.led[0] == '\0')
        return cli_error("locate", "no light is known for %s%s%s", name,
                         text[0] ? "; it is in " : "", text);
    const int error = locate_set(root, &disk->place, on);
    if (error)
        return cli_error("locate", "%s: %s", disk->place.led, strerror(-error));
    (void)printf("%s: the light of %s is %s\n", name, text, on ? "on" : "off");
    return EXIT_GOOD;
}

int cli_locate(int argc, char **argv) {
    static const struct option options[] = {
        {"sysroot", required_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    struct scan_options how = {.root = "", .answer_seconds = SCAN_ANSWER_SECONDS};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 's')
            how.root = optarg[0] ? optarg : ".";
        else
            return cli_bad_option("locate");
    }
    if (optind + 2 != argc ||
        (strcmp(argv[optind + 1], "on") != 0 && strcmp(argv[optind + 1], "off") != 0))
        return cli_error("locate", "takes a disk, and on or off");
    if (how.root[0] != '\0' && cli_sysroot("locate", how.root))
        return EXIT_USAGE;
    struct scan scan;
    scan_run(&how, &scan);
    const int status =
        switch_light(how.root, &scan, argv[optind], strcmp(argv[optind + 1], "on") == 0);
    scan_free(&scan);
    return status;
}
