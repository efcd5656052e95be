/* An image's event stream at a server (/v1/events/{ref}), followed across reconnects. */
#ifndef MB_SOURCE_EVENTS_H
#define MB_SOURCE_EVENTS_H

#include <jansson.h>
#include <stdbool.h>

#include "sse.h"

struct httpc;
struct httpc_call;

struct source_events {
    struct httpc *httpc;
    char *url;
    struct httpc_call *call; /* NULL: not connected */
    struct sse sse;
    void (*changed)(void *arg, const json_t *status, const char *text);
    void *arg;
    bool *wake;    /* set with every change of what is below */
    bool has_told; /* a status has come */
    int lost;      /* connections in a row that failed before one came */
    bool is_final; /* no more will come: the last status was final, or the server said so (204) */
    int err;       /* of the last connection once it has ended; 0 otherwise */
    int status;    /* of its answer, likewise */
    int retry_seconds; /* its Retry-After, 0 if none */
    char *error_text;  /* where err is not 0 */
};

/* Connects. `changed` is called for each status; status and text are borrowed for the call. */
void source_events_init(struct source_events *events, struct httpc *httpc, const char *url,
                        bool *wake,
                        void (*changed)(void *arg, const json_t *status, const char *text),
                        void *arg);
/* After call has become NULL: goes on behind the last event. */
void source_events_connect(struct source_events *events);
void source_events_release(struct source_events *events);

static inline void source_events_cleanup(struct source_events *events)
{
    source_events_release(events);
}

#endif
