/* Reading and writing by SCSI commands: what moves less than it should is not done. */
#include "../../agent/device/command_io.h"
#include "test.h"

#include <errno.h>
#include <scsi/sg.h>

enum { SECTOR = 520, LENGTH = 4 * SECTOR };

/* A disk that says of each command that so many bytes have not been moved. */
struct model {
    int residues[4];
    unsigned commands;
};

static int model_scsi(void *context, struct scsi_command *command) {
    struct model *model = context;
    const struct sg_io_hdr header = {.resid = model->residues[model->commands++]};
    assert_true(model->commands <= COUNT_OF(model->residues));
    assert_int_equal(command->data_length, LENGTH);
    linux_take_answer(&header, command);
    return 0;
}

static void test_what_was_cut_short_is_not_done(void **state) {
    (void)state;
    static const struct {
        int residues[4];
        int32_t result;
        unsigned commands;
    } rows[] = {
        {{0}, LENGTH, 1},
        {{SECTOR, 0}, LENGTH, 2}, /* tried again */
        {{LENGTH, 1, 0}, LENGTH, 3},
        {{SECTOR, SECTOR, SECTOR}, -EIO, 3},
        {{-1, LENGTH + 1, 1}, -EIO, 3}, /* no residues that there can be */
    };
    for (size_t i = 0; i < 2 * COUNT_OF(rows); i++) {
        uint8_t data[LENGTH] = {0};
        struct model model = {0};
        struct io_request request = {.write = i % 2 == 0, .buffer = data, .length = LENGTH};
        const struct command_io io = {model_scsi, &model, SECTOR, true};
        memcpy(model.residues, rows[i / 2].residues, sizeof model.residues);
        command_io_do(&io, &request);
        assert_int_equal(request.result, rows[i / 2].result);
        assert_int_equal(model.commands, rows[i / 2].commands);
    }
}

static void test_a_write_needs_leave(void **state) {
    (void)state;
    uint8_t data[LENGTH] = {0};
    struct model model = {0};
    struct io_request request = {.write = true, .buffer = data, .length = LENGTH};
    const struct command_io io = {model_scsi, &model, SECTOR, false};
    command_io_do(&io, &request);
    assert_int_equal(request.result, -EBADF);
    assert_int_equal(model.commands, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_what_was_cut_short_is_not_done),
    cmocka_unit_test(test_a_write_needs_leave),
};
TEST_MAIN(tests)
