/* Receiving: a script looks for what can be had at once (due delayed messages, leases that ran
 * out, new messages); where nothing is, a reader blocks until a message comes or until the script
 * is worth running again. A reply that is lost on the wire leaves its message pending: its lease
 * runs out like any other. */
#include "queue_redis.h"

#include <string.h>

#include "err.h"
#include "loop.h"
#include "mem.h"
#include "queue_redis_scripts.h"

/* The script knows when the next lease or delay ends, so this only bounds how late a message is
 * that somebody delays, who does not receive himself, while all others are blocked. */
#define MAX_BLOCK_MS 10000
#define CONNECT_STEP_MS 20
#define CONNECT_DEADLINE_MS 3000
#define UNBLOCK_STEP_MS 20
#define MAX_CREATIONS 10 /* in one receive, of a group that somebody keeps deleting */

static void ask(struct queue_redis *queue);
static void read_blocked(struct queue_redis *queue);

static void finish(struct queue_redis *queue, int err, struct queue_message *message)
{
    queue->state = RECEIVE_IDLE;
    loop_timer_stop(queue->timer);
    queue->received(queue->received_arg, err, message);
}

static int64_t remaining_ms(const struct queue_redis *queue)
{
    return queue->deadline_ms - loop_now_ms(queue->queue.loop);
}

/* id is "<ms>-<n>"; fields are names and values in turn. */
static struct queue_message *message_from(const struct redis_reply *id,
                                          const struct redis_reply *fields, int64_t count)
{
    struct queue_message *message = xcalloc(1, sizeof(*message));
    message->id = xstrdup(redis_str(id, NULL));
    message->receipt = xstrdup(message->id);
    message->sent_ms = redis_int(id);
    message->receive_count = (int)count;
    for (size_t i = 0; i + 1 < redis_len(fields); i += 2) {
        if (strcmp(redis_str(redis_at(fields, i), NULL), "body") != 0)
            continue;
        const char *body = redis_str(redis_at(fields, i + 1), &message->body_bytes);
        message->body = xmemdup(body, message->body_bytes);
        return message;
    }
    message->body = xstrdup("");
    return message;
}

static void on_group_created(void *arg, int err, struct redis_reply *reply)
{
    struct queue_redis *queue = arg;
    err = queue_redis_result(queue, "receive", err, reply);
    if (err)
        finish(queue, err, NULL);
    else
        ask(queue);
}

/* True where the group was gone and is being made anew. */
static bool recovers_group(struct queue_redis *queue, const struct redis_reply *reply)
{
    if (!queue_redis_is_no_group(reply) || queue->creations++ == MAX_CREATIONS)
        return false;
    queue->state = RECEIVE_CREATING;
    queue_redis_create(queue, on_group_created, queue);
    return true;
}

static void on_read(void *arg, int err, struct redis_reply *reply)
{
    struct queue_redis *queue = arg;
    if (recovers_group(queue, reply))
        return;
    err = queue_redis_result(queue, "receive", err, reply);
    const struct redis_reply *entry = redis_at(redis_at(redis_at(reply, 0), 1), 0);
    if (err)
        finish(queue, err, NULL);
    else if (entry)
        finish(queue, 0, message_from(redis_at(entry, 0), redis_at(entry, 1), 1));
    else if (queue->stopping || remaining_ms(queue) <= 0)
        finish(queue, 0, NULL);
    else
        ask(queue);
}

static void on_reader_id(void *arg, int err, struct redis_reply *reply)
{
    struct queue_redis *queue = arg;
    err = queue_redis_result(queue, "receive", err, reply);
    if (err) {
        finish(queue, err, NULL);
        return;
    }
    queue->reader_id = redis_int(reply);
    read_blocked(queue);
}

/* A client id belongs to one connection. */
static void on_reader_change(void *arg, bool connected)
{
    struct queue_redis *queue = arg;
    (void)connected;
    queue->reader_id = 0;
}

/* A short outage is not worth an error: programs start beside their Redis, servers restart. */
static void wait_connected(struct queue_redis *queue)
{
    queue->state = RECEIVE_CONNECTING;
    loop_timer_start(queue->timer, CONNECT_STEP_MS);
}

/* Its id is asked for first: without it the reader could not be unblocked. */
static void read_blocked(struct queue_redis *queue)
{
    int64_t left_ms = remaining_ms(queue);
    if (queue->stopping || left_ms <= 0) {
        finish(queue, 0, NULL);
        return;
    }
    if (!queue->reader) {
        queue->reader = redis_new(queue->queue.loop, queue->queue.url, "microbadger-queue-reader");
        redis_on_change(queue->reader, on_reader_change, queue);
    }
    if (!redis_is_connected(queue->reader)) {
        wait_connected(queue);
    } else if (queue->reader_id == 0) {
        queue->state = RECEIVE_KNOWING;
        redis_command(queue->reader, QUEUE_REDIS_TIMEOUT_MS, on_reader_id, queue, "CLIENT ID");
    } else {
        int block_ms = (int)(queue->block_ms < left_ms ? queue->block_ms : left_ms);
        queue->state = RECEIVE_READING;
        redis_command(queue->reader, block_ms + QUEUE_REDIS_TIMEOUT_MS, on_read, queue,
                      "XREADGROUP GROUP " QUEUE_REDIS_GROUP " %s COUNT 1 BLOCK %d STREAMS %s >",
                      queue->consumer, block_ms, queue->stream);
    }
}

