/* The decoders with what `quietus inspect` makes of them: its source is included for its table. */
#include "fuzz.h"

/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "../../agent/cli/inspect.c"

void require_page_documents(const char *family, struct bytes page) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strncmp(kinds[i].option, family, strlen(family)) != 0)
            continue;
        json_t *document = kinds[i].inspect(page);
        if (document)
            require_document(document);
    }
}
