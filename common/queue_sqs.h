/* The SQS backend's inside; for queue_sqs*.c only. */
#ifndef MB_QUEUE_SQS_H
#define MB_QUEUE_SQS_H

#include "queue_backend.h"

struct queue_sqs {
    struct queue queue;
    struct sqs_client *client;
    char *dead_url; /* NULL before the redrive policy is known */

    /* The one poll */
    queue_received *received; /* NULL: none is under way */
    void *received_arg;
    struct sqs_call *poll; /* NULL: its answer is there */
    bool stopping;
    int wait_ms;
    int64_t started_ms;
    struct loop_timer *timer;
};

/* Notes how the queue's server did; gives err back. */
int queue_sqs_result(struct queue_sqs *queue, int err, const char *error_text);
/* Rounded up: a lease is never shorter than asked for. */
int queue_sqs_seconds(int64_t ms, int max_seconds);

void queue_sqs_receive(struct queue *base, int wait_ms, queue_received *done, void *arg);
void queue_sqs_stop_receive(struct queue *base);
void queue_sqs_receive_release(struct queue_sqs *queue);

#endif