static void on_asked(void *arg, int err, struct redis_reply *reply)
{
    struct queue_redis *queue = arg;
    if (recovers_group(queue, reply))
        return;
    err = queue_redis_result(queue, "receive", err, reply);
    if (err) {
        finish(queue, err, NULL);
    } else if (redis_len(reply) == 3) {
        finish(queue, 0,
               message_from(redis_at(reply, 0), redis_at(reply, 1), redis_int(redis_at(reply, 2))));
    } else {
        int64_t block_ms = redis_int(redis_at(reply, 0));
        queue->block_ms = block_ms > 0 ? block_ms : 1; /* 0 would block for ever */
        read_blocked(queue);
    }
}

static void ask(struct queue_redis *queue)
{
    if (!redis_is_connected(queue->redis)) {
        wait_connected(queue);
        return;
    }
    int visibility_ms = queue->queue.options.visibility_ms;
    int max_block_ms = visibility_ms / 2 < MAX_BLOCK_MS ? visibility_ms / 2 : MAX_BLOCK_MS;
    AUTO(free) char *visibility = xasprintf("%d", visibility_ms);
    AUTO(free) char *max_block = xasprintf("%d", max_block_ms);
    struct script script;
    script_begin(&script, script_receive, "2");
    script_adds(&script, queue->stream);
    script_adds(&script, queue->delayed);
    script_adds(&script, QUEUE_REDIS_GROUP);
    script_adds(&script, queue->consumer);
    script_adds(&script, visibility);
    script_adds(&script, max_block);
    queue->state = RECEIVE_ASKING;
    script_run(queue, &script, on_asked, queue);
}

static void on_unblocked(void *arg, int err, struct redis_reply *reply)
{
    struct queue_redis *queue = arg;
    if (err == ERR_CANCELLED || queue->state != RECEIVE_READING || !queue->stopping)
        return;
    if (err)
        redis_reconnect(queue->reader);
    else if (redis_int(reply) == 0) /* it overtook the read on the other connection */
        loop_timer_start(queue->timer, UNBLOCK_STEP_MS);
}

static void unblock(struct queue_redis *queue)
{
    redis_command(queue->redis, QUEUE_REDIS_TIMEOUT_MS, on_unblocked, queue, "CLIENT UNBLOCK %lld",
                  (long long)queue->reader_id);
}

static void on_connect_step(struct queue_redis *queue)
{
    bool is_late = loop_now_ms(queue->queue.loop) >= queue->connect_until_ms;
    bool is_down = !redis_is_connected(queue->redis);
    if (queue->stopping) {
        finish(queue, 0, NULL);
    } else if (is_late && (is_down || !redis_is_connected(queue->reader))) {
        AUTO(free)
        char *text = xasprintf("Redis: receive: %s",
                               redis_last_error(is_down ? queue->redis : queue->reader));
        queue_fails(&queue->queue, text);
        finish(queue, ERR_UNAVAILABLE, NULL);
    } else {
        ask(queue);
    }
}

static void on_timer(void *arg)
{
    struct queue_redis *queue = arg;
    if (queue->state == RECEIVE_READING && queue->stopping) {
        unblock(queue);
    } else if (queue->state == RECEIVE_CONNECTING) {
        on_connect_step(queue);
    }
}

void queue_redis_receive(struct queue *base, int wait_ms, queue_received *done, void *arg)
{
    struct queue_redis *queue = (struct queue_redis *)base;
    if (queue->state != RECEIVE_IDLE)
        abort();
    if (!queue->timer)
        queue->timer = loop_timer_new(base->loop, on_timer, queue);
    queue->received = done;
    queue->received_arg = arg;
    queue->deadline_ms = loop_now_ms(base->loop) + wait_ms;
    queue->connect_until_ms = loop_now_ms(base->loop) + CONNECT_DEADLINE_MS;
    queue->stopping = false;
    queue->creations = 0;
    ask(queue);
}

void queue_redis_stop_receive(struct queue *base)
{
    struct queue_redis *queue = (struct queue_redis *)base;
    if (queue->state == RECEIVE_IDLE || queue->stopping)
        return;
    queue->stopping = true;
    if (queue->state == RECEIVE_READING)
        unblock(queue);
}

void queue_redis_receive_release(struct queue_redis *queue)
{
    redis_free(TAKE(queue->reader));
    if (queue->state == RECEIVE_CONNECTING)
        finish(queue, ERR_CANCELLED, NULL);
}
