#include "queue_redis.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "err.h"
#include "loop.h"
#include "mem.h"
#include "queue_redis_scripts.h"
#include "url.h"

#define KEY_PREFIX "{mb:1:q}:" /* one hash tag: scripts over two queues need one slot */
#define MAX_BODY_BYTES ((size_t)256 * 1024)
#define MAX_STREAM_BYTES 64
#define CHECK_STEP_MS 50
#define CHECK_TRIES 100
#define CONSUMER_IDLE_MS "3600000"

static struct queue_redis *self(struct queue *queue)
{
    return (struct queue_redis *)queue;
}

/* Scripts */

void script_begin(struct script *script, const char *text, const char *keys_count)
{
    script->argc = 0;
    script_adds(script, "EVAL");
    script_adds(script, text);
    script_adds(script, keys_count);
}

void script_add(struct script *script, const char *data, size_t len)
{
    if (script->argc == (int)ARRAY_LEN(script->argv))
        abort();
    script->argv[script->argc] = data;
    script->lens[script->argc] = len;
    script->argc++;
}

void script_adds(struct script *script, const char *text)
{
    script_add(script, text, strlen(text));
}

void script_run(struct queue_redis *queue, const struct script *script, redis_done *done, void *arg)
{
    redis_command_argv(queue->redis, QUEUE_REDIS_TIMEOUT_MS, done, arg, script->argc,
                       (const char **)script->argv, script->lens);
}

int queue_redis_result(struct queue_redis *queue, const char *what, int err,
                       const struct redis_reply *reply)
{
    if (err == 0) {
        queue_works(&queue->queue);
        return 0;
    }
    if (err == ERR_CANCELLED)
        return err;
    const char *why = redis_is_error(reply)               ? redis_str(reply, NULL)
                      : !redis_is_connected(queue->redis) ? redis_last_error(queue->redis)
                                                          : "";
    AUTO(free) char *text = xasprintf("Redis: %s: %s", what, *why ? why : err_str(err));
    queue_fails(&queue->queue, text);
    return err == ERR_PROTO ? ERR_UNAVAILABLE : err;
}

bool queue_redis_is_no_group(const struct redis_reply *reply)
{
    const char *text = redis_is_error(reply) ? redis_str(reply, NULL) : "";
    return strstr(text, "NOGROUP") || strstr(text, "UNBLOCKED");
}

void queue_redis_create(struct queue_redis *queue, redis_done *done, void *arg)
{
    struct script script;
    script_begin(&script, script_create, "1");
    script_adds(&script, queue->stream);
    script_adds(&script, QUEUE_REDIS_GROUP);
    script_run(queue, &script, done, arg);
}

/* Operations with one answer */

struct redis_operation {
    struct queue_redis *queue;
    const char *what;
    int err; /* where it never reached Redis */
    bool gone_is_conflict;
    queue_done *done;
    queue_depth_done *depth_done;
    void *arg;
    int tries;
    struct loop_timer *timer;
};

static struct redis_operation *operation_new(struct queue *queue, const char *what,
                                             queue_done *done, void *arg)
{
    struct redis_operation *operation = xcalloc(1, sizeof(*operation));
    operation->queue = self(queue);
    operation->what = what;
    operation->done = done;
    operation->arg = arg;
    return operation;
}

/* Scripts answer 0 where another consumer holds the message, 2 where it is gone. */
static void on_operation(void *arg, int err, struct redis_reply *reply)
{
    struct redis_operation *operation = arg;
    err = queue_redis_result(operation->queue, operation->what, err, reply);
    int64_t answer = redis_int(reply);
    if (err == 0 && (answer == 0 || (answer == 2 && operation->gone_is_conflict)))
        err = ERR_CONFLICT;
    operation->done(operation->arg, err);
    free(operation);
}

static void owned_begin(struct script *script, const char *text, const char *keys_count,
                        const struct queue_redis *queue, const char *key2, const char *key3)
{
    script_begin(script, text, keys_count);
    script_adds(script, queue->stream);
    if (key2)
        script_adds(script, key2);
    if (key3)
        script_adds(script, key3);
    script_adds(script, QUEUE_REDIS_GROUP);
    script_adds(script, queue->consumer);
}

static void on_sent(void *arg, int err, struct redis_reply *reply)
{
    struct redis_operation *operation = arg;
    err = queue_redis_result(operation->queue, operation->what, err, reply);
    operation->done(operation->arg, operation->err ? operation->err : err);
    free(operation);
}

/* Members of the delayed set must differ even where bodies are the same. */
static char *later_name(struct queue_redis *queue)
{
    return xasprintf("%s-%llu", queue->consumer, (unsigned long long)++queue->sent_later);
}

