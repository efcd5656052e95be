/* Lists of images and counts, in v1's shapes. */
#ifndef MB_LISTING_H
#define MB_LISTING_H

#include "httpd.h"
#include "route.h"
#include "service.h"

/* /v1/images?query=featured|recent|labelschema */
void listing_handle(struct service *service, struct httpd_request *request, struct route *route);
/* /v1/images/search/TERM */
void listing_search(struct service *service, struct httpd_request *request, struct route *route);
/* /v1/badges/counts */
void listing_badge_counts(struct service *service, struct httpd_request *request,
                          struct route *route);

#endif
