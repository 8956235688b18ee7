/* The kernel's command line. agent.c is included for its parser, which nothing else has. */
#include "fuzz.h"

/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "../../agent/cli/agent.c"

/* Every refusal prints a message; libFuzzer and the sanitizers do not write through stderr. */
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    stderr = fopen("/dev/null", "w");
    REQUIRE(stderr);
    return 0;
}

/* The words are those that the kernel would give; a NUL ends its command line. */
static bool has_word(const char *line, const char *word) {
    const size_t length = strlen(word);
    for (const char *at = line; (at = strstr(at, word)); at++) {
        const bool begins = at == line || strchr(" \t\n", at[-1]);
        if (begins && (at[length] == '\0' || strchr(" \t\n", at[length])))
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct agent_options options = {.order_wait = 300, .deliver_seconds = 600};
    char *line = fuzz_text(data, size);
    char *words = fuzz_text(data, size);
    if (take_command_line(words, &options) == EXIT_GOOD) {
        REQUIRE(options.order_wait <= MOST_SECONDS && options.deliver_seconds <= MOST_SECONDS);
        REQUIRE(strnlen(options.order, VALUE_SIZE) < VALUE_SIZE);
        REQUIRE(strnlen(options.report, VALUE_SIZE) < VALUE_SIZE);
        REQUIRE(!options.erase || has_word(line, "quietus.mode=erase"));
    }
    free(words);
    free(line);
    return 0;
}
