#include "queue.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "loop.h"
#include "mem.h"
#include "queue_backend.h"

/* Every operation ends by itself well before; this only keeps a defect from blocking a worker. */
#define WAIT_CAP_MS (5 * 60 * 1000)

static bool is_sqs(const char *url)
{
    return strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
}

int queue_url_check(const char *url, char **ret_why)
{
    const char *problem = is_sqs(url) ? queue_sqs_url_problem(url) : queue_redis_url_problem(url);
    if (!problem)
        return 0;
    *ret_why = xstrdup(problem);
    return ERR_INVALID;
}

struct queue *queue_new(struct loop *loop, struct httpc *httpc, const char *url,
                        const struct queue_options *options)
{
    return is_sqs(url) ? queue_sqs_new(loop, httpc, url, options)
                       : queue_redis_new(loop, url, options);
}

void queue_free(struct queue *queue)
{
    if (queue)
        queue->ops->free(queue);
}

const char *queue_name(const struct queue *queue)
{
    return queue->name;
}

void queue_send(struct queue *queue, const char *body, size_t body_bytes, int64_t delay_ms,
                queue_done *done, void *arg)
{
    queue->ops->send(queue, body, body_bytes, delay_ms, done, arg);
}

void queue_receive(struct queue *queue, int wait_ms, queue_received *done, void *arg)
{
    queue->ops->receive(queue, wait_ms, done, arg);
}

void queue_stop_receive(struct queue *queue)
{
    queue->ops->stop_receive(queue);
}

void queue_extend(struct queue *queue, const struct queue_message *message, int64_t visibility_ms,
                  queue_done *done, void *arg)
{
    queue->ops->extend(queue, message, visibility_ms, done, arg);
}

void queue_delete(struct queue *queue, const struct queue_message *message, queue_done *done,
                  void *arg)
{
    queue->ops->delete (queue, message, done, arg);
}

/* Send, then delete, for queues that do not share a server. */
struct completing {
    struct queue *queue;
    struct queue_message message; /* a copy of what deleting needs */
    queue_done *done;
    void *arg;
};

static void completing_end(struct completing *completing, int err)
{
    queue_done *done = completing->done;
    void *arg = completing->arg;
    free(completing->message.id);
    free(completing->message.receipt);
    free(completing);
    done(arg, err);
}

static void on_completed_delete(void *arg, int err)
{
    completing_end(arg, err);
}

static void on_completed_send(void *arg, int err)
{
    struct completing *completing = arg;
    if (err)
        completing_end(completing, err);
    else
        queue_delete(completing->queue, &completing->message, on_completed_delete, completing);
}

void queue_complete(struct queue *queue, const struct queue_message *message, struct queue *next,
                    const char *next_body, size_t next_bytes, queue_done *done, void *arg)
{
    if (!next) {
        queue_delete(queue, message, done, arg);
        return;
    }
    if (queue->ops == next->ops && queue->ops->complete &&
        queue->ops->complete(queue, message, next, next_body, next_bytes, done, arg))
        return;
    struct completing *completing = xcalloc(1, sizeof(*completing));
    completing->queue = queue;
    completing->message.id = xstrdup(message->id);
    completing->message.receipt = xstrdup(message->receipt);
    completing->done = done;
    completing->arg = arg;
    queue_send(next, next_body, next_bytes, 0, on_completed_send, completing);
}

void queue_defer(struct queue *queue, const struct queue_message *message, const char *body,
                 size_t body_bytes, int64_t delay_ms, queue_done *done, void *arg)
{
    queue->ops->defer(queue, message, body, body_bytes, delay_ms, done, arg);
}

void queue_dead(struct queue *queue, const struct queue_message *message, const char *reason,
                queue_done *done, void *arg)
{
    queue->ops->dead(queue, message, reason, done, arg);
}

void queue_depth(struct queue *queue, queue_depth_done *done, void *arg)
{
    queue->ops->depth(queue, done, arg);
}

void queue_check(struct queue *queue, queue_done *done, void *arg)
{
    queue->ops->check(queue, done, arg);
}

bool queue_is_healthy(const struct queue *queue)
{
    return queue->ops->is_healthy(queue);
}

const char *queue_last_error(const struct queue *queue)
{
    return queue->ops->last_error(queue);
}

