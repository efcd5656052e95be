#include "answer.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "answer_body.h"
#include "digest.h"
#include "jsonx.h"
#include "mem.h"

/* RFC 8631: where programs find what this API is. */
#define LINK_DESCRIPTION "</openapi.json>; rel=\"service-desc\""
#define ANSWER_MAX_BYTES (512u << 20)
#define PENDING_RETRY_SECONDS 1
#define WAITING_RETRY_SECONDS 5
#define TYPE_JSON "application/json"
#define TYPE_TEXT "text/plain; charset=utf-8"
#define CACHE_FINAL "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400"

static bool closes_connections;

void answer_close_connections(void)
{
    closes_connections = true;
}

void answer_common_headers(struct httpd_response *response)
{
    if (closes_connections)
        httpd_response_header(response, "Connection", "close");
    httpd_response_header(response, "Access-Control-Allow-Origin", "*");
    httpd_response_header(response, "Access-Control-Expose-Headers", ANSWER_EXPOSED_HEADERS);
    httpd_response_header(response, "X-Content-Type-Options", "nosniff");
}

static char *status_link(const char *name)
{
    return xasprintf("</v1/status/%s>; rel=\"status\"", name);
}

static void set_etags(struct answer *answer, const char *hex)
{
    (void)snprintf(answer->etag, ETAG_BYTES, "\"%.16s\"", hex);
    (void)snprintf(answer->etag_gzip, ETAG_BYTES, "\"%.16s-gz\"", hex);
}

static void set_etags_of(struct answer *answer, const char *text)
{
    char digest[DIGEST_BYTES];
    digest_sha256(text, strlen(text), digest);
    set_etags(answer, digest_hex(digest));
}

static void make_etag(const struct document_view *view, enum document_answer kind,
                      struct answer *answer)
{
    if (kind == DOCUMENT_DOCKERFILE) { /* the text is all that it shows */
        set_etags(answer, view->facts.tag);
        return;
    }
    AUTO(free)
    char *parts = xasprintf("%s%s%s%s%s%s%s%s%s%s%s", view->head.tag, view->versions.tag,
                            view->shared.tag, view->tags.tag, view->facts.tag, view->layers.tag,
                            view->relations.tag, view->identical.tag, view->sheet.tag,
                            image_status_str(view->status.status), view->status.error);
    set_etags_of(answer, parts);
}

/* Forms of one answer. Takes body. */
static struct httpd_response *form_new(const struct answer *answer, int status, char *body,
                                       size_t len, const char *etag, const char *link,
                                       const char *type)
{
    struct httpd_response *response = httpd_response_new(status, body, len);
    answer_common_headers(response);
    httpd_response_header(response, "ETag", etag);
    httpd_response_header(response, "Vary", "Accept-Encoding, Prefer");
    httpd_response_header(response, "Cache-Control", answer->is_final ? CACHE_FINAL : "no-cache");
    if (link)
        httpd_response_header(response, "Link", link);
    if (strcmp(type, TYPE_TEXT) != 0)
        httpd_response_header(response, "Link", LINK_DESCRIPTION);
    if (status == 200)
        httpd_response_header(response, "Content-Type", type);
    return response;
}

struct answer *answer_new(const struct document_view *view, enum document_answer kind,
                          const char *name)
{
    const char *type = kind == DOCUMENT_DOCKERFILE ? TYPE_TEXT : TYPE_JSON;
    struct answer *answer = xcalloc(1, sizeof(*answer));
    struct strbuf plain = STRBUF_INIT(ANSWER_MAX_BYTES);
    struct strbuf gzip = STRBUF_INIT(ANSWER_MAX_BYTES);
    struct fragment_join join;
    fragment_join_start(&join, &plain, &gzip);
    answer_body_join(view, kind, &join);
    answer->refs = 1;
    answer->is_final = status_is_final(&view->status);
    answer->bytes = plain.alloc + gzip.alloc + 4096;
    make_etag(view, kind, answer);
    AUTO(free) char *link = answer->is_final ? NULL : status_link(name);
    size_t plain_len = plain.len;
    size_t gzip_len = gzip.len;
    answer->plain =
        form_new(answer, 200, strbuf_detach(&plain), plain_len, answer->etag, link, type);
    answer->gzip =
        form_new(answer, 200, strbuf_detach(&gzip), gzip_len, answer->etag_gzip, link, type);
    httpd_response_header(answer->gzip, "Content-Encoding", "gzip");
    answer->not_modified = form_new(answer, 304, NULL, 0, answer->etag, link, type);
    answer->not_modified_gzip = form_new(answer, 304, NULL, 0, answer->etag_gzip, link, type);
    return answer;
}

