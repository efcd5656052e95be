/* An image's page. Pure: from the members that the API's JSON has to HTML. Any member may be
 * missing or be of another type. */
#ifndef MB_PAGE_IMAGE_H
#define MB_PAGE_IMAGE_H

#include <jansson.h>
#include <stdint.h>

#include "route.h"
#include "status.h"
#include "strbuf.h"

struct page_image {
    const struct route *route;
    const char *shown;      /* the name without tag or digest */
    const json_t *image;    /* an object; what is not known is not there */
    const char *omitted;    /* what was too long to be shown, "layers, versions"; "" */
    const char *dockerfile; /* the text where that is asked for, else NULL */
    const struct status *status;
    bool is_found;     /* the facts of the version are there */
    int retry_seconds; /* when to look again; 0: there is no need to */
};

void page_image(const struct page_image *page, struct strbuf *out);

#endif
