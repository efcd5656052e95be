/* Server-sent events (WHATWG HTML 9.2) of an image's status: the current state first, then every
 * change, closed after a final one. One read of Redis serves all clients of an image, and what is
 * sent to many of them goes out in slices. */
#ifndef MB_EVENTS_H
#define MB_EVENTS_H

#include "httpd.h"
#include "reference.h"
#include "service.h"

struct events;

struct events *events_new(struct service *service);
/* After events_end, once connections and Redis' callbacks are gone. */
void events_free(struct events *events);

/* Answers a GET, later: a stream; 204 to a reconnect that knows the final state already; 503 to a
 * client too many. */
void events_join(struct events *events, struct httpd_request *request,
                 const struct reference *image);
/* A notice about this image, or NULL: any image may have changed. */
void events_notice(struct events *events, const char *name);
/* Tells everybody to come back soon, and closes. */
void events_end(struct events *events);

#endif
