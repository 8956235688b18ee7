#include "quietus/certificate.h"
#include "quietus/cleanup.h"
#include "quietus/clock.h"
#include "quietus/file.h"
#include "quietus/json.h"
#include "quietus/version.h"

#include <sodium.h>
#include <string.h>
#include <sys/utsname.h>

/* The list of the image's files with their digests, made when the image was built. */
static const char image_manifest[] = "/etc/quietus/manifest";

static void put_file_digest(json_t *object, const char *key, const char *path) {
    enum { LIMIT = 64 << 20 };
    AUTO_FREE char *data = NULL;
    size_t length;
    char digest[ENVELOPE_DIGEST_SIZE];
    if (file_read(path, LIMIT, &data, &length))
        return;
    envelope_digest(data, length, digest);
    json_put_text(object, key, digest);
}

static json_t *agent_json(void) {
    struct utsname kernel;
    json_t *object = json_new_object();
    json_put_text(object, "name", "Quietus");
    json_put_text(object, "version", quietus_version);
    json_put_text(object, "commit", quietus_commit);
    put_file_digest(object, "program_digest", "/proc/self/exe");
    put_file_digest(object, "image_digest", image_manifest);
    if (uname(&kernel) == 0)
        json_put_text(object, "kernel", kernel.release);
    return object;
}

void session_start(struct session *session, struct signing_key *key) {
    *session = (struct session){
        .started = clock_now(),
        .key = key ? key : signing_key_generate(),
        .assurance = key ? ASSURANCE_SITE : ASSURANCE_SELF,
        .agent = agent_json(),
    };
    randombytes_buf(session->run_id, sizeof session->run_id);
    hex_encode(session->run_id_text, session->run_id, sizeof session->run_id);
}

void session_end(struct session *session) {
    signing_key_free(session->key);
    json_decref(session->agent);
    *session = (struct session){0};
}
