#include "quietus/cleanup.h"
#include "quietus/clock.h"
#include "quietus/json.h"
#include "quietus/timekeeping.h"

#include "internal.h"

#include <ctype.h>
#include <sodium.h>
#include <string.h>

/* The public key is in the document so that it can be checked without anything else. */
static json_t *assurance_json(const struct session *session) {
    uint8_t spki[KEY_SPKI_SIZE];
    char base64[sodium_base64_ENCODED_LEN(KEY_SPKI_SIZE, sodium_base64_VARIANT_ORIGINAL)];
    char id[KEY_ID_SIZE];
    const struct public_key *key = signing_key_public(session->key);
    public_key_spki(key, spki);
    public_key_id(key, id);
    (void)sodium_bin2base64(base64, sizeof base64, spki, sizeof spki,
                            sodium_base64_VARIANT_ORIGINAL);
    json_t *object = json_new_object();
    json_put_text(object, "level", session->assurance == ASSURANCE_SITE ? "site" : "self");
    json_put_text(object, "public_key", base64);
    json_put_text(object, "key_id", id);
    return object;
}

json_t *document_head(const struct session *session, const struct server *server,
                      const char *schema) {
    char time[CLOCK_TEXT_SIZE];
    json_t *head = json_new_object();
    json_put_text(head, "schema", schema);
    json_put_text(head, "run_id", session->run_id_text);
    json_put_text(head, "run_started", clock_text(time, session->started));
    json_put(head, "clock", time_json());
    json_put(head, "server", server_json(server));
    json_put(head, "agent", json_deep_copy(session->agent));
    json_put(head, "assurance", assurance_json(session));
    return head;
}

void session_name(const struct session *session, const struct server *server, char *out,
                  size_t size) {
    char name[TEXT_FILE_NAME_SIZE];
    const bool named = !server_value_is_placeholder(server->serial);
    text_file_name(name, named ? server->serial : "server");
    (void)snprintf(out, size, "%s-%.12s", name, session->run_id_text);
}

void document_name(const struct session *session, const struct server *server, const char *what,
                   char *out, size_t size) {
    char start[64];
    session_name(session, server, start, sizeof start);
    (void)snprintf(out, size, "%s-%s", start, what);
    for (char *p = out; *p; p++)
        *p = isalnum((unsigned char)*p) || *p == '-' ? *p : '_';
}

void document_sign(const struct session *session, const char *type, json_t *document,
                   const char *name, struct document *out) {
    char time[CLOCK_TEXT_SIZE];
    json_put_text(document, "issued", clock_text(time, clock_now()));
    AUTO_FREE char *payload = json_line(document);
    json_decref(document);
    (void)snprintf(out->file, sizeof out->file, "%s.json", name);
    out->text = envelope_make(type, payload, strlen(payload), session->key);
    envelope_digest(payload, strlen(payload), out->digest);
}

void document_free(struct document *document) {
    free(document->text);
    *document = (struct document){0};
}
