/* Shared by registry_call.c (the exchange) and registry_access.c (what lets it in). */
#ifndef MB_REGISTRY_CALL_INTERNAL_H
#define MB_REGISTRY_CALL_INTERNAL_H

#include "registry_call.h"
#include "registry_lane.h"

struct loop_timer;
struct registry_peer;
struct token_wait;

#define MAX_CALLS_PER_HOST 16
#define REQUEST_TIMEOUT_MS 30000

struct registry_call {
    struct registry_calls *calls;
    struct registry_call *next, *prev;
    struct registry_peer *peer;
    struct lane_turn turn;

    char *path, *url, *what, *digest;
    char *asked_scope; /* of the token that this call asked for; NULL: none yet */
    bool is_head;
    bool accept_manifests;
    bool is_raw; /* the last body could not be decoded: this one is taken as it comes */
    size_t max_body_bytes;

    unsigned attempts; /* that failed, and the one under way */
    unsigned redirects;
    uint64_t token_number;    /* of the token that went out with the last request; 0: none */
    bool token_is_fresh;      /* asked for by this call: another 401 is final */
    bool token_is_guessed;    /* from the peer's challenge, not from an answer to this call */
    bool is_rescoped;         /* after insufficient_scope, which is tried once */
    bool sent_basic;          /* the last request had user and password */
    bool without_credentials; /* its URL is on another origin than the registry, or has been */
    struct httpc_call *request;
    struct token_wait *token;
    struct loop_timer *pause;

    registry_call_done *done;
    void *arg;
};

/* Sends it, or what must come before it. A timer's callback: arg is the call. */
void call_send(void *arg);
/* Ends the call. */
void call_fail(struct registry_call *call, int err, int status, int64_t retry_at_ms,
               const char *format, ...) __attribute__((format(printf, 5, 6)));
/* True where another try is under way. wait_ms: what the peer asks for, 0 if nothing. */
bool call_retry(struct registry_call *call, int64_t wait_ms);
void call_retry_or_fail(struct registry_call *call, int err, int status, const char *why);
/* The registry's own words with a blank before them, "" if none. Caller frees. */
char *call_words(const struct httpc_response *response);

/* registry_access.c */

/* The header that goes with the next request; NULL: none. Caller frees. */
char *call_authorization(struct registry_call *call);
/* Asking for the token first saves a round trip where it is known what will be asked for. False
 * where the call goes without. */
bool call_token_comes_first(struct registry_call *call);
/* Goes on with what a 401 asks for, or ends the call. */
void call_on_unauthorized(struct registry_call *call, const struct httpc_response *response);

#endif
