#include "registry_call_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "budget.h"
#include "clock.h"
#include "err.h"
#include "httpc.h"
#include "loop.h"
#include "manifest.h"
#include "mem.h"
#include "registries.h"
#include "registry_error.h"
#include "registry_peer.h"
#include "registry_token.h"
#include "schema1.h"
#include "url.h"

#define MAX_ATTEMPTS 4
#define MAX_REDIRECTS 5
#define BACKOFF_BASE_MS 200
#define BACKOFF_CAP_MS 5000
#define INLINE_WAIT_MS 10000 /* a longer Retry-After is the caller's business */

/* Ends */

static void call_free(struct registry_call *call)
{
    struct registry_calls *calls = call->calls;
    if (call->prev)
        call->prev->next = call->next;
    else
        calls->first = call->next;
    if (call->next)
        call->next->prev = call->prev;
    httpc_cancel(call->request);
    token_cancel(call->token);
    loop_timer_free(call->pause);
    free(call->path);
    free(call->url);
    free(call->what);
    free(call->digest);
    free(call->asked_scope);
    free(call);
}

void registry_call_cancel(struct registry_call *call)
{
    if (!call)
        return;
    lane_leave(&call->peer->lane, &call->turn);
    call_free(call);
}

static void call_finish(struct registry_call *call, const struct registry_outcome *outcome)
{
    registry_call_done *done = call->done;
    void *arg = call->arg;
    call->request = NULL; /* it ends by itself after its callback */
    done(arg, outcome);
    registry_call_cancel(call);
}

void call_fail(struct registry_call *call, int err, int status, int64_t retry_at_ms,
               const char *format, ...)
{
    struct registry_outcome outcome = {.err = err, .status = status, .retry_at_ms = retry_at_ms};
    char text[2 * REGISTRY_ERROR_BYTES];
    int len = snprintf(text, sizeof(text), "%.100s: ", call->what);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text + len, sizeof(text) - (size_t)len, format, args);
    va_end(args);
    registry_error_set(outcome.error_text, text);
    call_finish(call, &outcome);
}

char *call_words(const struct httpc_response *response)
{
    return registry_error_words(response->body, response->body_bytes);
}

/* Another try */

static void pause_then_send(struct registry_call *call, int64_t delay_ms)
{
    if (!call->pause)
        call->pause = loop_timer_new(call->calls->loop, call_send, call);
    loop_timer_start(call->pause, delay_ms);
}

bool call_retry(struct registry_call *call, int64_t wait_ms)
{
    if (call->attempts >= MAX_ATTEMPTS || wait_ms > INLINE_WAIT_MS)
        return false;
    int64_t backoff_ms = BACKOFF_BASE_MS / 2 +
                         clock_backoff_ms((int)call->attempts, BACKOFF_BASE_MS, BACKOFF_CAP_MS);
    pause_then_send(call, wait_ms > backoff_ms ? wait_ms : backoff_ms);
    return true;
}

static const char *tries(const struct registry_call *call)
{
    return call->attempts == 1 ? "try" : "tries";
}

void call_retry_or_fail(struct registry_call *call, int err, int status, const char *why)
{
    if (!call_retry(call, 0))
        call_fail(call, err, status, 0, "%s, after %u %s", why, call->attempts, tries(call));
}

static void on_busy(struct registry_call *call, const struct httpc_response *response)
{
    const char *header = httpc_header(response, "Retry-After");
    int64_t now_ms = clock_ms();
    int64_t retry_at_ms = header ? retry_after_ms(header, now_ms) : 0;
    int64_t wait_ms = retry_at_ms > now_ms ? retry_at_ms - now_ms : 0;
    if (call_retry(call, wait_ms))
        return;
    AUTO(free) char *words = call_words(response);
    bool is_limit = response->status == 429 || wait_ms > INLINE_WAIT_MS;
    call_fail(call, is_limit ? ERR_RATELIMIT : ERR_UPSTREAM, response->status,
              is_limit ? retry_at_ms : 0, "%d after %u %s%s", response->status, call->attempts,
              tries(call), words);
}

/* Answers */

