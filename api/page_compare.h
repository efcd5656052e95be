/* The page that compares two images. Pure: from compare.h's JSON to HTML. Any member may be missing
 * or be of another type. route has the two sides. */
#ifndef MB_PAGE_COMPARE_H
#define MB_PAGE_COMPARE_H

#include <jansson.h>

#include "answer.h"
#include "route.h"
#include "strbuf.h"

/* The form alone. */
void page_compare_form(const struct route *route, struct strbuf *out);
void page_compare(const struct route *route, const json_t *result, struct strbuf *out);
/* While a side is not known yet: parts are a and b. The page loads itself again. */
void page_compare_pending(const struct route *route, const struct answer_part parts[2],
                          int retry_seconds, struct strbuf *out);
/* The form, and what is wrong. retry_after_seconds 0: trying again is of no use. */
void page_compare_problem(const struct route *route, int status, const char *detail,
                          int retry_after_seconds, struct strbuf *out);

#endif
