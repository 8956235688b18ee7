/* What showing certificates and records shares with showing orders. */
#ifndef QUIETUS_SHOW_H
#define QUIETUS_SHOW_H

#include <jansson.h>
#include <stdio.h>

/* "  NAME  value", control characters replaced; nothing if the value is empty. */
void show_line(FILE *stream, const char *name, const char *value);

/* A line for each text of a list, the name before the first. */
void show_list(const char *name, const json_t *list, FILE *stream);

/* The factors of a document's member "server". */
void show_server(const json_t *document, FILE *stream);

void show_order(const json_t *order, FILE *stream);

#endif