static void on_redirect(struct registry_call *call, const struct httpc_response *response)
{
    const char *location = httpc_header(response, "Location");
    AUTO(free) char *target = location ? url_resolve(call->url, location) : NULL;
    if (!target || ++call->redirects > MAX_REDIRECTS) {
        call_fail(call, ERR_PROTO, response->status, 0,
                  target ? "redirected too often" : "redirected to nowhere");
        return;
    }
    if (!url_may_lead_to(call->url, target)) {
        call_fail(call, ERR_FORBIDDEN, response->status, 0, "redirected away from https");
        return;
    }
    if (!url_same_origin(call->url, target))
        call->without_credentials = true;
    free(call->url);
    call->url = TAKE(target);
    call->attempts--; /* a redirect is no failure */
    call_send(call);
}

static bool is_html(const struct httpc_response *response)
{
    const char *type = httpc_header(response, "Content-Type");
    return type && strncasecmp(type, "text/html", 9) == 0;
}

/* 0, ERR_PROTO or ERR_UNSUPPORTED: whether the body is what was asked for by its digest. */
static int check_digest(const struct registry_call *call, const struct httpc_response *response)
{
    char signed_digest[DIGEST_BYTES];
    int err = digest_verify(call->digest, response->body, response->body_bytes);
    if (err == ERR_PROTO && call->accept_manifests &&
        schema1_digest(response->body, response->body_bytes, signed_digest) &&
        strcmp(signed_digest, call->digest) == 0)
        return 0;
    return err;
}

static void on_ok(struct registry_call *call, const struct httpc_response *response)
{
    struct registry_outcome outcome = {
        .status = response->status, .response = response, .url = call->url};
    const char *digest = httpc_header(response, "Docker-Content-Digest");
    int digest_err = 0;
    if (!call->is_head && call->digest)
        digest_err = check_digest(call, response);
    if (is_html(response)) {
        call_fail(call, ERR_PROTO, response->status, 0, "the answer is an HTML page");
    } else if (call->is_head && (!digest || !digest_is_valid(digest))) {
        call->is_head = false; /* an older registry: the body tells */
        call->attempts--;
        call_send(call);
    } else if (digest_err == ERR_UNSUPPORTED) {
        call_fail(call, digest_err, response->status, 0, "its digest is of an unknown algorithm");
    } else if (digest_err) {
        call_retry_or_fail(call, ERR_PROTO, response->status,
                           "its content does not have its digest");
    } else {
        outcome.was_head = call->is_head;
        call_finish(call, &outcome);
    }
}

static void on_status(struct registry_call *call, const struct httpc_response *response)
{
    AUTO(free) char *words = NULL;
    switch (response->status) {
    case 200:
        on_ok(call, response);
        return;
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
        on_redirect(call, response);
        return;
    case 401:
        call_on_unauthorized(call, response);
        return;
    case 408:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
        on_busy(call, response);
        return;
    default:
        break;
    }
    if (call->is_head && (response->status == 405 || response->status == 501)) {
        call->is_head = false;
        call->attempts--;
        call_send(call);
        return;
    }
    int err = response->status == 404   ? ERR_NOTFOUND
              : response->status == 403 ? ERR_UNAUTHORIZED
              : response->status >= 500 ? ERR_UPSTREAM
                                        : ERR_PROTO;
    words = call_words(response);
    call_fail(call, err, response->status, 0, "%d%s", response->status, words);
}

/* Manifests are what registries count; HEADs, which cost nothing, tell as well. */
static void note_budget(const struct registry_call *call, const struct httpc_response *response)
{
    const struct budget_headers headers = {
        .limit = httpc_header(response, "ratelimit-limit"),
        .remaining = httpc_header(response, "ratelimit-remaining"),
        .source = httpc_header(response, "docker-ratelimit-source"),
        .retry_after = httpc_header(response, "Retry-After"),
        .is_refused = response->status == 429,
    };
    if (call->accept_manifests && !call->without_credentials)
        budget_note(call->calls->budget, call->peer->host->host, &headers);
}

