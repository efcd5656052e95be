/* Answers as HTTP responses: bodies from ready pieces, headers in one place. */
#ifndef MB_ANSWER_H
#define MB_ANSWER_H

#include <stdbool.h>

#include "document.h"
#include "httpd.h"
#include "status.h"

#define ETAG_BYTES 32
/* What scripts of other origins may see. */
#define ANSWER_EXPOSED_HEADERS "ETag, Location, Retry-After, Link, Preference-Applied"

/* One representation with all its forms; shared by many requests. */
struct answer {
    unsigned refs;
    struct httpd_response *plain;
    struct httpd_response *gzip;              /* NULL where nobody has compressed it */
    struct httpd_response *not_modified;      /* 304 for the plain form */
    struct httpd_response *not_modified_gzip; /* 304 for the gzip form */
    char etag[ETAG_BYTES];                    /* with its quotes */
    char etag_gzip[ETAG_BYTES];
    bool is_final; /* no change comes without a new request */
    size_t bytes;
};

/* 200 for a view that was found, as JSON or as a Dockerfile's text. name is the shown name, for the
 * status link. */
struct answer *answer_new(const struct document_view *view, enum document_answer kind,
                          const char *name);
/* 200 with a small JSON text that changes rarely. Takes body. */
struct answer *answer_list_new(char *body);
/* 200 with a text of the server's own, compressed once. Takes body. */
struct answer *answer_own_new(const char *type, char *body, size_t len);
/* 200 with a picture (takes svg) in one form, for any encoding. */
struct answer *answer_svg(char *svg, const char *cache_control);
/* 200 with a JSON text in one form (takes body) under an entity tag of our own, from the
 * first 16 characters of hex. */
struct answer *answer_tagged(char *body, const char *hex, bool is_final);
void answer_ref(struct answer *answer);
void answer_unref(struct answer *answer);

/* What If-None-Match and Accept-Encoding of the request choose. Borrowed. */
struct httpd_response *answer_choose(const struct answer *answer,
                                     const struct httpd_request *request);
/* True where If-None-Match names this answer: a long poll waits for another one. */
bool answer_is_known(const struct answer *answer, const struct httpd_request *request);

/* Small answers; caller unrefs. */
/* 202: nothing to show yet. now_ms is wall time, for Retry-After. */
struct httpd_response *answer_pending(const char *name, const struct status *status,
                                      int64_t now_ms);
/* 202 for two images: each has its shown name and its status. */
struct answer_part {
    const char *name;
    const struct status *status;
    bool is_found; /* nothing of it is waited for */
};
/* When to look again. */
int answer_parts_retry(const struct answer_part parts[2], int64_t now_ms);
struct httpd_response *answer_pending_two(const struct answer_part parts[2], int64_t now_ms);
/* 200 with the status object. */
struct httpd_response *answer_status(const char *name, const struct status *status);
/* 503: no room for one more long poll or event stream. */
struct httpd_response *answer_too_many_waiting(void);
/* The status object as text; caller frees. */
char *answer_status_text(const char *name, const struct status *status);
/* 200 with the headers of an event stream. */
struct httpd_response *answer_event_stream(void);
/* 204: an event stream's client need not come back. */
struct httpd_response *answer_no_content(void);
struct httpd_response *answer_text(int status, const char *text);
struct httpd_response *answer_json(int status, const char *json);
/* application/problem+json (RFC 9457); code is stable, detail says what, why and what next.
 * retry_after_seconds 0: no Retry-After. */
struct httpd_response *answer_problem(int status, const char *code, const char *detail,
                                      int retry_after_seconds);
/* The same about one side of two, "a" or "b": detail begins with it, and `side` tells it. */
struct httpd_response *answer_problem_side(const char *side, int status, const char *code,
                                           const char *detail, int retry_after_seconds);
/* 405. allow is one of METHODS_... */
#define METHODS_READ "GET, HEAD, OPTIONS"
#define METHODS_PAGE "GET, HEAD, POST, OPTIONS"
struct httpd_response *answer_not_allowed(const char *allow);
/* Headers that every answer has. */
void answer_common_headers(struct httpd_response *response);
void answer_retry_after(struct httpd_response *response, int seconds);
/* From now on every answer says Connection: close. */
void answer_close_connections(void);
/* 204 for a preflight. */
struct httpd_response *answer_preflight(const char *allow);

#endif
