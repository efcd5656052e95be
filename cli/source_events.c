#include "source_events.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "httpc.h"
#include "jsonx.h"
#include "mem.h"
#include "source.h"

#define NO_CONTENT 204

static void on_event(void *arg, const char *type, const char *data)
{
    struct source_events *events = arg;
    JSON_AUTO
    json_t *status = NULL;
    if (strcmp(type, "status") != 0 || jsonx_parse(data, strlen(data), &status) != 0)
        return;
    events->is_final = source_status_is_final(status);
    events->has_told = true;
    events->lost = 0;
    events->changed(events->arg, status, data);
    *events->wake = true;
}

static void on_data(void *arg, const char *data, size_t len)
{
    struct source_events *events = arg;
    sse_add(&events->sse, data, len);
}

static void on_done(void *arg, const struct httpc_response *response)
{
    struct source_events *events = arg;
    const char *retry = response->err ? NULL : httpc_header(response, "Retry-After");
    events->call = NULL;
    events->err = response->err;
    events->lost += response->err != 0;
    events->status = response->status;
    events->retry_seconds = retry ? atoi(retry) : 0; // NOLINT(cert-err34-c): junk is 0
    events->is_final |= response->status == NO_CONTENT;
    free(events->error_text);
    events->error_text = xstrdup(response->error_text);
    *events->wake = true;
}

void source_events_connect(struct source_events *events)
{
    const char *last_id = sse_last_id(&events->sse);
    AUTO(free) char *id_header = *last_id ? xasprintf("Last-Event-ID: %s", last_id) : NULL;
    const char *const headers[] = {"Accept: text/event-stream", id_header, NULL};
    const struct httpc_request request = {
        .method = "GET",
        .url = events->url,
        .headers = headers,
        .timeout_ms = INT_MAX, /* the caller has the deadline */
        .allow_private = true,
        .own_connection = true,
        .data = on_data,
    };
    sse_restart(&events->sse);
    events->err = events->status = events->retry_seconds = 0;
    events->call = httpc_start(events->httpc, &request, on_done, events);
}

void source_events_init(struct source_events *events, struct httpc *httpc, const char *url,
                        bool *wake,
                        void (*changed)(void *arg, const json_t *status, const char *text),
                        void *arg)
{
    *events = (struct source_events){.httpc = httpc, .wake = wake, .changed = changed, .arg = arg};
    events->url = xstrdup(url);
    sse_init(&events->sse, on_event, events);
    source_events_connect(events);
}

void source_events_release(struct source_events *events)
{
    httpc_cancel(TAKE(events->call));
    sse_release(&events->sse);
    free(TAKE(events->url));
    free(TAKE(events->error_text));
}
