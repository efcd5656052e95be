/* One request to a registry, seen through to its end: token, redirects, retries, rate limits. Used
 * by registry.c only. */
#ifndef MB_REGISTRY_CALL_H
#define MB_REGISTRY_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "registry.h"

struct budget;
struct httpc_response;
struct registry_auth;
struct registry_call;
struct registry_host;
struct token_cache;

/* Shared by the calls of one registry client. */
struct registry_calls {
    struct loop *loop;
    struct httpc *httpc;
    struct token_cache *tokens;
    struct registry_auth *auth;  /* for Basic; NULL: none */
    struct budget *budget;       /* may be NULL */
    struct registry_peer *peers; /* one for each host */
    struct registry_call *first; /* all calls, for the deadline */
    struct loop_timer *deadline_timer;
    int64_t deadline_ms;
    int64_t requests;
};

struct registry_request {
    const struct registry_host *host;
    const char *path;   /* the repository's, copied */
    const char *url;    /* copied; credentials go with it on the registry's own origin only */
    const char *what;   /* "manifest 1.27", for error texts; copied */
    const char *digest; /* what the body must have; NULL: not known; copied */
    bool is_head;       /* turned into GET where HEAD does not do */
    bool accept_manifests;
    size_t max_body_bytes;
};

struct registry_outcome {
    int err;
    char error_text[REGISTRY_ERROR_BYTES];
    int64_t retry_at_ms;
    int status;                            /* of the last answer, 0 if none */
    const struct httpc_response *response; /* where err is 0: 200 */
    const char *url;                       /* that it is of, after redirects */
    bool was_head;                         /* the answer has no body because HEAD was enough */
};

/* Called once, from the loop; the outcome is borrowed for the call. */
typedef void registry_call_done(void *arg, const struct registry_outcome *outcome);

struct registry_call *registry_call_start(struct registry_calls *calls,
                                          const struct registry_request *request,
                                          registry_call_done *done, void *arg);
/* No callback comes after this. NULL is fine. */
void registry_call_cancel(struct registry_call *call);
/* The arg it was started with. */
void *registry_call_arg(const struct registry_call *call);
/* All calls end with ERR_TIMEOUT at deadline_ms. */
void registry_calls_set_deadline(struct registry_calls *calls, int64_t deadline_ms);
void registry_calls_release(struct registry_calls *calls);

#endif