static void redis_send(struct queue *base, const char *body, size_t body_bytes, int64_t delay_ms,
                       queue_done *done, void *arg)
{
    struct queue_redis *queue = self(base);
    struct redis_operation *operation = operation_new(base, "send", done, arg);
    if (body_bytes == 0 || body_bytes > MAX_BODY_BYTES) {
        operation->err = body_bytes ? ERR_TOOBIG : ERR_INVALID;
        redis_command(queue->redis, QUEUE_REDIS_TIMEOUT_MS, on_sent, operation, "PING");
    } else if (delay_ms <= 0) {
        redis_command(queue->redis, QUEUE_REDIS_TIMEOUT_MS, on_sent, operation, "XADD %s * body %b",
                      queue->stream, body, body_bytes);
    } else {
        AUTO(free) char *delay = xasprintf("%lld", (long long)delay_ms);
        AUTO(free) char *name = later_name(queue);
        struct script script;
        script_begin(&script, script_send_later, "1");
        script_adds(&script, queue->delayed);
        script_adds(&script, delay);
        script_adds(&script, name);
        script_add(&script, body, body_bytes);
        script_run(queue, &script, on_sent, operation);
    }
}

static void redis_extend(struct queue *base, const struct queue_message *message,
                         int64_t visibility_ms, queue_done *done, void *arg)
{
    struct queue_redis *queue = self(base);
    struct redis_operation *operation = operation_new(base, "extend", done, arg);
    operation->gone_is_conflict = true;
    int64_t idle_ms = base->options.visibility_ms - visibility_ms;
    AUTO(free) char *idle = xasprintf("%lld", (long long)(idle_ms > 0 ? idle_ms : 0));
    struct script script;
    owned_begin(&script, script_extend, "1", queue, NULL, NULL);
    script_adds(&script, message->receipt);
    script_adds(&script, idle);
    script_run(queue, &script, on_operation, operation);
}

static void redis_delete(struct queue *base, const struct queue_message *message, queue_done *done,
                         void *arg)
{
    struct queue_redis *queue = self(base);
    struct script script;
    owned_begin(&script, script_delete, "1", queue, NULL, NULL);
    script_adds(&script, message->receipt);
    script_run(queue, &script, on_operation, operation_new(base, "delete", done, arg));
}

static bool redis_can_move(const struct queue *queue, const struct queue *next)
{
    return strcmp(((const struct queue_redis *)queue)->identity,
                  ((const struct queue_redis *)next)->identity) == 0;
}

static void redis_move(struct queue *base, const struct queue_message *message,
                       struct queue *next_base, const char *body, size_t body_bytes,
                       int64_t delay_ms, queue_done *done, void *arg)
{
    struct queue_redis *queue = self(base);
    struct queue_redis *next = self(next_base);
    if (body_bytes == 0 || body_bytes > MAX_BODY_BYTES) {
        redis_send(base, body, body_bytes, delay_ms, done, arg); /* tells the error */
        return;
    }
    AUTO(free) char *delay = xasprintf("%lld", (long long)delay_ms);
    AUTO(free) char *name = later_name(queue);
    struct script script;
    owned_begin(&script, script_move, "3", queue, next->stream, next->delayed);
    script_adds(&script, message->receipt);
    script_adds(&script, delay);
    script_adds(&script, name);
    script_add(&script, body, body_bytes);
    script_run(queue, &script, on_operation, operation_new(base, "move", done, arg));
}

static void redis_dead(struct queue *base, const struct queue_message *message, const char *reason,
                       queue_done *done, void *arg)
{
    struct queue_redis *queue = self(base);
    AUTO(free) char *count = xasprintf("%d", message->receive_count);
    struct script script;
    owned_begin(&script, script_dead, "2", queue, queue->dead, NULL);
    script_adds(&script, message->receipt);
    script_add(&script, message->body, message->body_bytes);
    script_adds(&script, reason);
    script_adds(&script, count);
    script_run(queue, &script, on_operation, operation_new(base, "dead letter", done, arg));
}

static void on_depth(void *arg, int err, struct redis_reply *reply)
{
    struct redis_operation *operation = arg;
    err = queue_redis_result(operation->queue, operation->what, err, reply);
    struct queue_depth depth = {
        .waiting = redis_count(redis_at(reply, 0)),
        .in_flight = redis_count(redis_at(reply, 1)),
        .delayed = redis_count(redis_at(reply, 2)),
        .oldest_age_ms = redis_int(redis_at(reply, 3)),
    };
    operation->depth_done(operation->arg, err, err ? NULL : &depth);
    free(operation);
}

static void redis_depth(struct queue *base, queue_depth_done *done, void *arg)
{
    struct queue_redis *queue = self(base);
    struct redis_operation *operation = operation_new(base, "depth", NULL, arg);
    operation->depth_done = done;
    struct script script;
    script_begin(&script, script_depth, "2");
    script_adds(&script, queue->stream);
    script_adds(&script, queue->delayed);
    script_adds(&script, QUEUE_REDIS_GROUP);
    script_run(queue, &script, on_depth, operation);
}

/* The check at start: waits for the connection, makes the group, tidies. */

