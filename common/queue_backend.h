/* What queue.c asks of a backend; for queue*.c only. */
#ifndef MB_QUEUE_BACKEND_H
#define MB_QUEUE_BACKEND_H

#include "queue.h"

struct url;
struct queue_relay;

/* The operations are those of queue.h. */
struct queue_backend {
    /* Ends what is under way with ERR_CANCELLED and frees the backend's own parts. */
    void (*release)(struct queue *queue);
    void (*send)(struct queue *queue, const char *body, size_t body_bytes, int64_t delay_ms,
                 queue_done *done, void *arg);
    void (*receive)(struct queue *queue, int wait_ms, queue_received *done, void *arg);
    void (*stop_receive)(struct queue *queue);
    void (*extend)(struct queue *queue, const struct queue_message *message, int64_t visibility_ms,
                   queue_done *done, void *arg);
    void (*delete_message)(struct queue *queue, const struct queue_message *message,
                           queue_done *done, void *arg);
    /* True where a body can be sent to `next` and the message deleted in one step, by `move`.
     * NULL: never. */
    bool (*can_move)(const struct queue *queue, const struct queue *next);
    void (*move)(struct queue *queue, const struct queue_message *message, struct queue *next,
                 const char *body, size_t body_bytes, int64_t delay_ms, queue_done *done,
                 void *arg);
    void (*dead)(struct queue *queue, const struct queue_message *message, const char *reason,
                 queue_done *done, void *arg);
    void (*depth)(struct queue *queue, queue_depth_done *done, void *arg);
    void (*check)(struct queue *queue, queue_done *done, void *arg);
    /* Why no call can work now, as is known without one; NULL: nothing. */
    const char *(*problem)(const struct queue *queue);
};

/* The head of each backend's own structure. */
struct queue {
    const struct queue_backend *backend;
    struct loop *loop;
    char *url;
    char *name;
    struct queue_options options;
    struct queue_relay *relays;
    int64_t failed_ms; /* loop time of a failure after which nothing worked; 0: none */
    char last_error[240];
};

struct queue *queue_redis_new(struct loop *loop, const char *url,
                              const struct queue_options *options);
/* NULL or why the URL is not one of this kind; static or AWS's texts. */
char *queue_redis_problem(const char *url, const struct url *parts);
struct queue *queue_sqs_new(struct loop *loop, struct httpc *httpc, const char *url,
                            const struct queue_options *options);
char *queue_sqs_problem(const char *url, const struct url *parts);

/* Fills the head. */
void queue_init(struct queue *queue, const struct queue_backend *backend, struct loop *loop,
                const char *url, const char *name, const struct queue_options *options);

/* Every answer of a backend passes one of the first two, for queue_problem and queue_last_error.
 * The third is for what was never sent: `problem` tells of that while it lasts. */
void queue_works(struct queue *queue);
void queue_fails(struct queue *queue, const char *text);
void queue_note_error(struct queue *queue, const char *text);

#endif
