#include "registry_call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "budget.h"
#include "challenge.h"
#include "clock.h"
#include "err.h"
#include "httpc.h"
#include "loop.h"
#include "manifest.h"
#include "mem.h"
#include "registries.h"
#include "registry_error.h"
#include "registry_lane.h"
#include "registry_token.h"
#include "url.h"

#define MAX_ATTEMPTS 4
#define MAX_REDIRECTS 5
#define MAX_CALLS_PER_HOST 16
#define REQUEST_TIMEOUT_MS 30000
#define BACKOFF_BASE_MS 200
#define BACKOFF_CAP_MS 5000
#define INLINE_WAIT_MS 10000 /* a longer Retry-After is the caller's business */

/* One host. The first call finds out how it wants to be asked, so that the others do not all learn
 * it by a refusal. */
struct registry_peer {
    struct registry_peer *next;
    const struct registry_host *host;
    struct lane lane;
    bool is_known;              /* it has answered once */
    struct challenge challenge; /* what it asked for then; no realm: nothing */
};

struct registry_call {
    struct registry_calls *calls;
    struct registry_call *next, *prev;
    struct registry_peer *peer;
    struct lane_turn turn;

    char *path, *url, *what, *digest;
    char *asked_scope; /* of the token that this call asked for; NULL: none yet */
    bool is_head;
    bool accept_manifests;
    size_t max_body_bytes;

    unsigned attempts; /* that failed, and the one under way */
    unsigned redirects;
    uint64_t token_number;    /* of the token that went out with the last request; 0: none */
    bool token_is_fresh;      /* asked for by this call: another 401 is final */
    bool token_is_guessed;    /* from the peer's challenge, not from an answer to this call */
    bool is_rescoped;         /* after insufficient_scope, which is tried once */
    bool without_credentials; /* redirected to another origin */
    struct httpc_call *request;
    struct token_wait *token;
    struct loop_timer *pause;

    registry_call_done *done;
    void *arg;
};

static void call_send(void *arg);

static struct registry_peer *peer_of(struct registry_calls *calls, const struct registry_host *host)
{
    for (struct registry_peer *peer = calls->peers; peer; peer = peer->next)
        if (peer->host == host)
            return peer;
    struct registry_peer *peer = xcalloc(1, sizeof(*peer));
    peer->host = host;
    peer->lane.most = 1;
    peer->next = calls->peers;
    calls->peers = peer;
    return peer;
}

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

static void call_fail(struct registry_call *call, int err, int status, int64_t retry_at_ms,
                      const char *format, ...) __attribute__((format(printf, 5, 6)));

static void call_fail(struct registry_call *call, int err, int status, int64_t retry_at_ms,
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

static char *registry_words(const struct httpc_response *response)
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

/* True where another try is under way. wait_ms: what the peer asks for, 0 if nothing. */
static bool call_retry(struct registry_call *call, int64_t wait_ms)
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

static void retry_or_fail(struct registry_call *call, int err, int status, const char *why)
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
    AUTO(free) char *words = registry_words(response);
    bool is_limit = response->status == 429 || wait_ms > INLINE_WAIT_MS;
    call_fail(call, is_limit ? ERR_RATELIMIT : ERR_UPSTREAM, response->status,
              is_limit ? retry_at_ms : 0, "%d after %u %s%s", response->status, call->attempts,
              tries(call), words);
}

/* Tokens */

static void on_token(void *arg, int err, const char *text, int64_t retry_at_ms)
{
    struct registry_call *call = arg;
    call->token = NULL;
    if (err == 0) {
        call->token_is_fresh = true;
        call_send(call);
        return;
    }
    call->attempts++; /* the 401 that led here was none */
    if (!err_is_transient(err) || err == ERR_RATELIMIT || !call_retry(call, 0))
        call_fail(call, err, 0, retry_at_ms, "%s", text);
}

static void ask_for_token(struct registry_call *call, const struct challenge *challenge)
{
    free(call->asked_scope);
    call->asked_scope = token_scope(call->path, challenge);
    call->token = token_fetch(call->calls->tokens, call->peer->host, call->path, challenge,
                              call->calls->deadline_ms, on_token, call);
    if (!call->token)
        call_fail(call, ERR_FORBIDDEN, 401, 0, "its token server is not reached by https");
}

/* A registry may find out late that it wants another scope; the same one again is a refusal. */
static bool wants_other_scope(const struct registry_call *call, const struct challenge *challenge)
{
    if (call->is_rescoped || strcmp(challenge->error, "insufficient_scope") != 0)
        return false;
    AUTO(free) char *scope = token_scope(call->path, challenge);
    return !call->asked_scope || strcmp(scope, call->asked_scope) != 0;
}

/* Realm and service hold for the whole host; the scope is each repository's own. */
static void peer_learn(struct registry_peer *peer, const struct challenge *challenge)
{
    challenge_release(&peer->challenge);
    peer->challenge = (struct challenge){.realm = xstrdup(challenge->realm),
                                         .service = xstrdup(challenge->service),
                                         .scope = xstrdup(""),
                                         .error = xstrdup("")};
}

/* True where the token was asked for at another place than the one now named. */
static bool guessed_wrong(const struct registry_call *call, const struct challenge *challenge)
{
    const struct challenge *guess = &call->peer->challenge;
    return call->token_is_guessed && (strcmp(challenge->realm, guess->realm) != 0 ||
                                      strcmp(challenge->service, guess->service) != 0);
}