struct answer *answer_list_new(char *body)
{
    char digest[DIGEST_BYTES];
    digest_sha256(body, strlen(body), digest);
    return answer_tagged(body, digest_hex(digest), true);
}

struct answer *answer_tagged(char *body, const char *hex, bool is_final)
{
    struct answer *answer = xcalloc(1, sizeof(*answer));
    size_t len = strlen(body);
    set_etags(answer, hex);
    answer->refs = 1;
    answer->is_final = is_final;
    answer->bytes = len + 2048;
    answer->plain = form_new(answer, 200, body, len, answer->etag, NULL, TYPE_JSON);
    answer->not_modified = form_new(answer, 304, NULL, 0, answer->etag, NULL, TYPE_JSON);
    return answer;
}

struct answer *answer_own_new(const char *type, char *body, size_t len)
{
    struct answer *answer = xcalloc(1, sizeof(*answer));
    struct strbuf gzip = STRBUF_INIT(ANSWER_MAX_BYTES);
    char digest[DIGEST_BYTES];
    digest_sha256(body, len, digest);
    set_etags(answer, digest_hex(digest));
    fragment_gzip(body, len, &gzip);
    size_t gzip_len = gzip.len;
    answer->refs = 1;
    answer->is_final = true;
    answer->bytes = len + gzip_len + 4096;
    answer->plain = form_new(answer, 200, body, len, answer->etag, NULL, type);
    answer->gzip =
        form_new(answer, 200, strbuf_detach(&gzip), gzip_len, answer->etag_gzip, NULL, type);
    httpd_response_header(answer->gzip, "Content-Encoding", "gzip");
    answer->not_modified = form_new(answer, 304, NULL, 0, answer->etag, NULL, type);
    answer->not_modified_gzip = form_new(answer, 304, NULL, 0, answer->etag_gzip, NULL, type);
    return answer;
}

static struct httpd_response *svg_form(int status, char *svg, const struct answer *answer,
                                       const char *cache_control)
{
    struct httpd_response *response = httpd_response_new(status, svg, svg ? strlen(svg) : 0);
    answer_common_headers(response);
    httpd_response_header(response, "ETag", answer->etag);
    httpd_response_header(response, "Cache-Control", cache_control);
    /* Opened by itself a picture is a document: nothing in it may run or load. */
    httpd_response_header(response, "Content-Security-Policy",
                          "default-src 'none'; style-src 'unsafe-inline'");
    if (svg)
        httpd_response_header(response, "Content-Type", "image/svg+xml; charset=utf-8");
    return response;
}

struct answer *answer_svg(char *svg, const char *cache_control)
{
    struct answer *answer = xcalloc(1, sizeof(*answer));
    answer->refs = 1;
    answer->is_final = true; /* nobody waits for another one */
    answer->bytes = strlen(svg) + 4096;
    set_etags_of(answer, svg);
    answer->plain = svg_form(200, svg, answer, cache_control);
    answer->gzip = answer->plain;
    httpd_response_ref(answer->gzip);
    answer->not_modified = svg_form(304, NULL, answer, cache_control);
    answer->not_modified_gzip = answer->not_modified;
    httpd_response_ref(answer->not_modified_gzip);
    return answer;
}

void answer_ref(struct answer *answer)
{
    answer->refs++;
}

void answer_unref(struct answer *answer)
{
    if (!answer || --answer->refs)
        return;
    httpd_response_unref(answer->plain);
    httpd_response_unref(answer->gzip);
    httpd_response_unref(answer->not_modified);
    httpd_response_unref(answer->not_modified_gzip);
    free(answer);
}

