/*
 * Erase certificates ("quietus.certificate/1"), one a disk, the record of a run on a server
 * ("quietus.record/1"), which has a line for every disk expected and every disk found (law 3), and
 * the statement that a run has begun ("quietus.begun/1").
 */
#ifndef QUIETUS_CERTIFICATE_H
#define QUIETUS_CERTIFICATE_H

#include "quietus/authorize.h"
#include "quietus/envelope.h"
#include "quietus/run.h"

/* What a signature says of its origin. */
enum assurance {
    ASSURANCE_SELF, /* a key made in memory for this run: intact, origin unproven */
    ASSURANCE_SITE, /* a key that the operator brought */
};

enum { RUN_ID_TEXT_SIZE = 2 * SNAPSHOT_RUN_ID_SIZE + 1 };

/* What all documents of a run have in common. */
struct session {
    uint8_t run_id[SNAPSHOT_RUN_ID_SIZE];
    char run_id_text[RUN_ID_TEXT_SIZE];
    int64_t started;
    struct signing_key *key; /* owned */
    enum assurance assurance;
    json_t *agent; /* version, commit, digests, kernel */
};

/* A fresh run id; key: owned from now on, NULL for one made in memory. End with session_end. */
void session_start(struct session *session, struct signing_key *key);
void session_end(struct session *session);

/* "SERVER-RUN": how the names of all files of a run begin. */
void session_name(const struct session *session, const struct server *server, char *out,
                  size_t size);

/* A signed document, ready for the spool. */
struct document {
    char file[176]; /* name of its file */
    char *text;     /* the envelope; owned */
    char digest[ENVELOPE_DIGEST_SIZE];
};
void document_free(struct document *document);

/* The certificate of a disk that was worked on. */
void certificate_of_run(const struct session *session, const struct server *server,
                        const struct disk_run *run, struct document *out);

/* The certificate of a disk that was not touched: held, refused or failed before it began.
 * authority may be NULL. */
void certificate_of_decision(const struct session *session, const struct server *server,
                             const struct disk *disk, const struct decision *decision,
                             const json_t *authority, struct document *out);

/*
 * "quietus.begun/1": which disks are about to be erased, and by what authority. It is made and
 * spooled before the first destructive command, so that a run that ends without a record (no power,
 * no memory, killed) leaves *unknown* and not nothing; the record supersedes it. order: for its
 * head, or NULL.
 */
void begun_of_run(const struct session *session, const struct scan *scan,
                  const struct authorization *authorization, json_t *order, struct document *out);

/* The record while it is put together. */
struct record;

/* mode: "erase" or "inspect". */
struct record *record_new(const struct session *session, const struct scan *scan, const char *mode);
void record_free(struct record *record);

/* Each disk of the scan has to get exactly one line. certificate may be NULL. */
void record_disk(struct record *record, const struct disk *disk, enum disposition disposition,
                 const char *reason, const struct document *certificate);
/* A disk that an order names, to erase or to retain, and that is not there. */
void record_absent(struct record *record, const json_t *entry, const char *reason);
/* The order (its digest, or why it was not good) and what else belongs in the record's head. */
void record_put(struct record *record, const char *key, json_t *value);

/* How many lines have the disposition. */
uint64_t record_count(const struct record *record, enum disposition disposition);

/*
 * Closes and signs it. Ends the program if a disk has no line or two: a record that leaves a disk
 * out must not exist.
 */
void record_close(struct record *record, const struct session *session, int exit_status,
                  struct document *out);

#endif
