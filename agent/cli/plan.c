#include "quietus/json.h"

#include "cli.h"

#include <stdio.h>
#include <string.h>

static bool has_node(const struct disk *disk, const char *node) {
    for (unsigned i = 0; i < disk->area_count; i++) {
        if (strcmp(disk->areas[i].node, node) == 0)
            return true;
    }
    return strcmp(disk_node(disk), node) == 0;
}

/* No name means every disk. */
static bool is_named(const struct disk *disk, char *const *names, int count) {
    for (int i = 0; i < count; i++) {
        if (has_node(disk, names[i]))
            return true;
    }
    return count == 0;
}

static int check_names(const struct scan *scan, char *const *names, int count) {
    for (int i = 0; i < count; i++) {
        bool found = false;
        for (size_t k = 0; k < scan->disk_count && !found; k++)
            found = has_node(scan->disks[k], names[i]);
        if (!found)
            return cli_error("plan",
                             "there is no disk %s; 'quietus scan' lists them (whole disks, not "
                             "partitions)",
                             names[i]);
    }
    return EXIT_GOOD;
}

static void print_plan(const struct disk *disk, const struct plan *plan) {
    char name[2 * TEXT_FIELD_SIZE];
    (void)printf("%s  %s\n", disk_node(disk), disk_name(disk, name, sizeof name));
    if (disk->boot_medium)
        (void)printf("    would not be touched: boot medium, %s\n", disk->boot_reason);
    if (disk_not_local(disk))
        (void)printf("    would not be touched unless an order names it: it is %s\n",
                     disk_not_local(disk));
    if (disk->raid.role == RAID_MEMBER)
        (void)puts("    would not be touched unless an order names it by its own serial number or "
                   "WWN: a RAID controller may have made a volume of it, which that breaks");
    if (disk->in_use)
        (void)printf("    would be refused: in use, %s\n", disk->use_reason);
    for (unsigned i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];
        (void)printf("    %s %s (%s), worth %s; Rev. 1: %s\n",
                     i == 0 ? "first" : "then, if that fails,", step->method->name,
                     step->method->summary, category_name(step->claim.category),
                     category_name(step->claim.rev1_category));
    }
    for (unsigned i = 0; i < plan->rejected_count; i++)
        (void)printf("    not %s: %s\n", plan->rejected[i].method->name,
                     plan->rejected[i].reason.text);
    if (plan->step_count == 0)
        (void)puts("    nothing can be done to it");
}

static json_t *plan_of_disk_json(const struct disk *disk, const struct plan *plan) {
    json_t *object = json_new_object();
    json_put_text(object, "node", disk_node(disk));
    json_put(object, "identity", disk_identity_json(&disk->identity));
    json_put_flag(object, "boot_medium", disk->boot_medium);
    json_put_flag(object, "in_use", disk->in_use);
    json_put_flag(object, "raid_member", disk->raid.role == RAID_MEMBER);
    json_put_text_if(object, "not_local", disk_not_local(disk) ? disk_not_local(disk) : "");
    json_put(object, "plan", plan_json(plan));
    return object;
}

static void plan_disks(const struct scan *scan, const struct policy *policy, char *const *names,
                       int count, bool json) {
    json_t *plans = json_new_array();
    for (size_t i = 0; i < scan->disk_count; i++) {
        struct plan plan;
        if (!is_named(scan->disks[i], names, count))
            continue;
        plan_make(scan->disks[i], policy, &plan);
        if (json)
            json_add(plans, plan_of_disk_json(scan->disks[i], &plan));
        else
            print_plan(scan->disks[i], &plan);
    }
    if (json)
        cli_print_json(json_incref(plans));
    json_decref(plans);
}

int cli_plan(int argc, char **argv) {
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {"sysroot", required_argument, NULL, 's'},
        CLI_POLICY_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    struct scan_options how = {.root = "", .answer_seconds = SCAN_ANSWER_SECONDS};
    struct policy policy;
    struct reason reason;
    bool json = false;
    policy_default(&policy);
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'j')
            json = true;
        else if (option == 's')
            how.root = optarg[0] ? optarg : ".";
        else if (option == '?')
            return cli_bad_option("plan");
        else if (cli_policy_option(option, optarg, &policy, &reason))
            return cli_error("plan", "%s", reason.text);
    }
    if (how.root[0] != '\0' && cli_sysroot("plan", how.root))
        return EXIT_USAGE;
    struct scan scan;
    scan_run(&how, &scan);
    const int status = check_names(&scan, argv + optind, argc - optind);
    if (status == EXIT_GOOD)
        plan_disks(&scan, &policy, argv + optind, argc - optind, json);
    scan_free(&scan);
    return status;
}
