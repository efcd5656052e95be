#include <string.h>

#include "challenge.h"
#include "err.h"
#include "httpc.h"
#include "mem.h"
#include "registries.h"
#include "registry_auth.h"
#include "registry_call_internal.h"
#include "registry_peer.h"
#include "registry_token.h"

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

bool call_token_comes_first(struct registry_call *call)
{
    const struct registry_peer *peer = call->peer;
    bool is_hub = token_is_known_beforehand(peer->host);
    if (call->without_credentials || call->token_is_fresh || (!is_hub && !peer_has_realm(peer)))
        return false;
    call->token_is_guessed = !is_hub;
    ask_for_token(call, is_hub ? NULL : &peer->challenge);
    return true;
}

char *call_authorization(struct registry_call *call)
{
    const struct registry_calls *calls = call->calls;
    const struct registry_peer *peer = call->peer;
    call->sent_basic = false;
    if (call->without_credentials)
        return NULL;
    if (peer->challenge.is_basic) {
        char *basic = registry_auth_basic(calls->auth, peer->host, call->path);
        call->sent_basic = basic != NULL;
        return basic;
    }
    const char *bearer = token_header(calls->tokens, peer->host, call->path, &call->token_number);
    return *bearer ? xstrdup(bearer) : NULL;
}

/* A registry may find out late that it wants another scope; the same one again is a refusal. */
static bool wants_other_scope(const struct registry_call *call, const struct challenge *challenge)
{
    if (call->is_rescoped || strcmp(challenge->error, "insufficient_scope") != 0)
        return false;
    AUTO(free) char *scope = token_scope(call->path, challenge);
    return !call->asked_scope || strcmp(scope, call->asked_scope) != 0;
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

static void call_refused(struct registry_call *call, const struct httpc_response *response)
{
    AUTO(free) char *words = call_words(response);
    call_fail(call, ERR_UNAUTHORIZED, 401, 0, "missing or private%s", words);
}

static void on_bearer(struct registry_call *call, const struct challenge *challenge,
                      const struct httpc_response *response)
{
    bool is_scope = wants_other_scope(call, challenge);
    if (call->token_is_fresh && !is_scope && !guessed_wrong(call, challenge)) {
        call_refused(call, response);
        return;
    }
    peer_learn(call->peer, challenge);
    call->attempts--; /* asking for a token is no failure */
    if (!is_scope && token_came_meanwhile(call)) {
        call->token_is_fresh = true;
        call_send(call);
        return;
    }
    call->is_rescoped = call->token_is_fresh;
    call->token_is_guessed = false;
    ask_for_token(call, challenge);
}

static void on_basic(struct registry_call *call, const struct challenge *challenge,
                     const struct httpc_response *response)
{
    const struct registry_calls *calls = call->calls;
    AUTO(free) char *header = registry_auth_basic(calls->auth, call->peer->host, call->path);
    if (call->sent_basic || !header) {
        call_refused(call, response);
        return;
    }
    peer_learn(call->peer, challenge);
    call->attempts--;
    call_send(call);
}

/* Only /v2/ itself says how to get in, at some registries. Until it has answered, its host counts
 * as not known: the next calls wait. */
static void on_ping(void *arg, const struct httpc_response *response)
{
    struct registry_call *call = arg;
    struct registry_peer *peer = call->peer;
    AUTO(challenge) struct challenge challenge = {0};
    AUTO(free)
    char *header = response->err ? NULL : httpc_headers(response, "WWW-Authenticate");
    bool is_failure = response->err || response->status == 429 || response->status >= 500;
    bool has_challenge = header && challenge_parse(header, &challenge) == 0;
    call->request = NULL;
    peer->is_known = true;
    peer->was_pinged = !is_failure;
    if (has_challenge && challenge.is_basic)
        on_basic(call, &challenge, response);
    else if (has_challenge && *challenge.realm)
        on_bearer(call, &challenge, response);
    else if (is_failure)
        call_retry_or_fail(call, response->err ? response->err : ERR_UPSTREAM, response->status,
                           "its /v2/ does not say how to get in");
    else
        call_refused(call, response);
    lane_widen(&peer->lane, MAX_CALLS_PER_HOST);
}

static void call_ping(struct registry_call *call)
{
    const struct registry_host *host = call->peer->host;
    AUTO(free) char *url = xasprintf("%s/v2/", host->base_url);
    const struct httpc_request request = {
        .method = "GET",
        .url = url,
        .timeout_ms = REQUEST_TIMEOUT_MS,
        .allow_private = registry_host_allows_private(host, url),
    };
    call->peer->is_known = false;
    call->peer->was_pinged = true;
    call->calls->requests++;
    call->request = httpc_start(call->calls->httpc, &request, on_ping, call);
}

void call_on_unauthorized(struct registry_call *call, const struct httpc_response *response)
{
    AUTO(free) char *header = httpc_headers(response, "WWW-Authenticate");
    AUTO(challenge) struct challenge challenge = {0};
    bool has_challenge = header && challenge_parse(header, &challenge) == 0;
    bool asks_for_token = has_challenge && !challenge.is_basic && *challenge.realm;
    /* Where a redirect led to has no say in who is asked for tokens. */
    bool is_own = !call->without_credentials;
    if (is_own && asks_for_token)
        on_bearer(call, &challenge, response);
    else if (is_own && has_challenge && challenge.is_basic)
        on_basic(call, &challenge, response);
    else if (is_own && !header && !call->peer->was_pinged)
        call_ping(call);
    else
        call_refused(call, response);
}
