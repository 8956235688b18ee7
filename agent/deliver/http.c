#include "quietus/http.h"

#include "quietus/clock.h"
#include "quietus/memory.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum {
    CONNECT_SECONDS = 20,
    SLOW_SECONDS = 60,
    SLOW_BYTES_PER_SECOND = 16,
    LONGEST_TRANSFER_MS = 600000,
};

static const char site_authorities[] = "/etc/quietus/ca.pem";
static const char public_authorities[] = "/etc/quietus/ca-public.pem";
static const char debian_authorities[] = "/etc/ssl/certs/ca-certificates.crt";

static const char *chosen_authorities;

void http_start(void) {
    memory_require(curl_global_init(CURL_GLOBAL_DEFAULT) == 0);
    http_trust(NULL);
}

void http_trust(const char *ca_file) {
    if (ca_file)
        chosen_authorities = ca_file;
    else if (access(site_authorities, R_OK) == 0)
        chosen_authorities = site_authorities;
    else if (access(public_authorities, R_OK) == 0)
        chosen_authorities = public_authorities;
    else
        chosen_authorities = debian_authorities;
}

struct buffer {
    char *data;
    size_t used;
    size_t limit;
};

static size_t receive(char *data, size_t size, size_t count, void *user) {
    struct buffer *buffer = user;
    const size_t length = size * count;
    if (buffer->used + length > buffer->limit)
        return 0; /* ends the transfer */
    buffer->data = memory_grow(buffer->data, buffer->used + length + 1, 1);
    memcpy(buffer->data + buffer->used, data, length);
    buffer->used += length;
    return length;
}

struct upload {
    const char *data;
    size_t left;
};

static size_t send_part(char *out, size_t size, size_t count, void *user) {
    struct upload *upload = user;
    size_t length = size * count;
    if (length > upload->left)
        length = upload->left;
    memcpy(out, upload->data, length);
    upload->data += length;
    upload->left -= length;
    return length;
}

/* Certificates are valid at our time, which need not be the machine's; or, to learn it, at any. */
static CURLcode set_time(CURL *curl, void *context, void *user) {
    X509_VERIFY_PARAM *check = SSL_CTX_get0_param(context);
    (void)curl;
    if (user)
        (void)X509_VERIFY_PARAM_set_flags(check, X509_V_FLAG_NO_CHECK_TIME);
    else
        X509_VERIFY_PARAM_set_time(check, clock_now());
    return CURLE_OK;
}

static CURL *new_transfer(const char *url, struct buffer *answer) {
    CURL *curl = curl_easy_init();
    memory_require(curl != NULL);
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_CAINFO, chosen_authorities);
    (void)curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, set_time);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SLOW_SECONDS);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES_PER_SECOND);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "quietus");
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    return curl;
}

/* When a transfer has to be over: its own time, and one that may be moved while it runs. */
struct limit {
    int64_t own_ms;
    const atomic_int_fast64_t *deadline_ms;
};

/* libcurl calls this about once a second, whatever it waits for; not 0 ends the transfer. */
static int check_time(void *user, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                      curl_off_t up) {
    const struct limit *limit = user;
    const int64_t now = clock_monotonic_ms();
    (void)down_total, (void)down, (void)up_total, (void)up;
    return now >= limit->own_ms || now >= atomic_load(limit->deadline_ms);
}

char *http_shown_url(const char *url, char *out, size_t size) {
    const char *scheme = strstr(url, "://");
    const char *host = scheme ? scheme + strlen("://") : url;
    const char *at = memrchr(host, '@', strcspn(host, "/?#"));
    (void)snprintf(out, size, "%.*s%s", (int)(host - url), url, at ? at + 1 : host);
    return out;
}

static int perform(CURL *curl, const char *url, const atomic_int_fast64_t *deadline_ms,
                   struct reason *reason) {
    char shown[201];
    (void)http_shown_url(url, shown, sizeof shown);
    struct limit limit = {clock_monotonic_ms() + LONGEST_TRANSFER_MS, deadline_ms};
    (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, check_time);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &limit);
    char message[CURL_ERROR_SIZE] = "";
    long status = 0;
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
    const CURLcode code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        reason_set(reason, "%s: the time for it is over", shown);
        return -EIO;
    }
    if (code != CURLE_OK) {
        reason_set(reason, "%.120s: %.160s", shown,
                   message[0] ? message : curl_easy_strerror(code));
        return code == CURLE_WRITE_ERROR ? -EFBIG : -EIO;
    }
    if (status >= 200 && status < 300)
        return 0;
    reason_set(reason, "%.160s: the server answered %ld", shown, status);
    return status == 404 || status == 410 ? -ENOENT : -EIO;
}

int http_get(const char *url, size_t limit, const atomic_int_fast64_t *deadline_ms, char **data,
             size_t *length, struct reason *reason) {
    struct buffer answer = {.data = memory_new(1, 1), .limit = limit};
    CURL *curl = new_transfer(url, &answer);
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 3L);
    const int error = perform(curl, url, deadline_ms, reason);
    curl_easy_cleanup(curl);
    if (error) {
        free(answer.data);
        return error;
    }
    answer.data[answer.used] = '\0';
    *data = answer.data;
    *length = answer.used;
    return 0;
}

int http_put(const char *url, const char *data, size_t length,
             const atomic_int_fast64_t *deadline_ms, struct reason *reason) {
    enum { ANSWER_LIMIT = 1 << 20 };
    struct buffer answer = {.data = memory_new(1, 1), .limit = ANSWER_LIMIT};
    struct upload upload = {data, length};
    CURL *curl = new_transfer(url, &answer);
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Expect:");
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)length);
    (void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, send_part);
    (void)curl_easy_setopt(curl, CURLOPT_READDATA, &upload);
    const int error = perform(curl, url, deadline_ms, reason);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    free(answer.data);
    return error;
}

