/* What certificates and records share. */
#ifndef QUIETUS_CERTIFY_INTERNAL_H
#define QUIETUS_CERTIFY_INTERNAL_H

#include "quietus/certificate.h"

/* The members that every document begins with; document_sign adds when it was issued. */
json_t *document_head(const struct session *session, const struct server *server,
                      const char *schema);

/*
 * "SERVER-RUN-WHAT": a file's name that tells which server and run it is of. What is not a letter
 * or digit becomes "_".
 */
void document_name(const struct session *session, const struct server *server, const char *what,
                   char *out, size_t size);

/* Signs the document, which it takes over. name: of the file, without ".json". */
void document_sign(const struct session *session, const char *type, json_t *document,
                   const char *name, struct document *out);

/* Adds to problems if the evidence of an erased disk's certificate does not show this method. */
void check_evidence(const json_t *certificate, const char *method, json_t *problems);

#endif
