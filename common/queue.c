#include "queue_backend.h"

#include <stdio.h>
#include <string.h>

#include "err.h"
#include "loop.h"
#include "mem.h"
#include "url.h"

/* A failure older than this tells nothing: who only sends may not have tried since. */
#define FAILURE_COUNTS_MS 60000

static bool is_sqs(const struct url *url)
{
    return strcmp(url->scheme, "https") == 0 || strcmp(url->scheme, "http") == 0;
}

int queue_url_check(const char *url, char **ret_why)
{
    AUTO(url) struct url parts = {0};
    char *problem;
    if (url_parse(url, &parts) != 0)
        problem = xstrdup("it is not a URL");
    else if (is_sqs(&parts))
        problem = queue_sqs_problem(url, &parts);
    else
        problem = queue_redis_problem(url, &parts);
    if (!problem)
        return 0;
    *ret_why = problem;
    return ERR_INVALID;
}

struct queue *queue_new(struct loop *loop, struct httpc *httpc, const char *url,
                        const struct queue_options *options)
{
    AUTO(url) struct url parts = {0};
    if (url_parse(url, &parts) != 0)
        abort(); /* the caller has checked it */
    return is_sqs(&parts) ? queue_sqs_new(loop, httpc, url, options)
                          : queue_redis_new(loop, url, options);
}

void queue_init(struct queue *queue, const struct queue_backend *backend, struct loop *loop,
                const char *url, const char *name, const struct queue_options *options)
{
    queue->backend = backend;
    queue->loop = loop;
    queue->url = xstrdup(url);
    queue->name = xstrdup(name);
    queue->options = *options;
}

const char *queue_name(const struct queue *queue)
{
    return queue->name;
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

/* Health */

void queue_works(struct queue *queue)
{
    queue->failed_ms = 0;
}

void queue_note_error(struct queue *queue, const char *text)
{
    (void)snprintf(queue->last_error, sizeof(queue->last_error), "%s", text);
    /* It may quote the server. */
    for (char *at = queue->last_error; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = ' ';
}

void queue_fails(struct queue *queue, const char *text)
{
    queue_note_error(queue, text);
    queue->failed_ms = loop_now_ms(queue->loop);
}

const char *queue_problem(const struct queue *queue)
{
    const char *problem = queue->backend->problem(queue);
    bool has_failed =
        queue->failed_ms != 0 && loop_now_ms(queue->loop) - queue->failed_ms <= FAILURE_COUNTS_MS;
    return problem ? problem : has_failed ? queue->last_error : NULL;
}

bool queue_is_healthy(const struct queue *queue)
{
    return !queue_problem(queue);
}

const char *queue_last_error(const struct queue *queue)
{
    return queue->last_error;
}

/* Operations */

void queue_send(struct queue *queue, const char *body, size_t body_bytes, int64_t delay_ms,
                queue_done *done, void *arg)
{
    queue->backend->send(queue, body, body_bytes, delay_ms, done, arg);
}

void queue_receive(struct queue *queue, int wait_ms, queue_received *done, void *arg)
{
    queue->backend->receive(queue, wait_ms, done, arg);
}

void queue_stop_receive(struct queue *queue)
{
    queue->backend->stop_receive(queue);
}

void queue_extend(struct queue *queue, const struct queue_message *message, int64_t visibility_ms,
                  queue_done *done, void *arg)
{
    queue->backend->extend(queue, message, visibility_ms, done, arg);
}

void queue_delete(struct queue *queue, const struct queue_message *message, queue_done *done,
                  void *arg)
{
    queue->backend->delete_message(queue, message, done, arg);
}

void queue_dead(struct queue *queue, const struct queue_message *message, const char *reason,
                queue_done *done, void *arg)
{
    queue->backend->dead(queue, message, reason, done, arg);
}

void queue_depth(struct queue *queue, queue_depth_done *done, void *arg)
{
    queue->backend->depth(queue, done, arg);
}

void queue_check(struct queue *queue, queue_done *done, void *arg)
{
    queue->backend->check(queue, done, arg);
}

/* Send, then delete: where no single step does both. The message itself may be freed meanwhile. */
struct queue_relay {
    struct queue *source; /* NULL: freed; its caller has been told */
    struct queue_message *message;
    struct queue_relay *next, *prev;
    queue_done *done;
    void *arg;
};

static struct queue_relay *relay_new(struct queue *source, const struct queue_message *message,
                                     queue_done *done, void *arg)
{
    struct queue_relay *relay = xcalloc(1, sizeof(*relay));
    relay->source = source;
    relay->message = xcalloc(1, sizeof(*relay->message));
    relay->message->id = xstrdup(message->id);
    relay->message->receipt = xstrdup(message->receipt);
    relay->done = done;
    relay->arg = arg;
    relay->next = source->relays;
    if (relay->next)
        relay->next->prev = relay;
    source->relays = relay;
    return relay;
}

static void relay_unlink(struct queue *source, struct queue_relay *relay)
{
    if (relay->prev)
        relay->prev->next = relay->next;
    else
        source->relays = relay->next;
    if (relay->next)
        relay->next->prev = relay->prev;
}

static void relay_finish(struct queue_relay *relay, int err)
{
    queue_done *done = relay->source ? relay->done : NULL;
    void *arg = relay->arg;
    if (relay->source)
        relay_unlink(relay->source, relay);
    queue_message_free(relay->message);
    free(relay);
    if (done)
        done(arg, err);
}

static void on_relay_deleted(void *arg, int err)
{
    relay_finish(arg, err);
}

static void on_relay_sent(void *arg, int err)
{
    struct queue_relay *relay = arg;
    if (err || !relay->source)
        relay_finish(relay, err);
    else
        queue_delete(relay->source, relay->message, on_relay_deleted, relay);
}

static void move(struct queue *queue, const struct queue_message *message, struct queue *next,
                 const char *body, size_t body_bytes, int64_t delay_ms, queue_done *done, void *arg)
{
    const struct queue_backend *backend = queue->backend;
    if (backend->can_move && next->backend == backend && backend->can_move(queue, next))
        backend->move(queue, message, next, body, body_bytes, delay_ms, done, arg);
    else
        queue_send(next, body, body_bytes, delay_ms, on_relay_sent,
                   relay_new(queue, message, done, arg));
}

void queue_complete(struct queue *queue, const struct queue_message *message, struct queue *next,
                    const char *next_body, size_t next_bytes, queue_done *done, void *arg)
{
    if (next)
        move(queue, message, next, next_body, next_bytes, 0, done, arg);
    else
        queue_delete(queue, message, done, arg);
}

void queue_defer(struct queue *queue, const struct queue_message *message, const char *body,
                 size_t body_bytes, int64_t delay_ms, queue_done *done, void *arg)
{
    move(queue, message, queue, body, body_bytes, delay_ms, done, arg);
}

/* Relays that wait for another queue's answer outlive this one, without a source. */
static void relays_cancel(struct queue *queue)
{
    while (queue->relays) {
        struct queue_relay *relay = queue->relays;
        relay_unlink(queue, relay);
        relay->source = NULL;
        relay->done(relay->arg, ERR_CANCELLED);
    }
}

void queue_free(struct queue *queue)
{
    if (!queue)
        return;
    relays_cancel(queue);
    queue->backend->release(queue);
    free(queue->name);
    free(queue->url);
    free(queue);
}
