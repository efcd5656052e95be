/* The waiting forms of queue.h. */
#include "queue_backend.h"

#include "err.h"
#include "loop.h"
#include "mem.h"

/* The backends end every operation themselves, each attempt with its own deadline; these stand
 * behind them. */
#define OPERATION_DEADLINE_MS INT64_C(90000)

/* On the heap: what is late finds it abandoned, instead of a stack frame that is gone. */
struct queue_wait {
    bool done;
    bool abandoned;
    int err;
    struct queue_message *message;
    struct queue_depth depth;
};

static void wait_end(struct queue_wait *wait, int err)
{
    if (wait->abandoned) {
        queue_message_free(wait->message);
        free(wait);
        return;
    }
    wait->err = err;
    wait->done = true;
}

static void on_done(void *arg, int err)
{
    wait_end(arg, err);
}

static void on_received(void *arg, int err, struct queue_message *message)
{
    struct queue_wait *wait = arg;
    wait->message = message;
    wait_end(wait, err);
}

static void on_depth(void *arg, int err, const struct queue_depth *depth)
{
    struct queue_wait *wait = arg;
    if (depth)
        wait->depth = *depth;
    wait_end(wait, err);
}

static struct queue_wait *wait_new(void)
{
    return xcalloc(1, sizeof(struct queue_wait));
}

/* ret_wait, where wanted, is filled with what came. */
static int wait_run(struct queue *queue, struct queue_wait *wait, int64_t deadline_ms,
                    struct queue_wait *ret_wait)
{
    if (!loop_run_until(queue->loop, &wait->done, loop_now_ms(queue->loop) + deadline_ms)) {
        wait->abandoned = true;
        return ERR_TIMEOUT;
    }
    int err = wait->err;
    if (ret_wait)
        *ret_wait = *wait;
    free(wait);
    return err;
}

int queue_send_wait(struct queue *queue, const char *body, size_t body_bytes, int64_t delay_ms)
{
    struct queue_wait *wait = wait_new();
    queue_send(queue, body, body_bytes, delay_ms, on_done, wait);
    return wait_run(queue, wait, OPERATION_DEADLINE_MS, NULL);
}

int queue_receive_wait(struct queue *queue, int wait_ms, struct queue_message **ret_message)
{
    struct queue_wait *wait = wait_new();
    struct queue_wait result = {0};
    queue_receive(queue, wait_ms, on_received, wait);
    int err = wait_run(queue, wait, 3 * (int64_t)wait_ms + OPERATION_DEADLINE_MS, &result);
    if (err == 0)
        *ret_message = result.message;
    return err;
}

int queue_extend_wait(struct queue *queue, const struct queue_message *message,
                      int64_t visibility_ms)
{
    struct queue_wait *wait = wait_new();
    queue_extend(queue, message, visibility_ms, on_done, wait);
    return wait_run(queue, wait, OPERATION_DEADLINE_MS, NULL);
}

int queue_delete_wait(struct queue *queue, const struct queue_message *message)
{
    struct queue_wait *wait = wait_new();
    queue_delete(queue, message, on_done, wait);
    return wait_run(queue, wait, OPERATION_DEADLINE_MS, NULL);
}

int queue_complete_wait(struct queue *queue, const struct queue_message *message,
                        struct queue *next, const char *next_body, size_t next_bytes)
{
    struct queue_wait *wait = wait_new();
    queue_complete(queue, message, next, next_body, next_bytes, on_done, wait);
    return wait_run(queue, wait, 2 * OPERATION_DEADLINE_MS, NULL);
}

int queue_defer_wait(struct queue *queue, const struct queue_message *message, const char *body,
                     size_t body_bytes, int64_t delay_ms)
{
    struct queue_wait *wait = wait_new();
    queue_defer(queue, message, body, body_bytes, delay_ms, on_done, wait);
    return wait_run(queue, wait, 2 * OPERATION_DEADLINE_MS, NULL);
}

int queue_dead_wait(struct queue *queue, const struct queue_message *message, const char *reason)
{
    struct queue_wait *wait = wait_new();
    queue_dead(queue, message, reason, on_done, wait);
    return wait_run(queue, wait, 3 * OPERATION_DEADLINE_MS, NULL);
}

int queue_depth_wait(struct queue *queue, struct queue_depth *ret_depth)
{
    struct queue_wait *wait = wait_new();
    struct queue_wait result = {0};
    queue_depth(queue, on_depth, wait);
    int err = wait_run(queue, wait, OPERATION_DEADLINE_MS, &result);
    if (err == 0)
        *ret_depth = result.depth;
    return err;
}

int queue_check_wait(struct queue *queue)
{
    struct queue_wait *wait = wait_new();
    queue_check(queue, on_done, wait);
    return wait_run(queue, wait, OPERATION_DEADLINE_MS, NULL);
}
