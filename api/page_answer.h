/* Pages and their files as HTTP responses: what a browser may do with them is said in one place. */
#ifndef MB_PAGE_ANSWER_H
#define MB_PAGE_ANSWER_H

#include "answer.h"
#include "route.h"
#include "strbuf.h"

/* A page longer than this is sent as it is: compressing it would hold the loop too long. */
#define PAGE_GZIP_MAX_BYTES (160u << 10)

/* 200 for a page. Takes what body holds. is_final: no change comes without a new request. */
struct answer *page_answer_new(struct strbuf *body, bool is_final);
/* 200 for good, under a name that changes with the content. Takes body and what gzip holds. */
struct answer *page_answer_file(const char *type, char *body, size_t len, struct strbuf *gzip);
/* 200 for a small text that depends on the request. Takes body. */
struct answer *page_answer_text(const char *type, char *body, size_t len);

/* A page that is not to be kept: 202, 404 and so on. Takes what body holds.
 * retry_after_seconds 0: no Retry-After. Caller unrefs, as below. */
struct httpd_response *page_response(int status, struct strbuf *body, int retry_after_seconds);
/* 303 to a path of this server. */
struct httpd_response *page_redirect(const char *path);
/* answer_problem(), as a page where the route's answers are pages. */
struct httpd_response *page_or_problem(const struct route *route, int status, const char *code,
                                       const char *detail, int retry_after_seconds);

#endif
