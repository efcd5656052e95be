/* From what a read of Redis brought to an image's page: its pieces joined to JSON, parsed, shown.
 */
#ifndef MB_PAGE_VIEW_H
#define MB_PAGE_VIEW_H

#include "answer.h"
#include "document.h"
#include "route.h"

/* Of the JSON that one page shows: parsing and showing this much takes the loop's 5 ms. Parts that
 * would not fit are left out, and the page says so. */
#define PAGE_JSON_MAX_BYTES (192u << 10)

/* 200, for a view that was found. shown is the image's name in answers. */
struct answer *page_view_answer(const struct route *route, const char *shown,
                                const struct document_view *view);
/* 202: what is known so far, and the progress. now_ms is wall time. Caller unrefs. */
struct httpd_response *page_view_pending(const struct route *route, const char *shown,
                                         const struct document_view *view, int64_t now_ms);

#endif
