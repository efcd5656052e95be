/* One watch of one object: a stream of events, a JSON object a line, from a resourceVersion on
 * until the server or the network ends it. */
#ifndef MB_KUBE_WATCH_H
#define MB_KUBE_WATCH_H

#include <jansson.h>

#include "kube.h"

struct kube_watch;
struct loop;

struct kube_watch_handlers {
    /* type is "ADDED", "MODIFIED", "DELETED" or "BOOKMARK" (of the object only its resourceVersion
     * counts); may be one of later servers. Borrowed. Does not stop the watch. */
    void (*event)(void *arg, const char *type, const json_t *object);
    /* Once, and the watch is gone then. err is 0 where the server ended it in its time. An error
     * event within the stream counts as if its code were the answer's status: 410 is one. */
    void (*ended)(void *arg, const struct kube_answer *answer);
};

/* request's verb, query, timeout and data are set here; version: after which resourceVersion.
 * Handlers come from the loop, never from inside libcurl. */
struct kube_watch *kube_watch_start(struct loop *loop, struct kube *kube,
                                    const struct kube_request *request, const char *version,
                                    const struct kube_watch_handlers *handlers, void *arg);
/* No handler is called after this. NULL is fine. */
void kube_watch_stop(struct kube_watch *watch);

#endif
