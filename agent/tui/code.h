/* A text as a QR code, as lines for the screen. Pure. */
#ifndef QUIETUS_TUI_CODE_H
#define QUIETUS_TUI_CODE_H

#include "lines.h"

/*
 * What a character of a STYLE_CODE line stands for: an upper and a lower module, in half blocks of
 * Unicode. In a STYLE_WIDE line each module is two equal characters, and CODE_UPPER and CODE_LOWER
 * do not occur.
 */
enum { CODE_LIGHT = ' ', CODE_DARK = '#', CODE_UPPER = '^', CODE_LOWER = 'v' };

/*
 * "QUIETUS:ID:SHA256:DIGEST", in the capitals that make the code small: a phone shows them, a
 * person compares. id: "RUN-NODE" or "RUN-RECORD"; digest: as in struct document, "sha256:...".
 * Returns out.
 */
char *code_text(char *out, size_t size, const char *id, const char *digest);

/* The code of a text, with the light margin that readers need (four modules; two, if it would not
 * fit into that many columns and rows otherwise). 0, or -E2BIG: no code holds so much; -ENOSPC: it
 * fits neither way. */
int code_lines(const char *text, enum style style, unsigned columns, unsigned rows,
               struct lines *out);

#endif