/* True where the header accepts gzip with a weight above 0; "*" speaks for what is not named
 * (RFC 9110 12.5.3). */
static bool accepts_gzip(const char *header)
{
    bool any = false;
    for (const char *at = header; at && *at; at += strcspn(at, ",")) {
        at += strspn(at, ", \t");
        size_t len = strcspn(at, ",; \t");
        const char *weight = memmem(at, strcspn(at, ","), "q=", 2);
        bool is_wanted = !weight || strtod(weight + 2, NULL) > 0;
        if (len == 4 && strncasecmp(at, "gzip", 4) == 0)
            return is_wanted;
        if (len == 1 && *at == '*')
            any = is_wanted;
    }
    return any;
}

/* One of a list of entity tags, weak ones too (RFC 9110 13.1.2). */
static bool etag_is_listed(const char *header, const char *etag)
{
    if (strcmp(header, "*") == 0)
        return true;
    const char *at = strstr(header, etag);
    return at && (at == header || strchr(", \t/", at[-1]));
}

struct httpd_response *answer_choose(const struct answer *answer,
                                     const struct httpd_request *request)
{
    bool is_gzip = answer->gzip && accepts_gzip(httpd_header(request, "Accept-Encoding"));
    if (answer_is_known(answer, request))
        return is_gzip ? answer->not_modified_gzip : answer->not_modified;
    return is_gzip ? answer->gzip : answer->plain;
}

bool answer_is_known(const struct answer *answer, const struct httpd_request *request)
{
    const char *known = httpd_header(request, "If-None-Match");
    return known &&
           (etag_is_listed(known, answer->etag) || etag_is_listed(known, answer->etag_gzip));
}

/* Small answers */

/* link: a further one, or NULL. */
static struct httpd_response *json_response(int status, const json_t *json, const char *type,
                                            const char *link)
{
    char *body = jsonx_dump(json);
    struct httpd_response *response = httpd_response_new(status, body, strlen(body));
    answer_common_headers(response);
    httpd_response_header(response, "Content-Type", type);
    httpd_response_header(response, "Cache-Control", "no-store");
    if (link)
        httpd_response_header(response, "Link", link);
    httpd_response_header(response, "Link", LINK_DESCRIPTION);
    return response;
}

static int retry_seconds(const struct status *status, int64_t now_ms)
{
    int64_t left_ms = status->retry_ms - now_ms;
    return left_ms <= 0 ? PENDING_RETRY_SECONDS : (int)((left_ms + 999) / 1000);
}

void answer_retry_after(struct httpd_response *response, int seconds)
{
    char text[16];
    (void)snprintf(text, sizeof(text), "%d", seconds);
    httpd_response_header(response, "Retry-After", text);
}

struct httpd_response *answer_pending(const char *name, const struct status *status, int64_t now_ms)
{
    JSON_AUTO
    json_t *object = answer_body_status(name, status);
    AUTO(free) char *link = status_link(name);
    AUTO(free) char *location = xasprintf("/v1/status/%s", name);
    struct httpd_response *response = json_response(202, object, TYPE_JSON, link);
    answer_retry_after(response, retry_seconds(status, now_ms));
    httpd_response_header(response, "Location", location);
    httpd_response_header(response, "Vary", "Accept-Encoding, Prefer");
    return response;
}

int answer_parts_retry(const struct answer_part parts[2], int64_t now_ms)
{
    int seconds = 0;
    for (size_t i = 0; i < 2; i++) {
        int own = parts[i].is_found ? 0 : retry_seconds(parts[i].status, now_ms);
        seconds = own > seconds ? own : seconds;
    }
    return seconds;
}

