/* What a backend of queue.h provides; used by queue.c and the backends only. */
#ifndef MB_QUEUE_BACKEND_H
#define MB_QUEUE_BACKEND_H

#include "queue.h"

struct queue_ops {
    void (*send)(struct queue *, const char *body, size_t len, int64_t delay_ms, queue_done *,
                 void *);
    void (*receive)(struct queue *, int wait_ms, queue_received *, void *);
    void (*stop_receive)(struct queue *);
    void (*extend)(struct queue *, const struct queue_message *, int64_t visibility_ms,
                   queue_done *, void *);
    void (*delete)(struct queue *, const struct queue_message *, queue_done *, void *);
    /* Atomic where it can be; NULL ops->complete or a false answer: send, then delete. */
    bool (*complete)(struct queue *, const struct queue_message *, struct queue *next,
                     const char *body, size_t len, queue_done *, void *);
    void (*defer)(struct queue *, const struct queue_message *, const char *body, size_t len,
                  int64_t delay_ms, queue_done *, void *);
    void (*dead)(struct queue *, const struct queue_message *, const char *reason, queue_done *,
                 void *);
    void (*depth)(struct queue *, queue_depth_done *, void *);
    void (*check)(struct queue *, queue_done *, void *);
    bool (*is_healthy)(const struct queue *);
    const char *(*last_error)(const struct queue *);
    void (*free)(struct queue *);
};

/* The first member of every backend's own struct. */
struct queue {
    const struct queue_ops *ops;
    struct loop *loop;
    struct queue_options options;
    char *name;
};

/* A static sentence that says what is wrong with the URL, NULL if nothing is. */
const char *queue_redis_url_problem(const char *url);
struct queue *queue_redis_new(struct loop *loop, const char *url,
                              const struct queue_options *options);
const char *queue_sqs_url_problem(const char *url);
struct queue *queue_sqs_new(struct loop *loop, struct httpc *httpc, const char *url,
                            const struct queue_options *options);

#endif
