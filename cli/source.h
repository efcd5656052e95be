/* Where a command's answers come from: the one seam between the commands and whatever knows images.
 * source_server.c asks a MicroBadger API; another implementation may do the work itself. Answers
 * are the public API's, byte for byte. */
#ifndef MB_SOURCE_H
#define MB_SOURCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum source_wait {
    SOURCE_NOW,      /* whatever is known at this moment */
    SOURCE_FACTS,    /* until it is something else than "nothing yet" (202) */
    SOURCE_COMPLETE, /* until the image's inspection is through, too */
};

/* Everything is borrowed for the call. */
struct source_request {
    const char *path; /* "/v1/images/nginx?platform=linux/arm64" */
    enum source_wait wait;
    /* The image whose work is waited for, as in /v1/status/{ref}; NULL: none, or more than one. */
    const char *ref;
    int64_t deadline_ms; /* as loop_now_ms() */
};

struct source_answer {
    int err;           /* 0; ERR_NETWORK, ERR_TIMEOUT, ERR_TOOBIG: there is no answer;
                          ERR_CANCELLED: interrupted */
    int status;        /* of HTTP, where err is 0; a 202 at the deadline is still a 202 */
    int retry_seconds; /* when to ask again, 0 if that is not told */
    bool is_pending;   /* SOURCE_COMPLETE was asked for and the deadline came first */
    char *error_text;  /* where err is not 0 */
    char *body;        /* NUL-terminated beyond body_bytes; never NULL */
    size_t body_bytes;
};

/* A status as /v1/status/{ref} has it, whenever one is known that differs from the last. Called
 * while source_get or source_watch runs. */
typedef void source_status(void *arg, const json_t *status, const char *text);

struct source;
struct source_ops {
    void (*get)(struct source *source, const struct source_request *request,
                struct source_answer *ret_answer);
    int (*watch)(struct source *source, const char *ref, int64_t deadline_ms,
                 struct source_answer *ret_answer);
    void (*interrupt)(struct source *source);
    void (*free)(struct source *source);
};

/* The common beginning of every implementation. */
struct source {
    const struct source_ops *ops;
    source_status *on_status; /* NULL: nobody listens */
    void *arg;
};

/* Runs the loop until there is an answer; progress goes to on_status. Caller releases. */
static inline void source_get(struct source *source, const struct source_request *request,
                              struct source_answer *ret_answer)
{
    source->ops->get(source, request, ret_answer);
}

/* Tells on_status every status of an image until a final one: 0. ERR_TIMEOUT at the deadline,
 * ERR_CANCELLED when interrupted, else ret_answer says what went wrong; caller releases it. Starts
 * no work. */
static inline int source_watch(struct source *source, const char *ref, int64_t deadline_ms,
                               struct source_answer *ret_answer)
{
    return source->ops->watch(source, ref, deadline_ms, ret_answer);
}

/* From the loop: what runs now and what is asked for later ends with ERR_CANCELLED. */
static inline void source_interrupt(struct source *source)
{
    source->ops->interrupt(source);
}

static inline void source_free(struct source *source)
{
    if (source)
        source->ops->free(source);
}

void source_answer_release(struct source_answer *answer);
/* The body as JSON, NULL if it is none. Caller owns. */
json_t *source_answer_json(const struct source_answer *answer);
/* The status in a body that is one or has one: of a comparison (A and B), that of the side which is
 * not there yet. NULL if there is none. Borrowed. */
const json_t *source_body_status(const json_t *body);
/* True for a status after which nothing comes without a new request. */
bool source_status_is_final(const json_t *status);

static inline void source_answer_cleanup(struct source_answer *answer)
{
    source_answer_release(answer);
}

#endif
