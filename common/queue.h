/* A queue with at-least-once semantics, over SQS or Redis Streams, chosen by URL:
 *   https://sqs.REGION.amazonaws.com/ACCOUNT/NAME   (or any SQS-compatible endpoint, http too)
 *   redis://HOST/DB?stream=NAME                     (rediss:, unix: too)
 * Every consumer must be idempotent. All operations are asynchronous: done comes once, later, from
 * the loop; workers use the _wait forms. */
#ifndef MB_QUEUE_H
#define MB_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct httpc;
struct loop;
struct queue;

/* One received message; freed with queue_message_free. */
struct queue_message {
    char *id;
    char *receipt; /* SQS receipt handle; the entry id on Redis */
    char *body;
    size_t body_bytes;
    int receive_count; /* 1 on the first receive; 1 where the server does not tell */
    int64_t sent_ms;   /* wall time it was enqueued, 0 where unknown */
};

/* Counts; -1 where the backend does not tell. */
struct queue_depth {
    int64_t waiting;
    int64_t in_flight;
    int64_t delayed;
    int64_t oldest_age_ms;
};

struct queue_options {
    int visibility_ms; /* lease of a received message */
    int max_receives;  /* above it a message counts as poison: the caller sends it to dead */
};

/* ERR_INVALID with a reason in ret_why (caller frees) if the URL is of neither kind. */
int queue_url_check(const char *url, char **ret_why);

/* url has passed queue_url_check. httpc may be NULL where the URL is a Redis one. */
struct queue *queue_new(struct loop *loop, struct httpc *httpc, const char *url,
                        const struct queue_options *options);
/* Cancels what is under way with ERR_CANCELLED. NULL is fine. */
void queue_free(struct queue *queue);

/* "inspection": the last part of the SQS URL or the stream; for logs and metrics. Borrowed. */
const char *queue_name(const struct queue *queue);

typedef void queue_done(void *arg, int err);
/* message is the callee's to free; NULL with err 0: nothing came within the wait. */
typedef void queue_received(void *arg, int err, struct queue_message *message);
typedef void queue_depth_done(void *arg, int err, const struct queue_depth *depth);

/* body is copied. delay_ms up to 900,000. */
void queue_send(struct queue *queue, const char *body, size_t body_bytes, int64_t delay_ms,
                queue_done *done, void *arg);
/* One message at most; wait_ms up to 20,000. One receive at a time for each queue. */
void queue_receive(struct queue *queue, int wait_ms, queue_received *done, void *arg);
/* Ends a receive that is under way early where that is safe (Redis); on SQS it does nothing,
 * since an abandoned poll may swallow a message: wait for it. */
void queue_stop_receive(struct queue *queue);
/* The lease now lasts visibility_ms from now (on Redis at most the queue's visibility); 0 makes the
 * message visible at once. ERR_CONFLICT: the lease is lost, another worker may hold the message. */
void queue_extend(struct queue *queue, const struct queue_message *message, int64_t visibility_ms,
                  queue_done *done, void *arg);
/* A message that is gone already is no error. On Redis only the owner's delete counts
 * (ERR_CONFLICT). */
void queue_delete(struct queue *queue, const struct queue_message *message, queue_done *done,
                  void *arg);
/* Sends `next_body` to `next` (both NULL: nothing to send), then deletes the message: one script
 * where both queues are in one Redis database, else send, then delete. */
void queue_complete(struct queue *queue, const struct queue_message *message, struct queue *next,
                    const char *next_body, size_t next_bytes, queue_done *done, void *arg);
/* A fresh copy with `body` after delay_ms, then deletes the message: no receive is counted. */
void queue_defer(struct queue *queue, const struct queue_message *message, const char *body,
                 size_t body_bytes, int64_t delay_ms, queue_done *done, void *arg);
/* Moves the message to the dead queue, with its reason. On SQS the dead queue is the target of the
 * queue's redrive policy. */
void queue_dead(struct queue *queue, const struct queue_message *message, const char *reason,
                queue_done *done, void *arg);
void queue_depth(struct queue *queue, queue_depth_done *done, void *arg);
/* At a worker's start: the queue exists (a Redis group is created) and an SQS redrive policy fits
 * (maxReceiveCount at least max_receives + 3). ERR_INVALID with a reason in queue_last_error. */
void queue_check(struct queue *queue, queue_done *done, void *arg);
/* True until the backend fails, and again once it answers: for readiness, makes no call. */
bool queue_is_healthy(const struct queue *queue);
/* Why it is not, for readiness; NULL where it is. One line, no secrets. Borrowed until the loop
 * runs. */
const char *queue_problem(const struct queue *queue);
/* Text of the last failure, "" if none; names no secret. Borrowed. */
const char *queue_last_error(const struct queue *queue);

/* Waiting forms for a worker's sequential code; ERR_TIMEOUT after an internal deadline. */
int queue_send_wait(struct queue *queue, const char *body, size_t body_bytes, int64_t delay_ms);
int queue_receive_wait(struct queue *queue, int wait_ms, struct queue_message **ret_message);
int queue_extend_wait(struct queue *queue, const struct queue_message *message,
                      int64_t visibility_ms);
int queue_delete_wait(struct queue *queue, const struct queue_message *message);
int queue_complete_wait(struct queue *queue, const struct queue_message *message,
                        struct queue *next, const char *next_body, size_t next_bytes);
int queue_defer_wait(struct queue *queue, const struct queue_message *message, const char *body,
                     size_t body_bytes, int64_t delay_ms);
int queue_dead_wait(struct queue *queue, const struct queue_message *message, const char *reason);
int queue_depth_wait(struct queue *queue, struct queue_depth *ret_depth);
int queue_check_wait(struct queue *queue);

void queue_message_free(struct queue_message *message);

static inline void queue_message_cleanup(struct queue_message **message)
{
    queue_message_free(*message);
}

#endif
