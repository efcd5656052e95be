/* The frame of every page: head, header with the search box, footer. Pure. What is shown goes
 * between page_begin and page_end, within <main>; text only through html.h. */
#ifndef MB_PAGE_H
#define MB_PAGE_H

#include <stdbool.h>

#include "strbuf.h"

/* More than any page comes to: the JSON that it shows is capped. */
#define PAGE_MAX_BYTES (8u << 20)

struct page_head {
    const char *title;       /* of the document; the product's name is added. NULL: that alone */
    const char *description; /* NULL: none */
    const char *json_path;   /* the same as JSON; NULL: none */
    const char *query;       /* what the header's search box holds; NULL: nothing */
    bool has_own_search;     /* the page brings a search box, the header has none */
    int refresh_seconds;     /* without JavaScript the page loads itself again; 0: never */
};

void page_begin(struct strbuf *out, const struct page_head *head);
void page_end(struct strbuf *out);

/* The search box; text NULL: empty. */
void page_search_box(struct strbuf *out, const char *text);

#endif
