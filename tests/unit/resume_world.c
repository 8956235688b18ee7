#include "resume_world.h"

#include "quietus/cleanup.h"
#include "quietus/clock.h"
#include "quietus/file.h"
#include "quietus/json.h"

#include "test.h"

static const struct server this_server = {.serial = "QT-1", .uuid = "6a1f3c52"};

/* Time flies: there is a point to be told of every few requests. */
static int64_t fast_clock(void) {
    static int64_t now;
    return now += 700;
}

static void no_sleep(int64_t milliseconds) {
    (void)milliseconds;
}

void world_order(struct world *world, const char *id, const char *passes, const char *content) {
    char text[1024];
    (void)snprintf(text, sizeof text,
                   "{\"schema\":\"quietus.order/"
                   "1\",\"id\":\"%s\",\"nonce\":\"00112233445566778899aabbccddeeff\","
                   "\"issued\":\"2020-01-01T00:00:00Z\",\"not_before\":\"2020-01-01T00:00:00Z\","
                   "\"expires\":\"2100-01-01T00:00:00Z\",\"holds\":\"not-checked\","
                   "\"server\":{\"serial\":\"QT-1\",\"uuid\":\"6a1f3c52\"},"
                   "\"unknown_disks\":\"leave\",\"policy\":{\"verify\":\"10%%\",\"passes\":\"%s\"},"
                   "\"disks\":[{\"serial\":\"FAKE0001\",\"content\":%s}]}",
                   id, passes, content);
    free(world->order);
    world->order = envelope_make(envelope_type_order, text, strlen(text), world->key);
}