bool http_date_of_header(const char *line, size_t length, int64_t *seconds) {
    static const int64_t after_year_9999 = 253402300800;
    static const char name[] = "Date:";
    const size_t prefix = sizeof name - 1;
    char value[64];
    if (length < prefix || strncasecmp(line, name, prefix) != 0)
        return false;
    const size_t rest = length - prefix;
    if (rest >= sizeof value)
        return false;
    memcpy(value, line + prefix, rest);
    value[rest] = '\0';
    *seconds = curl_getdate(value, NULL);
    return *seconds >= 0 && *seconds < after_year_9999;
}

/* Keeps the value of a Date header. */
static size_t take_header(char *data, size_t size, size_t count, void *user) {
    int64_t seconds;
    if (http_date_of_header(data, size * count, &seconds))
        *(time_t *)user = (time_t)seconds;
    return size * count;
}

/* Asks for the head of the server's root, whatever the answer's status; -1: no date in it. */
static int ask_head(const char *url, bool any_time, time_t *date, struct reason *reason) {
    enum { LONGEST_MS = 10000 };
    atomic_int_fast64_t deadline_ms = clock_monotonic_ms() + LONGEST_MS;
    struct buffer answer = {.data = memory_new(1, 1), .limit = 0};
    CURL *curl = new_transfer(url, &answer);
    *date = -1;
    (void)curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, date);
    (void)curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, any_time ? &answer : NULL);
    (void)curl_easy_setopt(curl, CURLOPT_REQUEST_TARGET, "/");
    (void)perform(curl, url, &deadline_ms, reason);
    curl_easy_cleanup(curl);
    free(answer.data);
    return *date == (time_t)-1 ? -EIO : 0;
}

int http_date(const char *url, int64_t *ahead_ms, int64_t *error_ms, struct reason *reason) {
    enum { SECOND_MS = 1000 };
    time_t date;
    reason_set(reason, "the server does not tell the time");
    const int64_t asked_ms = clock_machine_ms();
    if (ask_head(url, true, &date, reason))
        return -EIO;
    /* The date is cut to seconds, and was told at some time between asking and now. */
    const int64_t took_ms = clock_machine_ms() - asked_ms;
    *ahead_ms = (int64_t)date * SECOND_MS + SECOND_MS / 2 - (asked_ms + took_ms / 2);
    *error_ms = (took_ms + SECOND_MS) / 2;
    if (strncmp(url, "https://", 8) != 0)
        return 0;
    const int64_t before = clock_correction();
    clock_correct(*ahead_ms / SECOND_MS);
    const int error = ask_head(url, false, &date, reason);
    clock_correct(before);
    return error;
}

/* mac: room for a MAC, which is written with hyphens, as in file names of boot loaders. */
static const char *server_value(const struct server *server, const char *name, size_t length,
                                char mac[18]) {
    mac[0] = '\0';
    if (server->mac_count > 0)
        text_copy(mac, sizeof server->macs[0], server->macs[0]);
    for (char *p = mac; *p; p++)
        *p = *p == ':' ? '-' : *p;
    const struct {
        const char *name;
        const char *value;
    } values[] = {
        {"serial", server->serial},
        {"uuid", server->uuid},
        {"board_serial", server->board_serial},
        {"mac", mac},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (strlen(values[i].name) == length && memcmp(values[i].name, name, length) == 0)
            return values[i].value;
    }
    return "";
}

/* The value as it stands there; the caller frees it. */
static char *escaped(const char *value, bool is_url) {
    char name[TEXT_FILE_NAME_SIZE];
    if (!is_url)
        return memory_text(text_file_name(name, value));
    char *text = curl_easy_escape(NULL, value, 0);
    memory_require(text != NULL);
    char *copy = memory_text(text);
    curl_free(text);
    return copy;
}

static int expand(const char *pattern, bool is_url, const struct server *server, char *out,
                  size_t size, struct reason *reason) {
    size_t used = 0;
    while (*pattern) {
        const char *end = *pattern == '{' ? strchr(pattern, '}') : NULL;
        char plain[2] = {*pattern, '\0'};
        char *piece = plain;
        if (end) {
            const size_t length = (size_t)(end - pattern - 1);
            char mac[18];
            const char *value = server_value(server, pattern + 1, length, mac);
            if (value[0] == '\0') {
                reason_set(reason, "the URL asks for {%.*s}, which this server does not have",
                           (int)length, pattern + 1);
                return -EINVAL;
            }
            piece = escaped(value, is_url);
        }
        const size_t length = strlen(piece);
        const bool fits = used + length + 1 <= size;
        if (fits) {
            memcpy(out + used, piece, length);
            used += length;
        }
        if (end)
            free(piece);
        if (!fits) {
            reason_set(reason, "the URL is too long");
            return -EINVAL;
        }
        pattern = end ? end + 1 : pattern + 1;
    }
    out[used] = '\0';
    return 0;
}

int http_expand(const char *pattern, const struct server *server, char *out, size_t size,
                struct reason *reason) {
    const bool is_url = strncmp(pattern, "http://", 7) == 0 || strncmp(pattern, "https://", 8) == 0;
    return expand(pattern, is_url, server, out, size, reason);
}

int http_expand_url(const char *pattern, const struct server *server, char *out, size_t size,
                    struct reason *reason) {
    return expand(pattern, true, server, out, size, reason);
}