void queue_message_free(struct queue_message *message)
{
    if (!message)
        return;
    free(message->id);
    free(message->receipt);
    free(message->body);
    free(message);
}

/* Waiting forms. On the heap: should the cap ever strike, the callback may still come. */

struct queue_wait {
    bool done;
    bool abandoned;
    int err;
    struct queue_message *message;
    struct queue_depth depth;
};

static bool wait_end(struct queue_wait *wait, int err)
{
    wait->err = err;
    wait->done = true;
    if (!wait->abandoned)
        return true;
    free(wait);
    return false;
}

static void on_wait_done(void *arg, int err)
{
    (void)wait_end(arg, err);
}

static void on_wait_received(void *arg, int err, struct queue_message *message)
{
    struct queue_wait *wait = arg;
    wait->message = message;
    if (!wait_end(wait, err))
        queue_message_free(message);
}

static void on_wait_depth(void *arg, int err, const struct queue_depth *depth)
{
    struct queue_wait *wait = arg;
    if (depth)
        wait->depth = *depth;
    (void)wait_end(wait, err);
}

static struct queue_wait *wait_new(void)
{
    return xcalloc(1, sizeof(struct queue_wait));
}

static int wait_for(struct queue *queue, struct queue_wait *wait, struct queue_wait *ret_copy)
{
    if (!loop_run_until(queue->loop, &wait->done, loop_now_ms(queue->loop) + WAIT_CAP_MS)) {
        wait->abandoned = true;
        return ERR_TIMEOUT;
    }
    int err = wait->err;
    if (ret_copy)
        *ret_copy = *wait;
    free(wait);
    return err;
}

int queue_send_wait(struct queue *queue, const char *body, size_t body_bytes, int64_t delay_ms)
{
    struct queue_wait *wait = wait_new();
    queue_send(queue, body, body_bytes, delay_ms, on_wait_done, wait);
    return wait_for(queue, wait, NULL);
}

int queue_receive_wait(struct queue *queue, int wait_ms, struct queue_message **ret_message)
{
    struct queue_wait result = {0};
    struct queue_wait *wait = wait_new();
    queue_receive(queue, wait_ms, on_wait_received, wait);
    int err = wait_for(queue, wait, &result);
    if (err == 0)
        *ret_message = result.message;
    return err;
}

int queue_extend_wait(struct queue *queue, const struct queue_message *message,
                      int64_t visibility_ms)
{
    struct queue_wait *wait = wait_new();
    queue_extend(queue, message, visibility_ms, on_wait_done, wait);
    return wait_for(queue, wait, NULL);
}

int queue_delete_wait(struct queue *queue, const struct queue_message *message)
{
    struct queue_wait *wait = wait_new();
    queue_delete(queue, message, on_wait_done, wait);
    return wait_for(queue, wait, NULL);
}

int queue_complete_wait(struct queue *queue, const struct queue_message *message,
                        struct queue *next, const char *next_body, size_t next_bytes)
{
    struct queue_wait *wait = wait_new();
    queue_complete(queue, message, next, next_body, next_bytes, on_wait_done, wait);
    return wait_for(queue, wait, NULL);
}

int queue_defer_wait(struct queue *queue, const struct queue_message *message, const char *body,
                     size_t body_bytes, int64_t delay_ms)
{
    struct queue_wait *wait = wait_new();
    queue_defer(queue, message, body, body_bytes, delay_ms, on_wait_done, wait);
    return wait_for(queue, wait, NULL);
}

int queue_dead_wait(struct queue *queue, const struct queue_message *message, const char *reason)
{
    struct queue_wait *wait = wait_new();
    queue_dead(queue, message, reason, on_wait_done, wait);
    return wait_for(queue, wait, NULL);
}

int queue_depth_wait(struct queue *queue, struct queue_depth *ret_depth)
{
    struct queue_wait result = {0};
    struct queue_wait *wait = wait_new();
    queue_depth(queue, on_wait_depth, wait);
    int err = wait_for(queue, wait, &result);
    if (err == 0)
        *ret_depth = result.depth;
    return err;
}

int queue_check_wait(struct queue *queue)
{
    struct queue_wait *wait = wait_new();
    queue_check(queue, on_wait_done, wait);
    return wait_for(queue, wait, NULL);
}
