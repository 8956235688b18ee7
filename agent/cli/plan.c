#include "quietus/json.h"

#include "cli.h"

#include <stdio.h>
#include <string.h>

static bool is_named(const struct disk *disk, char *const *names, int count) {
    for (int i = 0; i < count; i++) {
        if (strcmp(disk_node(disk), names[i]) == 0)
            return true;
    }
    return count == 0;
}

static void print_plan(const struct disk *disk, const struct plan *plan) {
    char name[2 * TEXT_FIELD_SIZE];
    (void)printf("%s  %s\n", disk_node(disk), disk_name(disk, name, sizeof name));
    if (disk->boot_medium)
        (void)printf("    would not be touched: boot medium, %s\n", disk->boot_reason);
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
    json_put(object, "plan", plan_json(plan));
    return object;
}

int cli_plan(int argc, char **argv) {
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        CLI_POLICY_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    struct policy policy;
    struct reason reason;
    bool json = false;
    policy_default(&policy);
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'j')
            json = true;
        else if (option == '?')
            return cli_bad_option("plan");
        else if (cli_policy_option(option, optarg, &policy, &reason))
            return cli_error("plan", "%s", reason.text);
    }
    struct scan scan;
    json_t *plans = json_new_array();
    scan_run(&(struct scan_options){.root = "", .answer_seconds = SCAN_ANSWER_SECONDS}, &scan);
    for (size_t i = 0; i < scan.disk_count; i++) {
        struct plan plan;
        if (!is_named(scan.disks[i], argv + optind, argc - optind))
            continue;
        plan_make(scan.disks[i], &policy, &plan);
        if (json)
            json_add(plans, plan_of_disk_json(scan.disks[i], &plan));
        else
            print_plan(scan.disks[i], &plan);
    }
    if (json)
        cli_print_json(json_incref(plans));
    json_decref(plans);
    scan_free(&scan);
    return EXIT_GOOD;
}
