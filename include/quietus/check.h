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
    /* CHECK_NOT_INTACT only since no signer is known: it may be as it was signed, or altered. */
    bool cannot_be_checked;
    json_t *signers;    /* array of strings: whose signatures are good, in words */
    json_t *problems;   /* array of strings; empty unless the status is CHECK_NOT_INTACT */
    json_t *document;   /* the payload, or NULL */
    json_t *key_ids;    /* array of strings: whose the signatures say they are, unchecked */
    uint64_t approvals; /* different trusted keys that signed */
    char type[128];
    char digest[ENVELOPE_DIGEST_SIZE];
};

/* Checks an envelope of any kind. End with check_result_free. */
void check_envelope(const char *text, size_t length, const struct trust *trust,
                    struct check_result *out);
void check_result_free(struct check_result *result);

/* The key that a document itself names; -EINVAL if it names none that can be one. */
int check_own_key(const json_t *document, struct public_key *out);

/*
 * What is wrong with the meaning of a certificate or record: adds sentences to problems. A
 * certificate that says "erased" is judged again from its facts, and its facts are compared with
 * its evidence.
 */
void check_certificate_meaning(const json_t *certificate, json_t *problems);
void check_record_meaning(const json_t *record, json_t *problems);
void check_begun_meaning(const json_t *begun, json_t *problems);

/* A document for a person: the certificate, record or order in words. */
void show_document(const json_t *document, FILE *stream);
/* Whose keys the signatures say they are (check_result's key_ids), besides the document's own. */
void show_signers(const json_t *document, const json_t *key_ids, FILE *stream);

#endif
