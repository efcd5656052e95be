/* The start page, and what a search has found. Pure. */
#ifndef MB_PAGE_HOME_H
#define MB_PAGE_HOME_H

#include <stddef.h>

#include "strbuf.h"

/* Names as people write them, "grafana/grafana". */
struct page_names {
    const char *const *names;
    size_t count;
};

struct page_home {
    struct page_names featured; /* either may be empty */
    struct page_names recent;
};

void page_home(const struct page_home *home, struct strbuf *out);

struct page_found {
    const char *typed;
    const char *path; /* of the image that has just this name; NULL: no image can have it */
    struct page_names names;
};

void page_found(const struct page_found *found, struct strbuf *out);

#endif
