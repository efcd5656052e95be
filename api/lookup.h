/* One target that requests wait for: read from Redis once for all of them, submitted where nothing
 * is known, read again when a notice comes. It is about one image, or about two that are compared.
 */
#ifndef MB_LOOKUP_H
#define MB_LOOKUP_H

#include "httpd.h"
#include "route.h"
#include "service.h"

/* Takes route. The request is suspended and answered later. */
void lookup_join(struct service *service, struct httpd_request *request, struct route *route);
/* A notice about this image, or NULL: any image may have changed. */
void lookup_notice(struct service *service, const char *name);
/* Every long poll ends with what there is. */
void lookup_end_waits(struct service *service);
/* Answers every request: 503. Lookups that Redis or the queue still owe a callback go with it. */
void lookup_end_all(struct service *service);

#endif
