/* What certificates and records share. */
#ifndef QUIETUS_CERTIFY_INTERNAL_H
#define QUIETUS_CERTIFY_INTERNAL_H

#include "quietus/certificate.h"

/* The members that every document begins with. */
json_t *document_head(const struct session *session, const struct server *server,
                      const char *schema);

/* Signs the document, which it takes over. name: of the file, without ".json". */
void document_sign(const struct session *session, const char *type, json_t *document,
                   const char *name, struct document *out);

#endif