void world_begin(struct world *world, enum command_set commands, const char *passes,
                 const char *content) {
    static const struct clock_source fast = {fast_clock, no_sleep};
    keys_start();
    clock_use(&fast);
    memset(world, 0, sizeof *world);
    fake_disk_make(&world->fake, commands, DISK_MIB);
    strcpy(world->folder, "/dev/shm/quietus-resume-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    world->key = signing_key_generate();
    trust_add(&world->trust, signing_key_public(world->key), "site", "");
    world_order(world, "o-1", passes, content);
}

static struct fake_disk *fake_to_open;

static int open_fake(const struct disk *disk, struct device **out) {
    *out = fake_disk_open(fake_to_open, disk);
    return 0;
}

void boot_start(struct world *world, struct boot *boot) {
    struct reason reason = {""};
    *boot = (struct boot){.scan = {.server = this_server, .findings = json_new_array()}};
    world->fake.under_way = 0;
    world->fake.requests = 0;
    boot->scan.disks = calloc(1, sizeof *boot->scan.disks);
    assert_non_null(boot->scan.disks);
    boot->scan.disks[boot->scan.disk_count++] = fake_disk_scanned(&world->fake);
    if (memcmp(world->fake.medium, "customer data", 13) == 0)
        json_add_text(boot->scan.disks[0]->content_ids, "disk gpt X");
    if (world->found)
        json_add_text(boot->scan.disks[0]->content_ids, world->found);
    if (order_open(world->order, strlen(world->order), &world->trust, &boot->order, &reason) != 0)
        fail_msg("%s", reason.text);
    fake_to_open = &world->fake;
    const struct resume_search search = {world->folder, 5, open_fake};
    resume_find(&search, &boot->order, &boot->scan);
    assert_int_equal(
        authorize_by_order(&boot->order, &boot->scan, clock_now(), &boot->authorization, &reason),
        0);
    session_start(&boot->session, NULL);
}

void boot_erase(struct world *world, struct boot *boot, unsigned cut) {
    struct document begun;
    struct reason reason;
    json_t *order = json_new_object();
    json_put_text(order, "id", boot->order.id);
    json_put_text(order, "digest", boot->order.digest);
    begun_of_run(&boot->session, &boot->scan, &boot->authorization, order, &begun);
    struct keeper *keeper = keeper_start(world->folder, &boot->session, order, &begun);
    const struct disk *disk = boot->scan.disks[0];
    boot->run = disk_run_new(disk, boot->authorization.decisions[0].warrant, &boot->order.policy,
                             boot->session.run_id);
    boot->authorization.decisions[0].warrant = NULL;
    if (keeper)
        boot->run->checkpoint = keeper_add(keeper, disk, &boot->order.policy);
    world->fake.silent_after = cut ? world->fake.requests + cut : 0;
    struct device *device = fake_disk_open(&world->fake, disk);
    disk_run_on_device(boot->run, device);
    device_close(device);
    world->fake.silent_after = 0;
    boot->outcome = disk_run_disposition(boot->run, &boot->reason);
    if (keeper && cut == 0)
        keeper_ended(boot->run->checkpoint, boot->outcome);
    boot->kept = keeper && keeper_finish(keeper, false, &reason);
    boot->run->checkpoint = NULL;
    document_free(&begun);
    json_decref(order);
}

void boot_certificate(const struct boot *boot, struct check_result *out) {
    const struct trust nobody = {0};
    struct document document;
    certificate_of_run(&boot->session, &this_server, boot->run, &document);
    check_envelope(document.text, strlen(document.text), &nobody, out);
    if (out->status != CHECK_UNPROVEN)
        fail_msg("%s", json_string_value(json_array_get(out->problems, 0)));
    document_free(&document);
}

void boot_end(struct boot *boot) {
    if (boot->run)
        disk_run_free(boot->run);
    session_end(&boot->session);
    authorization_free(&boot->authorization);
    order_free(&boot->order);
    scan_free(&boot->scan);
}

void remove_all(const char *folder) {
    char **names;
    char path[PATH_MAX];
    const size_t count = folder_names(folder, &names);
    for (size_t i = 0; i < count; i++) {
        path_format(path, folder, "/%s", names[i]);
        if (unlink(path) != 0)
            remove_all(path);
    }
    folder_free_names(names, count);
    (void)rmdir(folder);
}

void world_end(struct world *world) {
    clock_use(NULL);
    remove_all(world->folder);
    fake_disk_free(&world->fake);
    trust_free(&world->trust);
    signing_key_free(world->key);
    free(world->order);
}

void interrupted_boot(struct world *world, unsigned cut) {
    struct boot boot;
    boot_start(world, &boot);
    assert_non_null(boot.authorization.decisions[0].warrant);
    boot_erase(world, &boot, cut);
    assert_int_not_equal(boot.outcome, DISPOSITION_ERASED);
    assert_true(boot.kept);
    boot_end(&boot);
}

void expect_refused(struct world *world, const char *finding) {
    struct boot boot;
    boot_start(world, &boot);
    assert_null(boot.scan.disks[0]->interrupted);
    assert_null(boot.authorization.decisions[0].warrant);
    const char *said = json_string_value(json_array_get(boot.scan.disks[0]->findings, 0));
    if (finding && (!said || !strstr(said, finding)))
        fail_msg("'%s', not '%s'", said ? said : "(nothing)", finding);
    boot_end(&boot);
}

void expect_begun_anew(struct world *world) {
    struct boot boot;
    struct check_result result;
    boot_start(world, &boot);
    assert_null(boot.scan.disks[0]->interrupted);
    boot_erase(world, &boot, 0);
    assert_int_equal(boot.outcome, DISPOSITION_ERASED);
    assert_false(boot.run->taken_up);
    assert_int_equal(fake_disk_residue(&world->fake), 0);
    boot_certificate(&boot, &result);
    assert_null(json_object_get(result.document, "taken_up"));
    check_result_free(&result);
    boot_end(&boot);
}

size_t count_in(const char *folder) {
    char **names;
    const size_t count = folder_names(folder, &names);
    folder_free_names(names, count);
    return count;
}

void only_file(const struct world *world, bool statement, char out[PATH_MAX]) {
    char **runs;
    char **files;
    char path[PATH_MAX];
    assert_int_equal(folder_names(world->folder, &runs), 1);
    path_format(path, world->folder, "/%s", runs[0]);
    const size_t count = folder_names(path, &files);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++) {
        if ((strcmp(files[i], "begun.json") == 0) == statement)
            path_format(out, path, "/%s", files[i]);
    }
    folder_free_names(files, count);
    folder_free_names(runs, 1);
}

json_t *state_document(const struct world *world) {
    AUTO_FREE char *text = NULL;
    size_t length;
    char path[PATH_MAX];
    struct envelope envelope;
    struct reason reason = {""};
    only_file(world, false, path);
    assert_int_equal(file_read(path, 1 << 20, &text, &length), 0);
    assert_int_equal(envelope_parse(text, length, &envelope, &reason), 0);
    json_t *document = json_parse(envelope.payload, envelope.payload_length, &reason);
    assert_non_null(document);
    envelope_free(&envelope);
    return document;
}

void tell(struct checkpoint *checkpoint, uint64_t position) {
    const struct pattern pattern = {.pass = {.random = true}};
    json_t *done = json_new_array();
    checkpoint_reached(checkpoint,
                       &(struct overwrite_point){
                           .pass = 1, .pattern = &pattern, .position = position, .done = done});
    json_decref(done);
}
