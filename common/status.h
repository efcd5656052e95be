/* The state of one repository's work, kept in Redis as a hash, and the marker that keeps a thousand
 * clients from sending a thousand messages. Names are canonical ("docker.io/library/nginx").
 *
 *   mb:1:status:<name>      hash: status, stage, done, total, submitted_ms, updated_ms, retry_ms,
 *                           error, revision
 *   mb:1:job:<name>         the marker: a short lease, renewed by the worker that holds the job
 *   mb:1:hook:<name>        when the last inspection for a webhook starts or started, in ms
 *   mb:1:rate:<client>      submissions in the minute that its lifetime ends; "all": everybody's
 *   mb:1:frontier:<queue>   sent_ms of what that queue's workers received last, "now" when they
 *                           found it empty: what was sent later still waits its turn there */
#ifndef MB_STATUS_H
#define MB_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "redis.h"

enum image_status {
    STATUS_UNKNOWN, /* never asked for, or forgotten */
    STATUS_SUBMITTED,
    STATUS_INSPECTING,
    STATUS_SIZE,
    STATUS_INSPECTED,
    STATUS_MISSING,
    STATUS_FAILED,
};

enum image_stage {
    STAGE_QUEUED,
    STAGE_TAGS,
    STAGE_MANIFESTS,
    STAGE_LAYERS,
    STAGE_WAITING_RATE_LIMIT,
    STAGE_REFRESHING,
    STAGE_DONE,
};

struct status {
    enum image_status status;
    enum image_stage stage;
    int64_t done; /* versions */
    int64_t total;
    int64_t submitted_ms; /* wall time, 0 if not set, as all below */
    int64_t updated_ms;
    int64_t retry_ms; /* not enqueued before */
    int64_t revision;
    char *error; /* "" if none */
};

const char *image_status_str(enum image_status status); /* "FAILED_INSPECTION", ... */
const char *image_stage_str(enum image_stage stage);    /* "waiting-rate-limit", ... */
/* True for INSPECTED with stage done, MISSING and FAILED: no change comes without a new request. */
bool status_is_final(const struct status *status);

void status_release(struct status *status);
/* From the reply to HMGET of status_fields; the reply stays the caller's. */
#define STATUS_FIELDS                                                                              \
    "status", "stage", "done", "total", "submitted_ms", "updated_ms", "retry_ms", "revision",      \
        "error"
#define STATUS_FIELD_COUNT 9
void status_from_reply(const struct redis_reply *fields, struct status *ret_status);

/* status is borrowed for the call; NULL when err is not 0. */
typedef void status_read_done(void *arg, int err, const struct status *status);
void status_read(struct redis *redis, const char *name, status_read_done *done, void *arg);

enum submit_cause {
    SUBMIT_READ,     /* somebody reads what is unknown or old: limits count it */
    SUBMIT_HOOK,     /* a webhook says that the image has changed */
    SUBMIT_OPERATOR, /* an operator wants it inspected now */
};

enum submit_result {
    SUBMIT_GO,      /* the marker is ours: send the message, then status_submitted() */
    SUBMIT_BUSY,    /* a job holds the marker, or the message still waits its turn in a queue */
    SUBMIT_LATER,   /* retry_ms lies ahead */
    SUBMIT_AFTER,   /* a hook's: send the message with a delay of wait_ms; the marker is not ours */
    SUBMIT_LIMITED, /* the client's share is used up for wait_ms */
    SUBMIT_FULL,    /* all clients' share is */
};

struct status_submission {
    const char *name;
    enum submit_cause cause;
    const char *client;   /* SUBMIT_READ: whose share it is */
    int64_t client_limit; /* submissions a minute, 0: no limit */
    int64_t total_limit;
    int64_t keep_seconds;
};

typedef void status_submit_done(void *arg, int err, enum submit_result result, int64_t wait_ms);
/* Takes the marker for a short lease and writes SUBMITTED (an INSPECTED image keeps its status and
 * shows stage refreshing), in one script. Only SUBMIT_READ looks at retry_ms and at the limits.
 * Hooks start one inspection in HOOK_INTERVAL_MS an image; one that comes sooner, or while a job is
 * under way that may have read the tags already, starts one at the interval's end. */
#define HOOK_INTERVAL_MS 30000
void status_submit(struct redis *redis, const struct status_submission *submission,
                   status_submit_done *done, void *arg);
/* After a successful send: lengthens the marker. Fire and forget. */
void status_submitted(struct redis *redis, const char *name);
/* After a failed send: lets the marker go and takes the status back. Fire and forget. */
void status_submit_failed(struct redis *redis, const char *name);

/* After a failed send for a hook: the next one starts an inspection at once. Fire and forget. */
void status_hook_failed(struct redis *redis, const char *name);

/* The notice channel of the database that url names: "mb:1:notice:0". Caller frees. A notice's text
 * is the image's canonical name. */
char *notice_channel(const char *url);

#endif