static void check_finish(struct redis_operation *operation, int err)
{
    operation->queue->check = NULL;
    loop_timer_free(operation->timer);
    operation->done(operation->arg, err);
    free(operation);
}

static void on_tidied(void *arg, int err, struct redis_reply *reply)
{
    struct redis_operation *operation = arg;
    check_finish(operation, queue_redis_result(operation->queue, "start", err, reply));
}

/* These do not mend themselves; others may (loading, a disk that is full). */
static bool is_setup_error(const struct redis_reply *reply)
{
    static const char *const texts[] = {"WRONGTYPE", "NOPERM", "nknown Redis command",
                                        "nknown command"};
    const char *text = redis_is_error(reply) ? redis_str(reply, NULL) : "";
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (strstr(text, texts[i]))
            return true;
    return false;
}

static void on_created(void *arg, int err, struct redis_reply *reply)
{
    struct redis_operation *operation = arg;
    struct queue_redis *queue = operation->queue;
    if (err == ERR_UNAVAILABLE && !reply && ++operation->tries < CHECK_TRIES) {
        loop_timer_start(operation->timer, CHECK_STEP_MS);
        return;
    }
    err = queue_redis_result(queue, "start", err, reply);
    if (err) {
        check_finish(operation, is_setup_error(reply) ? ERR_INVALID : err);
        return;
    }
    struct script script;
    script_begin(&script, script_tidy, "1");
    script_adds(&script, queue->stream);
    script_adds(&script, QUEUE_REDIS_GROUP);
    script_adds(&script, CONSUMER_IDLE_MS);
    script_run(queue, &script, on_tidied, operation);
}

static void on_check_timer(void *arg)
{
    struct redis_operation *operation = arg;
    queue_redis_create(operation->queue, on_created, operation);
}

static void redis_check(struct queue *base, queue_done *done, void *arg)
{
    struct redis_operation *operation = operation_new(base, "start", done, arg);
    operation->timer = loop_timer_new(base->loop, on_check_timer, operation);
    self(base)->check = operation;
    on_check_timer(operation);
}

/* Start and end */

static const char *redis_backend_problem(const struct queue *queue)
{
    bool is_connected = redis_is_connected(((const struct queue_redis *)queue)->redis);
    return is_connected ? NULL : "Redis is not connected";
}

static void redis_release(struct queue *base)
{
    struct queue_redis *queue = self(base);
    redis_free(queue->redis);
    queue_redis_receive_release(queue);
    if (queue->check) /* it waits for the connection */
        check_finish(queue->check, ERR_CANCELLED);
    loop_timer_free(queue->timer);
    free(queue->identity);
    free(queue->stream);
    free(queue->delayed);
    free(queue->dead);
    free(queue->consumer);
}

static const struct queue_backend backend = {
    .release = redis_release,
    .send = redis_send,
    .receive = queue_redis_receive,
    .stop_receive = queue_redis_stop_receive,
    .extend = redis_extend,
    .delete_message = redis_delete,
    .can_move = redis_can_move,
    .move = redis_move,
    .dead = redis_dead,
    .depth = redis_depth,
    .check = redis_check,
    .problem = redis_backend_problem,
};

char *queue_redis_problem(const char *url, const struct url *parts)
{
    const char *why;
    if (redis_url_check(url, &why) != 0)
        return xstrdup(why);
    AUTO(free) char *stream = url_query_get(parts, "stream");
    if (!stream || !*stream)
        return xstrdup("it names no stream (?stream=NAME)");
    if (strlen(stream) > MAX_STREAM_BYTES ||
        strspn(stream, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") !=
            strlen(stream))
        return xstrdup("its stream's name is not 1 to 64 of A-Z a-z 0-9 _ . -");
    return NULL;
}

static char *consumer_name(void)
{
    char host[65] = "";
    (void)gethostname(host, sizeof(host) - 1);
    uint64_t random = 0;
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        abort();
    return xasprintf("%s-%d-%016llx", host, (int)getpid(), (unsigned long long)random);
}

struct queue *queue_redis_new(struct loop *loop, const char *url,
                              const struct queue_options *options)
{
    AUTO(url) struct url parts = {0};
    AUTO(free) char *name = NULL;
    if (url_parse(url, &parts) != 0 || !(name = url_query_get(&parts, "stream")))
        abort(); /* the caller has checked it */
    struct queue_redis *queue = xcalloc(1, sizeof(*queue));
    queue_init(&queue->queue, &backend, loop, url, name, options);
    queue->identity = redis_url_identity(url);
    queue->stream = xasprintf(KEY_PREFIX "%s", name);
    queue->delayed = xasprintf(KEY_PREFIX "%s:delayed", name);
    queue->dead = xasprintf(KEY_PREFIX "%s-dead", name);
    queue->consumer = consumer_name();
    queue->redis = redis_new(loop, url, "microbadger-queue");
    return &queue->queue;
}
