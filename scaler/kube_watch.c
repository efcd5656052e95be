#include "kube_watch.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "err.h"
#include "jsonx.h"
#include "kube_status.h"
#include "loop.h"
#include "mem.h"
#include "strbuf.h"
#include "url.h"

/* A server ends a watch after five to six minutes: many clients do not come back at once. */
#define WATCH_SECONDS 300
#define WATCH_JITTER_SECONDS 60
#define SPARE_MS 30000 /* for the server to end it first */
#define MAX_PENDING_BYTES ((size_t)8 << 20)

struct kube_watch {
    struct kube_call *call;
    struct kube_request request; /* with texts of our own */
    struct strbuf pending;       /* came and was not looked at yet */
    struct loop_timer *timer;
    struct kube_watch_handlers handlers;
    void *arg;
};

static void watch_free(struct kube_watch *watch)
{
    kube_cancel(watch->call);
    loop_timer_free(watch->timer);
    strbuf_release(&watch->pending);
    free((char *)watch->request.group);
    free((char *)watch->request.resource);
    free((char *)watch->request.name);
    free(watch);
}

static void end(struct kube_watch *watch, const struct kube_answer *answer)
{
    watch->handlers.ended(watch->arg, answer);
    watch_free(watch);
}

static void end_with(struct kube_watch *watch, int err, int status, const char *message)
{
    AUTO(free) char *text = kube_status_text(&watch->request, status, message);
    const struct kube_answer answer = {.err = err, .status = status, .error_text = text};
    end(watch, &answer);
}

/* False where it ended the watch. */
static bool take_line(struct kube_watch *watch, const char *line, size_t len)
{
    JSON_AUTO
    json_t *event = NULL;
    if (len == 0)
        return true;
    if (jsonx_parse(line, len, &event) != 0 || !json_is_object(event)) {
        end_with(watch, ERR_PROTO, 200, "a line of the watch is no JSON object");
        return false;
    }
    const json_t *object = jsonx_object(event, "object");
    if (strcmp(jsonx_str(event, "type"), "ERROR") != 0) {
        watch->handlers.event(watch->arg, jsonx_str(event, "type"), object);
        return true;
    }
    int64_t code = jsonx_int(object, "code");
    int status = code >= 300 && code < 600 ? (int)code : 500;
    end_with(watch, kube_status_err(status), status, jsonx_str(object, "message"));
    return false;
}

/* False where something in it ended the watch. */
static bool take_lines(struct kube_watch *watch)
{
    const char *text = strbuf_str(&watch->pending);
    size_t taken = 0;
    const char *line_end;
    while ((line_end = memchr(text + taken, '\n', watch->pending.len - taken))) {
        size_t len = (size_t)(line_end - text) - taken;
        if (!take_line(watch, text + taken, len))
            return false;
        taken += len + 1;
    }
    if (taken) {
        watch->pending.len -= taken;
        memmove(watch->pending.buf, watch->pending.buf + taken, watch->pending.len + 1);
    }
    if (strbuf_err(&watch->pending) == 0)
        return true;
    end_with(watch, ERR_TOOBIG, 200, "an event of the watch is too large");
    return false;
}

static void on_pending(void *arg)
{
    (void)take_lines(arg);
}

/* Handlers start requests, which libcurl forbids here: they wait for the next turn. */
static void on_data(void *arg, const char *data, size_t len)
{
    struct kube_watch *watch = arg;
    strbuf_add(&watch->pending, data, len);
    loop_timer_start(watch->timer, 0);
}

static void on_ended(void *arg, const struct kube_answer *answer)
{
    struct kube_watch *watch = arg;
    watch->call = NULL;
    if (take_lines(watch))
        end(watch, answer);
}

struct kube_watch *kube_watch_start(struct loop *loop, struct kube *kube,
                                    const struct kube_request *request, const char *version,
                                    const struct kube_watch_handlers *handlers, void *arg)
{
    struct kube_watch *watch = xcalloc(1, sizeof(*watch));
    watch->pending.max_bytes = MAX_PENDING_BYTES;
    watch->handlers = *handlers;
    watch->arg = arg;
    watch->timer = loop_timer_new(loop, on_pending, watch);
    int seconds = WATCH_SECONDS + (int)clock_backoff_ms(0, WATCH_JITTER_SECONDS, WATCH_SECONDS);
    AUTO(free) char *encoded = url_encode(version);
    AUTO(free)
    char *query = xasprintf("watch=1&allowWatchBookmarks=true&timeoutSeconds=%d&resourceVersion=%s",
                            seconds, encoded);
    watch->request = (struct kube_request){
        .verb = "watch",
        .group = xstrdup(request->group),
        .resource = xstrdup(request->resource),
        .name = xstrdup(request->name),
        .query = query,
        .timeout_ms = seconds * 1000 + SPARE_MS,
        .data = on_data,
    };
    watch->call = kube_start(kube, &watch->request, on_ended, watch);
    watch->request.query = NULL;
    return watch;
}

void kube_watch_stop(struct kube_watch *watch)
{
    if (watch)
        watch_free(watch);
}
