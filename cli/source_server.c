#include "source_server.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "httpc.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"
#include "source_events.h"
#include "url.h"
#include "version.h"

#define MAX_BODY_BYTES (64u << 20)
#define MAX_HOLD_SECONDS 20 /* below the idle limits of common proxies */
#define POLL_MS 1000
#define GRACE_MS 10000 /* an answer may take so long beyond what it is held for */
#define RECONNECT_MS 1000
#define MAX_LOST 5 /* connections in a row */
#define ACCEPTED 202
#define TOO_MANY_REQUESTS 429
#define UNAVAILABLE 503

struct server {
    struct source base;
    struct loop *loop;
    struct httpc *httpc;
    char *url; /* without a slash at its end */
    bool is_interrupted;
    bool wake; /* ends the wait that runs now */
};

const char *source_server_url_problem(const char *url)
{
    AUTO(url) struct url parts = {0};
    if (url_parse(url, &parts) != 0 || !*parts.host ||
        (strcmp(parts.scheme, "http") != 0 && strcmp(parts.scheme, "https") != 0))
        return "a server is http://HOST[:PORT] or https://HOST[:PORT]";
    if (*parts.user || *parts.password)
        return "a server's URL takes no user and no password";
    if (parts.query && *parts.query)
        return "a server's URL takes no query";
    return NULL;
}

static int64_t now_ms(const struct server *server)
{
    return loop_now_ms(server->loop);
}

/* Until something wakes it or the deadline comes. */
static void server_sleep(struct server *server, int64_t deadline_ms)
{
    server->wake = server->is_interrupted;
    loop_run_until(server->loop, &server->wake, deadline_ms);
}

/* Sleeps whatever else goes on. */
static void server_pause(struct server *server, int64_t delay_ms, int64_t deadline_ms)
{
    int64_t until_ms = now_ms(server) + delay_ms;
    if (until_ms > deadline_ms)
        until_ms = deadline_ms;
    while (now_ms(server) < until_ms && !server->is_interrupted)
        server_sleep(server, until_ms);
}

/* One exchange */

struct exchange {
    struct server *server;
    struct source_answer answer;
    bool is_done;
};

static void on_answer(void *arg, const struct httpc_response *response)
{
    struct exchange *exchange = arg;
    struct source_answer *answer = &exchange->answer;
    const char *retry = response->err ? NULL : httpc_header(response, "Retry-After");
    answer->err = response->err;
    answer->status = response->status;
    answer->retry_seconds = retry ? atoi(retry) : 0; // NOLINT(cert-err34-c): junk is 0
    answer->error_text = response->err ? xstrdup(response->error_text) : NULL;
    answer->body_bytes = response->body_bytes;
    answer->body = response->body_bytes ? httpc_take_body(response) : xstrdup("");
    exchange->is_done = true;
    exchange->server->wake = true;
}

/* Replaces *answer. */
static void fetch(struct server *server, const char *path, int hold_seconds, int64_t deadline_ms,
                  struct source_answer *answer)
{
    struct exchange exchange = {.server = server};
    AUTO(free) char *url = xasprintf("%s%s", server->url, path);
    AUTO(free) char *prefer = xasprintf("Prefer: wait=%d", hold_seconds);
    const char *const headers[] = {hold_seconds ? prefer : NULL, NULL};
    int64_t left_ms = deadline_ms - now_ms(server);
    int64_t usual_ms = hold_seconds * INT64_C(1000) + GRACE_MS;
    const struct httpc_request request = {
        .method = "GET",
        .url = url,
        .headers = headers,
        .max_body_bytes = MAX_BODY_BYTES,
        .timeout_ms = (int)(left_ms < 1          ? 1
                            : left_ms < usual_ms ? left_ms
                                                 : usual_ms),
        .stall_seconds = hold_seconds + GRACE_MS / 1000,
        .allow_private = true,
        .decodes_body = true,
    };
    struct httpc_call *call = httpc_start(server->httpc, &request, on_answer, &exchange);
    while (!exchange.is_done && !server->is_interrupted)
        server_sleep(server, deadline_ms + GRACE_MS);
    if (!exchange.is_done) {
        httpc_cancel(call);
        exchange.answer = (struct source_answer){
            .err = ERR_CANCELLED, .error_text = xstrdup("interrupted"), .body = xstrdup("")};
    }
    source_answer_release(answer);
    *answer = exchange.answer;
}