/* Some proxies name an encoding that is not there: the content is as it should be. */
static void send_again_raw(struct registry_call *call)
{
    call->is_raw = true;
    call->attempts--;
    call_send(call);
}

static void on_response(void *arg, const struct httpc_response *response)
{
    struct registry_call *call = arg;
    struct registry_peer *peer = call->peer;
    call->request = NULL;
    if (response->err == 0)
        note_budget(call, response);
    bool is_first = !peer->is_known && !response->err;
    peer->is_known |= is_first;
    if (response->err == 0)
        on_status(call, response);
    else if (response->err == ERR_TOOBIG || response->err == ERR_FORBIDDEN)
        call_fail(call, response->err, 0, 0, "%s", response->error_text);
    else if (response->err == ERR_PROTO && !call->is_raw)
        send_again_raw(call);
    else
        call_retry_or_fail(call, response->err, 0, response->error_text);
    if (is_first && peer->is_known)
        lane_widen(&peer->lane, MAX_CALLS_PER_HOST);
}

void call_send(void *arg)
{
    struct registry_call *call = arg;
    struct registry_calls *calls = call->calls;
    const struct registry_host *host = call->peer->host;
    AUTO(free) char *authorization = call_authorization(call);
    if (!authorization && call_token_comes_first(call))
        return;
    AUTO(free) char *accept = xasprintf("Accept: %s", manifest_accept);
    const char *headers[3] = {NULL};
    int count = 0;
    if (call->accept_manifests)
        headers[count++] = accept;
    if (authorization)
        headers[count++] = authorization;
    const struct httpc_request request = {
        .method = call->is_head ? "HEAD" : "GET",
        .url = call->url,
        .headers = headers,
        .max_body_bytes = call->max_body_bytes,
        .timeout_ms = REQUEST_TIMEOUT_MS,
        .allow_private = registry_host_allows_private(host, call->url),
        .decodes_body = !call->is_raw,
    };
    call->attempts++;
    calls->requests++;
    call->request = httpc_start(calls->httpc, &request, on_response, call);
}

struct registry_call *registry_call_start(struct registry_calls *calls,
                                          const struct registry_request *request,
                                          registry_call_done *done, void *arg)
{
    struct registry_call *call = xcalloc(1, sizeof(*call));
    call->calls = calls;
    call->peer = peer_of(&calls->peers, request->host);
    call->path = xstrdup(request->path);
    call->url = xstrdup(request->url);
    call->without_credentials = !url_same_origin(request->url, request->host->base_url);
    call->what = xstrdup(request->what);
    call->digest = request->digest ? xstrdup(request->digest) : NULL;
    call->is_head = request->is_head;
    call->accept_manifests = request->accept_manifests;
    call->max_body_bytes = request->max_body_bytes;
    call->done = done;
    call->arg = arg;
    call->next = calls->first;
    if (call->next)
        call->next->prev = call;
    calls->first = call;
    if (loop_now_ms(calls->loop) >= calls->deadline_ms)
        loop_timer_start(calls->deadline_timer, 0);
    lane_join(&call->peer->lane, &call->turn, call_send, call);
    return call;
}

void *registry_call_arg(const struct registry_call *call)
{
    return call->arg;
}

/* The deadline and the end */

static void on_deadline(void *arg)
{
    struct registry_calls *calls = arg;
    while (calls->first) {
        struct registry_call *call = calls->first;
        httpc_cancel(TAKE(call->request));
        call->attempts = MAX_ATTEMPTS;
        call_fail(call, ERR_TIMEOUT, 0, 0, "no time is left for it");
    }
}

void registry_calls_set_deadline(struct registry_calls *calls, int64_t deadline_ms)
{
    if (!calls->deadline_timer)
        calls->deadline_timer = loop_timer_new(calls->loop, on_deadline, calls);
    calls->deadline_ms = deadline_ms;
    loop_timer_start(calls->deadline_timer, deadline_ms - loop_now_ms(calls->loop));
}

void registry_calls_release(struct registry_calls *calls)
{
    while (calls->first)
        call_free(calls->first);
    peers_free(calls->peers);
    loop_timer_free(calls->deadline_timer);
}