struct httpd_response *answer_pending_two(const struct answer_part parts[2], int64_t now_ms)
{
    JSON_AUTO
    json_t *object = json_pack("{s:o,s:o}", "A", answer_body_status(parts[0].name, parts[0].status),
                               "B", answer_body_status(parts[1].name, parts[1].status));
    struct httpd_response *response = json_response(202, object, TYPE_JSON, NULL);
    answer_retry_after(response, answer_parts_retry(parts, now_ms));
    for (size_t i = 0; i < 2; i++) {
        AUTO(free) char *link = status_link(parts[i].name);
        httpd_response_header(response, "Link", link);
    }
    httpd_response_header(response, "Vary", "Accept-Encoding, Prefer");
    return response;
}

struct httpd_response *answer_status(const char *name, const struct status *status)
{
    JSON_AUTO
    json_t *object = answer_body_status(name, status);
    return json_response(200, object, TYPE_JSON, NULL);
}

static struct httpd_response *ready_response(int status, const char *text, const char *type)
{
    struct httpd_response *response = httpd_response_new(status, xstrdup(text), strlen(text));
    answer_common_headers(response);
    httpd_response_header(response, "Content-Type", type);
    httpd_response_header(response, "Cache-Control", "no-store");
    if (strcmp(type, TYPE_JSON) == 0)
        httpd_response_header(response, "Link", LINK_DESCRIPTION);
    return response;
}

struct httpd_response *answer_too_many_waiting(void)
{
    return answer_problem(503, "too_many_waiting",
                          "Too many requests wait here already. Try again later, or poll.",
                          WAITING_RETRY_SECONDS);
}

char *answer_status_text(const char *name, const struct status *status)
{
    JSON_AUTO
    json_t *object = answer_body_status(name, status);
    return jsonx_dump(object);
}

struct httpd_response *answer_event_stream(void)
{
    struct httpd_response *response = httpd_response_new(200, NULL, 0);
    answer_common_headers(response);
    httpd_response_header(response, "Content-Type", "text/event-stream; charset=utf-8");
    httpd_response_header(response, "Cache-Control", "no-store");
    httpd_response_header(response, "X-Accel-Buffering", "no");
    return response;
}

struct httpd_response *answer_no_content(void)
{
    struct httpd_response *response = httpd_response_new(204, NULL, 0);
    answer_common_headers(response);
    httpd_response_header(response, "Cache-Control", "no-store");
    return response;
}

struct httpd_response *answer_text(int status, const char *text)
{
    return ready_response(status, text, TYPE_TEXT);
}

struct httpd_response *answer_json(int status, const char *json)
{
    return ready_response(status, json, TYPE_JSON);
}

/* Takes problem. */
static struct httpd_response *problem_response(json_t *problem, int status, int retry_after_seconds)
{
    struct httpd_response *response =
        json_response(status, problem, "application/problem+json", NULL);
    if (retry_after_seconds)
        answer_retry_after(response, retry_after_seconds);
    json_decref(problem);
    return response;
}

struct httpd_response *answer_problem(int status, const char *code, const char *detail,
                                      int retry_after_seconds)
{
    return problem_response(answer_body_problem(status, code, detail), status, retry_after_seconds);
}

struct httpd_response *answer_problem_side(const char *side, int status, const char *code,
                                           const char *detail, int retry_after_seconds)
{
    AUTO(free) char *named = xasprintf("%s: %s", side, detail);
    json_t *problem = answer_body_problem(status, code, named);
    json_object_set_new(problem, "side", json_string(side));
    return problem_response(problem, status, retry_after_seconds);
}

struct httpd_response *answer_not_allowed(const char *allow)
{
    AUTO(free) char *detail = xasprintf("This path answers %s.", allow);
    struct httpd_response *response = answer_problem(405, "method_not_allowed", detail, 0);
    httpd_response_header(response, "Allow", allow);
    return response;
}

struct httpd_response *answer_preflight(const char *allow)
{
    struct httpd_response *response = httpd_response_new(204, NULL, 0);
    answer_common_headers(response);
    httpd_response_header(response, "Allow", allow);
    httpd_response_header(response, "Access-Control-Allow-Methods", allow);
    httpd_response_header(response, "Access-Control-Allow-Headers", "If-None-Match, Prefer");
    httpd_response_header(response, "Access-Control-Max-Age", "7200");
    return response;
}