/* What the answers tell */

static void tell(void *arg, const json_t *status, const char *text)
{
    struct server *server = arg;
    if (server->base.on_status)
        server->base.on_status(server->base.arg, status, text);
}

static void tell_body(struct server *server, const struct source_answer *answer)
{
    JSON_AUTO
    json_t *body = source_answer_json(answer);
    const json_t *status = source_body_status(body);
    if (status)
        tell(server, status, answer->body);
}

static bool body_has_status(const struct source_answer *answer, const char *wanted)
{
    JSON_AUTO
    json_t *body = source_answer_json(answer);
    return strcmp(jsonx_str(body, "Status"), wanted) == 0;
}

/* Facts are there, and no job is going to add any. */
static bool is_complete(const struct source_answer *answer)
{
    return body_has_status(answer, "INSPECTED") || body_has_status(answer, "MISSING") ||
           body_has_status(answer, "FAILED_INSPECTION");
}

static bool is_asked_to_wait(const struct source_answer *answer)
{
    bool is_busy = answer->status == TOO_MANY_REQUESTS || answer->status == UNAVAILABLE;
    return answer->err == 0 && answer->retry_seconds > 0 && is_busy;
}

/* True where asking again before the deadline may bring something else. */
static bool may_change(const struct server *server, const struct source_answer *answer,
                       int64_t deadline_ms)
{
    int64_t left_ms = deadline_ms - now_ms(server);
    if (answer->err || server->is_interrupted || left_ms <= 0 ||
        answer->retry_seconds * INT64_C(1000) > left_ms)
        return false;
    return is_asked_to_wait(answer) ||
           (answer->status == ACCEPTED && !body_has_status(answer, "FAILED_INSPECTION"));
}

/* The image's statuses, told while something else is waited for. */
static void follow(struct server *server, const char *ref, struct source_events *ret_events)
{
    AUTO(free) char *url = xasprintf("%s/v1/events/%s", server->url, ref);
    source_events_init(ret_events, server->httpc, url, &server->wake, tell, server);
}

/* Asks, held by the server, until there is something else than "nothing yet". */
static void wait_facts(struct server *server, const struct source_request *request,
                       struct source_answer *answer)
{
    while (may_change(server, answer, request->deadline_ms)) {
        int64_t asked_ms = now_ms(server);
        int64_t left_seconds = (request->deadline_ms - asked_ms) / 1000;
        int hold_seconds = (int)(left_seconds < MAX_HOLD_SECONDS ? left_seconds : MAX_HOLD_SECONDS);
        if (is_asked_to_wait(answer))
            server_pause(server, answer->retry_seconds * INT64_C(1000), request->deadline_ms);
        fetch(server, request->path, hold_seconds, request->deadline_ms, answer);
        bool was_held = now_ms(server) - asked_ms >= POLL_MS;
        if (answer->status == ACCEPTED) {
            tell_body(server, answer);
            if (!was_held)
                server_pause(server, (answer->retry_seconds ? answer->retry_seconds : 1) * POLL_MS,
                             request->deadline_ms);
        }
    }
}

/* One status by a plain request; true if it is final or cannot be had. */
static bool poll_is_over(struct server *server, const char *ref, int64_t deadline_ms,
                         struct source_answer *answer)
{
    AUTO(free) char *path = xasprintf("/v1/status/%s", ref);
    fetch(server, path, 0, deadline_ms, answer);
    if (answer->err || answer->status != 200)
        return true;
    JSON_AUTO
    json_t *status = source_answer_json(answer);
    tell(server, status, answer->body);
    return source_status_is_final(status);
}

/* Until the work on the image is through: by its events, else by asking now and then. */
static void wait_final(struct server *server, struct source_events *events,
                       const struct source_request *request)
{
    while (!events->is_final && now_ms(server) < request->deadline_ms && !server->is_interrupted) {
        if (events->call) {
            server_sleep(server, request->deadline_ms);
            continue;
        }
        AUTO(source_answer) struct source_answer polled = {0};
        server_pause(server, POLL_MS, request->deadline_ms);
        if (poll_is_over(server, request->ref, request->deadline_ms, &polled))
            return;
    }
}

