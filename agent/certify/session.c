#include "quietus/certificate.h"
#include "quietus/cleanup.h"
#include "quietus/clock.h"
#include "quietus/file.h"
#include "quietus/json.h"
#include "quietus/version.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <sys/utsname.h>

/* The list of the image's files with their digests, made when the image was built. */
static const char image_manifest[] = "/etc/quietus/manifest";

static char program_digest[ENVELOPE_DIGEST_SIZE];
static char image_digest[ENVELOPE_DIGEST_SIZE];

static void digest_file(const char *path, char digest[ENVELOPE_DIGEST_SIZE]) {
    enum { LIMIT = 64 << 20 };
    AUTO_FREE char *data = NULL;
    size_t length;
    if (file_read(path, LIMIT, &data, &length) == 0)
        envelope_digest(data, length, digest);
}

/* Once for a process: neither changes, and the program is some megabytes. */
static void digest_files(void) {
    digest_file("/proc/self/exe", program_digest);
    digest_file(image_manifest, image_digest);
}

static void put_digest(json_t *object, const char *key, const char *digest) {
    if (*digest)
        json_put_text(object, key, digest);
}

static json_t *agent_json(void) {
    static pthread_once_t digested = PTHREAD_ONCE_INIT;
    struct utsname kernel;
    (void)pthread_once(&digested, digest_files);
    json_t *object = json_new_object();
    json_put_text(object, "name", "Quietus");
    json_put_text(object, "version", quietus_version);
    json_put_text(object, "commit", quietus_commit);
    put_digest(object, "program_digest", program_digest);
    put_digest(object, "image_digest", image_digest);
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
