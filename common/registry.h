/* Client of the OCI distribution API (distribution-spec) for all allowed registries: bearer tokens
 * by challenge and per repository, retries with backoff, redirects by hand without credentials,
 * every body capped and every digest checked. Requests run side by side in the loop; a worker
 * starts some and waits for their `done`. */
#ifndef MB_REGISTRY_H
#define MB_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "reference.h"

struct budget;
struct httpc;
struct loop;
struct registries;
struct registry;
struct registry_auth;

struct registry *registry_new(struct loop *loop, struct httpc *httpc,
                              const struct registries *registries);
/* From now on registries and their own token servers get these credentials. Borrowed. */
void registry_use_auth(struct registry *registry, struct registry_auth *auth);
/* Nothing may be under way any more. NULL is fine. */
void registry_free(struct registry *registry);
/* For all requests from now on: what is not done at loop time deadline_ms ends with ERR_TIMEOUT. */
void registry_set_deadline(struct registry *registry, int64_t deadline_ms);

/* From now on GETs of manifests are taken from this budget: ERR_RATELIMIT where it is spent. NULL:
 * from none. Borrowed. */
void registry_set_budget(struct registry *registry, struct budget *budget);
/* True: what is asked for from now on is what somebody waits for, and may spend what is kept. */
void registry_set_wanted(struct registry *registry, bool is_wanted);

enum registry_what {
    REGISTRY_HEAD_MANIFEST, /* digest and media type only; falls back to GET where HEAD fails */
    REGISTRY_GET_MANIFEST,
    REGISTRY_GET_BLOB, /* a config, not a layer */
};

#define REGISTRY_ERROR_BYTES 200
#define REGISTRY_MAX_BLOB_BYTES (8u << 20)

/* One request. Zero it, set the first members; it must not move until done. The results are valid
 * when done; registry_fetch_release frees them. */
struct registry_fetch {
    enum registry_what what;
    char reference[DIGEST_BYTES]; /* a tag or a digest; a digest for blobs */
    size_t max_body_bytes;        /* 0: 4 MiB for manifests, REGISTRY_MAX_BLOB_BYTES */

    bool done;
    int err;
    char error_text[REGISTRY_ERROR_BYTES]; /* for a person, where err is not 0 */
    int64_t retry_at_ms;                   /* wall time, where err is ERR_RATELIMIT; else 0 */
    char digest[DIGEST_BYTES];             /* verified where there is a body */
    char *media_type;                      /* without parameters; "" if the registry said none */
    char *body;
    size_t body_bytes;
    struct registry_call *call; /* while under way */
};

/* The tags of a repository, all pages. null entries and what is no valid tag are dropped. */
struct registry_tags {
    bool done;
    int err;
    char error_text[REGISTRY_ERROR_BYTES];
    int64_t retry_at_ms;
    char **names;
    size_t count;
    char **
        attachments; /* tags that are none, but keep what is attached to a digest (attachments.h) */
    size_t attachment_count;
    bool truncated; /* over REGISTRY_MAX_TAGS or the byte cap: the rest is left out */
    struct registry_call *call;
};
#define REGISTRY_MAX_TAGS 250000

/* ERR_FORBIDDEN in the result where the registry is not on the allow list. repository is borrowed
 * until done. At most 16 requests to one host are under way; more wait their turn in order. */
void registry_fetch_start(struct registry *registry, const struct reference *repository,
                          struct registry_fetch *fetch);
void registry_fetch_cancel(struct registry_fetch *fetch);
void registry_fetch_release(struct registry_fetch *fetch);

void registry_tags_start(struct registry *registry, const struct reference *repository,
                         struct registry_tags *tags);
void registry_tags_cancel(struct registry_tags *tags);
void registry_tags_release(struct registry_tags *tags);

/* Whether what ended with err may be had another time. Wrong content was asked for several times
 * already: it is as good as gone. */
bool registry_may_have_it_later(int err);

/* Requests sent since the start, for metrics and tests. */
int64_t registry_requests(const struct registry *registry);

#endif
