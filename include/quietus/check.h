/*
 * Checking a document years later: its signature, and whether what it says follows from what it
 * shows.
 */
#ifndef QUIETUS_CHECK_H
#define QUIETUS_CHECK_H

#include "quietus/envelope.h"
#include "quietus/exit_status.h"

#include <jansson.h>

struct check_result {
    enum check_status status;
    struct reason signature; /* who signed, in words */
    json_t *problems;        /* array of strings; empty unless the status is CHECK_NOT_INTACT */
    json_t *document;        /* the payload, or NULL */
    char type[128];
    char digest[ENVELOPE_DIGEST_SIZE];
};

/* Checks an envelope of any kind. End with check_result_free. */
void check_envelope(const char *text, size_t length, const struct trust *trust,
                    struct check_result *out);
void check_result_free(struct check_result *result);

/*
 * What is wrong with the meaning of a certificate or record: adds sentences to problems. A
 * certificate that says "erased" is judged again from its facts, and its facts are compared with
 * its evidence.
 */
void check_certificate_meaning(const json_t *certificate, json_t *problems);
void check_record_meaning(const json_t *record, json_t *problems);

/* A document for a person: the certificate, record or order in words. */
void show_document(const json_t *document, FILE *stream);

#endif
