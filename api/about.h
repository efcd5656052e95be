/* What the service tells of itself: its version, the description of its API (api/web/openapi.json,
 * held in the program) and the catalog that leads there (RFC 9727). */
#ifndef MB_ABOUT_H
#define MB_ABOUT_H

#include "httpd.h"
#include "route.h"
#include "service.h"

void about_version(struct service *service, struct httpd_request *request, struct route *route);
void about_api(struct service *service, struct httpd_request *request, struct route *route);
void about_catalog(struct service *service, struct httpd_request *request, struct route *route);
/* Lets go of answers that are kept; new ones have the headers of their time. */
void about_forget(void);

#endif