/* True where another call of this repository got a token while this request was under way. */
static bool token_came_meanwhile(const struct registry_call *call)
{
    uint64_t number = 0;
    (void)token_header(call->calls->tokens, call->peer->host, call->path, &number);
    return number != 0 && number != call->token_number;
}

static void on_unauthorized(struct registry_call *call, const struct httpc_response *response)
{
    AUTO(free) char *header = httpc_headers(response, "WWW-Authenticate");
    AUTO(challenge) struct challenge challenge = {0};
    bool has_challenge = header && challenge_parse(header, &challenge) == 0 &&
                         !challenge.is_basic && *challenge.realm;
    bool is_scope = has_challenge && wants_other_scope(call, &challenge);
    bool again =
        !call->token_is_fresh || is_scope || (has_challenge && guessed_wrong(call, &challenge));
    /* Where a redirect led to has no say in who is asked for tokens. */
    if (!has_challenge || !again || call->without_credentials) {
        AUTO(free) char *words = registry_words(response);
        call_fail(call, ERR_UNAUTHORIZED, response->status, 0, "missing or private%s", words);
        return;
    }
    peer_learn(call->peer, &challenge);
    call->attempts--; /* asking for a token is no failure */
    if (!is_scope && token_came_meanwhile(call)) {
        call->token_is_fresh = true;
        call_send(call);
        return;
    }
    call->is_rescoped = call->token_is_fresh;
    call->token_is_guessed = false;
    ask_for_token(call, &challenge);
}

/* Answers */

static bool scheme_is(const char *url, const char *scheme)
{
    return strncasecmp(url, scheme, strlen(scheme)) == 0;
}

static void on_redirect(struct registry_call *call, const struct httpc_response *response)
{
    const char *location = httpc_header(response, "Location");
    AUTO(free) char *target = location ? url_resolve(call->url, location) : NULL;
    if (!target || ++call->redirects > MAX_REDIRECTS) {
        call_fail(call, ERR_PROTO, response->status, 0,
                  target ? "redirected too often" : "redirected to nowhere");
        return;
    }
    bool is_https = scheme_is(target, "https://");
    bool is_http = scheme_is(target, "http://") && scheme_is(call->url, "http://");
    if (!is_https && !is_http) {
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

static void on_ok(struct registry_call *call, const struct httpc_response *response)
{
    struct registry_outcome outcome = {.status = response->status, .response = response};
    const char *digest = httpc_header(response, "Docker-Content-Digest");
    int digest_err = 0;
    if (!call->is_head && call->digest)
        digest_err = digest_verify(call->digest, response->body, response->body_bytes);
    if (is_html(response)) {
        call_fail(call, ERR_PROTO, response->status, 0, "the answer is an HTML page");
    } else if (call->is_head && (!digest || !digest_is_valid(digest))) {
        call->is_head = false; /* an older registry: the body tells */
        call->attempts--;
        call_send(call);
    } else if (digest_err == ERR_UNSUPPORTED) {
        call_fail(call, digest_err, response->status, 0, "its digest is of an unknown algorithm");
    } else if (digest_err) {
        retry_or_fail(call, ERR_PROTO, response->status, "its content does not have its digest");
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
        on_unauthorized(call, response);
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
    words = registry_words(response);
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
    else
        retry_or_fail(call, response->err, 0, response->error_text);
    if (is_first)
        lane_widen(&peer->lane, MAX_CALLS_PER_HOST);
}

/* Asking for the token first saves a round trip where it is known what will be asked for. False
 * where the call goes without. */
static bool token_comes_first(struct registry_call *call)
{
    const struct registry_peer *peer = call->peer;
    bool is_hub = token_is_known_beforehand(peer->host);
    if (call->without_credentials || call->token_is_fresh || (!is_hub && !peer->challenge.realm))
        return false;
    call->token_is_guessed = !is_hub;
    ask_for_token(call, is_hub ? NULL : &peer->challenge);
    return true;
}

static void call_send(void *arg)
{
    struct registry_call *call = arg;
    struct registry_calls *calls = call->calls;
    const struct registry_host *host = call->peer->host;
    const char *authorization =
        call->without_credentials
            ? ""
            : token_header(calls->tokens, host, call->path, &call->token_number);
    if (!*authorization && token_comes_first(call))
        return;
    AUTO(free) char *accept = xasprintf("Accept: %s", manifest_accept);
    const char *headers[3] = {NULL};
    int count = 0;
    if (call->accept_manifests)
        headers[count++] = accept;
    if (*authorization)
        headers[count++] = authorization;
    const struct httpc_request request = {
        .method = call->is_head ? "HEAD" : "GET",
        .url = call->url,
        .headers = headers,
        .max_body_bytes = call->max_body_bytes,
        .timeout_ms = REQUEST_TIMEOUT_MS,
        .allow_private = host->configured,
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
    call->peer = peer_of(calls, request->host);
    call->path = xstrdup(request->path);
    call->url = xstrdup(request->url);
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
    while (calls->peers) {
        struct registry_peer *peer = calls->peers;
        calls->peers = peer->next;
        challenge_release(&peer->challenge);
        free(peer);
    }
    loop_timer_free(calls->deadline_timer);
}
