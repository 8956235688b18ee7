/* The kernel's command line. */
#include "../../agent/cli/agent_words.h"
#include "fuzz.h"

#include <string.h>

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
    struct agent_words options = {.order_wait = 300, .deliver_seconds = 600};
    char *line = fuzz_text(data, size);
    char *words = fuzz_text(data, size);
    if (agent_take_words(words, &options) == EXIT_GOOD) {
        REQUIRE(options.order_wait <= AGENT_MOST_SECONDS &&
                options.deliver_seconds <= AGENT_MOST_SECONDS);
        REQUIRE(strnlen(options.order, AGENT_VALUE_SIZE) < AGENT_VALUE_SIZE);
        REQUIRE(strnlen(options.report, AGENT_VALUE_SIZE) < AGENT_VALUE_SIZE);
        REQUIRE(!options.erase || has_word(line, "quietus.mode=erase"));
    }
    free(words);
    free(line);
    return 0;
}
