#include "page_answer.h"

#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "fragment.h"
#include "mem.h"
#include "page.h"
#include "page_compare.h"
#include "page_problem.h"

#define GZIP_ROOM_BYTES ((size_t)2 * PAGE_GZIP_MAX_BYTES) /* more than deflate makes of it */
#define TYPE_HTML "text/html; charset=utf-8"
#define VARY "Accept-Encoding, Prefer"
#define CACHE_IMMUTABLE "public, max-age=31536000, immutable"
#define POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "                    \
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

static void add_page_headers(struct httpd_response *response)
{
    answer_common_headers(response);
    httpd_response_header(response, "Content-Security-Policy", POLICY);
    httpd_response_header(response, "Referrer-Policy", "strict-origin-when-cross-origin");
}

/* One form of an answer: with a body 200, else 304. Takes body. */
static struct httpd_response *form_new(char *body, size_t len, const char *type, const char *etag,
                                       const char *cache_control)
{
    struct httpd_response *response = httpd_response_new(body ? 200 : 304, body, len);
    add_page_headers(response);
    if (body)
        httpd_response_header(response, "Content-Type", type);
    httpd_response_header(response, "ETag", etag);
    httpd_response_header(response, "Vary", VARY);
    httpd_response_header(response, "Cache-Control", cache_control);
    return response;
}

/* Takes body and what gzip holds; without bytes there, there is no such form. */
static struct answer *answer_of(const char *type, char *body, size_t len, struct strbuf *gzip,
                                const char *cache_control)
{
    struct answer *answer = xcalloc(1, sizeof(*answer));
    char digest[DIGEST_BYTES];
    size_t gzip_len = gzip->len;
    digest_sha256(body, len, digest);
    (void)snprintf(answer->etag, ETAG_BYTES, "\"%.16s\"", digest_hex(digest));
    (void)snprintf(answer->etag_gzip, ETAG_BYTES, "\"%.16s-gz\"", digest_hex(digest));
    answer->refs = 1;
    answer->bytes = len + gzip->alloc + 4096;
    answer->plain = form_new(body, len, type, answer->etag, cache_control);
    answer->not_modified = form_new(NULL, 0, type, answer->etag, cache_control);
    if (gzip_len) {
        answer->gzip =
            form_new(strbuf_detach(gzip), gzip_len, type, answer->etag_gzip, cache_control);
        httpd_response_header(answer->gzip, "Content-Encoding", "gzip");
        answer->not_modified_gzip = form_new(NULL, 0, type, answer->etag_gzip, cache_control);
    } else {
        answer->not_modified_gzip = answer->not_modified;
        httpd_response_ref(answer->not_modified_gzip);
    }
    return answer;
}

struct answer *page_answer_new(struct strbuf *body, bool is_final)
{
    struct strbuf gzip = STRBUF_INIT(GZIP_ROOM_BYTES);
    size_t len = body->len;
    if (len <= PAGE_GZIP_MAX_BYTES)
        fragment_gzip(strbuf_str(body), len, &gzip);
    struct answer *answer = answer_of(TYPE_HTML, strbuf_detach(body), len, &gzip, "no-cache");
    answer->is_final = is_final;
    return answer;
}

struct answer *page_answer_file(const char *type, char *body, size_t len, struct strbuf *gzip)
{
    struct answer *answer = answer_of(type, body, len, gzip, CACHE_IMMUTABLE);
    answer->is_final = true;
    return answer;
}

struct answer *page_answer_text(const char *type, char *body, size_t len)
{
    struct strbuf gzip = STRBUF_INIT(0);
    struct answer *answer = answer_of(type, body, len, &gzip, "no-cache");
    answer->is_final = true;
    return answer;
}

struct httpd_response *page_response(int status, struct strbuf *body, int retry_after_seconds)
{
    size_t len = body->len;
    struct httpd_response *response = httpd_response_new(status, strbuf_detach(body), len);
    add_page_headers(response);
    httpd_response_header(response, "Content-Type", TYPE_HTML);
    httpd_response_header(response, "Cache-Control", "no-store");
    if (retry_after_seconds)
        answer_retry_after(response, retry_after_seconds);
    return response;
}

struct httpd_response *page_redirect(const char *path)
{
    struct httpd_response *response = httpd_response_new(303, NULL, 0);
    add_page_headers(response);
    httpd_response_header(response, "Location", path);
    httpd_response_header(response, "Cache-Control", "no-store");
    return response;
}

struct httpd_response *page_or_problem(const struct route *route, int status, const char *code,
                                       const char *detail, int retry_after_seconds)
{
    if (!route->is_page && route->side)
        return answer_problem_side(route->side, status, code, detail, retry_after_seconds);
    if (!route->is_page)
        return answer_problem(status, code, detail, retry_after_seconds);
    struct strbuf body = STRBUF_INIT(PAGE_MAX_BYTES);
    if (route->side)
        page_compare_problem(route, status, detail, retry_after_seconds, &body);
    else
        page_problem(route, status, detail, retry_after_seconds, &body);
    return page_response(status, &body, retry_after_seconds);
}