static void wait_complete(struct server *server, const struct source_request *request,
                          struct source_answer *answer)
{
    while (answer->err == 0 && answer->status == 200 && !is_complete(answer)) {
        AUTO(source_events) struct source_events events = {0};
        follow(server, request->ref, &events);
        wait_final(server, &events, request);
        if (server->is_interrupted || now_ms(server) >= request->deadline_ms) {
            answer->is_pending = true;
            return;
        }
        fetch(server, request->path, 0, request->deadline_ms, answer);
        if (!is_complete(answer))
            server_pause(server, POLL_MS, request->deadline_ms);
    }
}

static void server_get(struct source *source, const struct source_request *request,
                       struct source_answer *ret_answer)
{
    struct server *server = (struct server *)source;
    *ret_answer = (struct source_answer){0};
    fetch(server, request->path, 0, request->deadline_ms, ret_answer);
    if (request->wait == SOURCE_NOW)
        return;
    if (may_change(server, ret_answer, request->deadline_ms)) {
        AUTO(source_events) struct source_events events = {0};
        tell_body(server, ret_answer);
        if (request->ref)
            follow(server, request->ref, &events);
        wait_facts(server, request, ret_answer);
    }
    if (request->wait == SOURCE_COMPLETE && request->ref)
        wait_complete(server, request, ret_answer);
    if (server->is_interrupted) {
        source_answer_release(ret_answer);
        *ret_answer = (struct source_answer){
            .err = ERR_CANCELLED, .error_text = xstrdup("interrupted"), .body = xstrdup("")};
    }
}

/* Watching */

static int poll_to_end(struct server *server, const char *ref, int64_t deadline_ms,
                       struct source_answer *answer)
{
    while (!poll_is_over(server, ref, deadline_ms, answer)) {
        if (now_ms(server) >= deadline_ms)
            return ERR_TIMEOUT;
        server_pause(server, POLL_MS, deadline_ms);
    }
    if (answer->err)
        return answer->err;
    return answer->status == 200 ? 0 : ERR_PROTO;
}

static void server_lost(const struct source_events *events, struct source_answer *answer)
{
    source_answer_release(answer);
    *answer = (struct source_answer){
        .err = events->err, .error_text = xstrdup(events->error_text), .body = xstrdup("")};
}

static int server_watch(struct source *source, const char *ref, int64_t deadline_ms,
                        struct source_answer *ret_answer)
{
    struct server *server = (struct server *)source;
    AUTO(source_events) struct source_events events = {0};
    *ret_answer = (struct source_answer){.body = xstrdup("")};
    follow(server, ref, &events);
    while (!events.is_final) {
        if (server->is_interrupted)
            return ERR_CANCELLED;
        if (now_ms(server) >= deadline_ms)
            return ERR_TIMEOUT;
        if (events.call) {
            server_sleep(server, deadline_ms);
            continue;
        }
        if (events.err == 0 && events.status != 200) /* it takes no more streams, or none at all */
            return poll_to_end(server, ref, deadline_ms, ret_answer);
        if (events.err && (!events.has_told || events.lost > MAX_LOST)) {
            server_lost(&events, ret_answer);
            return events.err;
        }
        server_pause(server, events.sse.retry_ms ? events.sse.retry_ms : RECONNECT_MS, deadline_ms);
        source_events_connect(&events);
    }
    return 0;
}

static void server_interrupt(struct source *source)
{
    struct server *server = (struct server *)source;
    server->is_interrupted = server->wake = true;
}

static void server_free(struct source *source)
{
    struct server *server = (struct server *)source;
    httpc_free(server->httpc);
    free(server->url);
    free(server);
}

struct source *source_server_new(struct loop *loop, const char *url)
{
    static const struct source_ops ops = {
        .get = server_get,
        .watch = server_watch,
        .interrupt = server_interrupt,
        .free = server_free,
    };
    struct server *server = xcalloc(1, sizeof(*server));
    AUTO(free) char *agent = xasprintf("microbadger/%s", version_number);
    server->base.ops = &ops;
    server->loop = loop;
    server->httpc = httpc_new(loop, agent);
    server->url = xstrdup(url);
    size_t len = strlen(server->url);
    while (len && server->url[len - 1] == '/')
        server->url[--len] = '\0';
    return &server->base;
}
