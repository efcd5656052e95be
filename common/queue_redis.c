/* Redis Streams as a queue: a stream and its consumer group, a sorted set for what is delayed, a
 * dead stream. The server's clock counts, so workers' clocks may differ. All keys share one hash
 * tag. Delivered entries wait in the group's pending list until they are acknowledged; one that
 * idles longer than the visibility timeout is claimed by whoever asks next. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "err.h"
#include "loop.h"
#include "mem.h"
#include "queue_backend.h"
#include "redis.h"
#include "url.h"

#define GROUP "workers"
#define COMMAND_TIMEOUT_MS 3000
#define BLOCK_MS 5000
#define BODY_MAX_BYTES (256 * 1024)
#define DEAD_MAX_ENTRIES "10000"
#define MOVE_AT_ONCE "100"
#define IDLE_CONSUMER_MS "3600000"
#define CONNECT_WAIT_MS 3000

struct queue_redis {
    struct queue base;
    char *identity; /* of the database: two queues there complete in one script */
    char *stream, *delayed, *dead;
    char consumer[48];
    struct redis *commands;
    struct redis *reader; /* blocked in XREADGROUP; opened by the first receive */
    int64_t reader_id;    /* CLIENT ID of the reader's connection, 0 while unknown */
    char *url;
    struct receiving *receiving;
    bool is_failing;
    char last_error[160];
};

/* Every script makes the group if it is not there. KEYS[1] is the stream. */
#define ENSURE_GROUP                                                                               \
    "if redis.call('EXISTS',KEYS[1])==0 or #redis.call('XINFO','GROUPS',KEYS[1])==0 then "         \
    "redis.call('XGROUP','CREATE',KEYS[1],'" GROUP "','0','MKSTREAM') end "
#define NOW "local t=redis.call('TIME') local now=t[1]*1000+math.floor(t[2]/1000) "

/* ARGV: 1 consumer. Also forgets consumers of pods that are gone. */
static const char check_script[] =
    ENSURE_GROUP "for _,c in ipairs(redis.call('XINFO','CONSUMERS',KEYS[1],'" GROUP "')) do "
                 "if c[4]==0 and c[6]>" IDLE_CONSUMER_MS " then "
                 "redis.call('XGROUP','DELCONSUMER',KEYS[1],'" GROUP "',c[2]) end end "
                 "return 1";

/* KEYS: 2 delayed. ARGV: 1 consumer, 2 visibility. Moves what is due, then claims one entry whose
 * lease is over. {id, body, count} or {ms until the next delayed one is due, -1 if none}. */
static const char claim_script[] = ENSURE_GROUP NOW
    "for _,m in ipairs(redis.call('ZRANGEBYSCORE',KEYS[2],'-inf',now,'LIMIT',0," MOVE_AT_ONCE
    ")) do "
    "redis.call('ZREM',KEYS[2],m) "
    "redis.call('XADD',KEYS[1],'*','body',string.sub(m,38)) end "
    "local cursor,e='0-0',nil "
    "repeat local r=redis.call('XAUTOCLAIM',KEYS[1],'" GROUP "',ARGV[1],ARGV[2],cursor,'COUNT',1) "
    "cursor,e=r[1],r[2][1] until e or cursor=='0-0' "
    "if e and e[2] then "
    "local p=redis.call('XPENDING',KEYS[1],'" GROUP "',e[1],e[1],1) "
    "return {e[1],e[2][2],p[1] and p[1][4] or 1} end "
    "local next=redis.call('ZRANGE',KEYS[2],0,0,'WITHSCORES') "
    "return {next[2] and math.max(0,next[2]-now) or -1}";

/* KEYS: 2 delayed. ARGV: 1 body, 2 delay, 3 unique member prefix of 37 characters. */
#define SEND_BODY                                                                                  \
    "if tonumber(delay)>0 then redis.call('ZADD',delayed,now+delay,prefix..body) "                 \
    "else redis.call('XADD',stream,'*','body',body) end "
static const char send_script[] =
    NOW "local stream,delayed,body,delay,prefix=KEYS[1],KEYS[2],ARGV[1],ARGV[2],ARGV[3] " SEND_BODY
        "return 1";

/* ARGV: 1 id, 2 consumer. 0 where another consumer holds the entry. */
#define OWNED                                                                                      \
    "local p=redis.call('XPENDING',KEYS[1],'" GROUP "',ARGV[1],ARGV[1],1) "                        \
    "if p[1] and p[1][2]~=ARGV[2] then return 0 end "
/* A message that is nowhere any more was settled before. */
#define GONE "if not p[1] then return 1 end "
#define ACKNOWLEDGE                                                                                \
    "redis.call('XACK',KEYS[1],'" GROUP "',ARGV[1]) redis.call('XDEL',KEYS[1],ARGV[1]) "

static const char delete_script[] = OWNED ACKNOWLEDGE "return 1";

/* ARGV: 3 idle time to set, so that the lease lasts the wanted time. */
static const char extend_script[] = OWNED "if not p[1] then return 0 end "
                                          "redis.call('XCLAIM',KEYS[1],'" GROUP
                                          "',ARGV[2],0,ARGV[1],'IDLE',ARGV[3],'JUSTID') return 1";

/* KEYS: 2 the next stream. ARGV: 3 body. */
static const char complete_script[] =
    OWNED GONE "redis.call('XADD',KEYS[2],'*','body',ARGV[3]) " ACKNOWLEDGE "return 1";

/* KEYS: 2 delayed. ARGV: 3 body, 4 delay, 5 prefix. */
static const char defer_script[] = OWNED GONE NOW
    "local stream,delayed,body,delay,prefix=KEYS[1],KEYS[2],ARGV[3],ARGV[4],ARGV[5] " SEND_BODY
        ACKNOWLEDGE "return 1";

/* KEYS: 2 dead. ARGV: 3 body, 4 reason, 5 count. */
static const char dead_script[] = OWNED GONE
    "redis.call('XADD',KEYS[2],'MAXLEN','~'," DEAD_MAX_ENTRIES
    ",'*','body',ARGV[3],'reason',ARGV[4],'count',ARGV[5],'id',ARGV[1]) " ACKNOWLEDGE "return 1";

/* KEYS: 2 delayed. {length, pending, delayed, age of the first entry}. */
static const char depth_script[] = ENSURE_GROUP NOW
    "local first=redis.call('XRANGE',KEYS[1],'-','+','COUNT',1) local age=0 "
    "if first[1] then age=math.max(0,now-tonumber(string.match(first[1][1],'^(%d+)'))) end "
    "return {redis.call('XLEN',KEYS[1]),redis.call('XPENDING',KEYS[1],'" GROUP "')[1],"
    "redis.call('ZCARD',KEYS[2]),age}";

static struct queue_redis *self(const struct queue *queue)
{
    return (struct queue_redis *)queue;
}

static void note(struct queue_redis *queue, int err, const struct redis_reply *reply)
{
    queue->is_failing = err != 0 && err != ERR_CANCELLED;
    if (err && err != ERR_CANCELLED)
        (void)snprintf(queue->last_error, sizeof(queue->last_error), "%s",
                       redis_is_error(reply) ? redis_str(reply, NULL) : err_str(err));
}

const char *queue_redis_url_problem(const char *text)
{
    const char *why = NULL;
    if (redis_url_check(text, &why) != 0)
        return why;
    AUTO(url) struct url url = {0};
    (void)url_parse(text, &url);
    AUTO(free) char *stream = url_query_get(&url, "stream");
    if (!stream || !*stream)
        return "a Redis queue needs its name: ...?stream=NAME";
    if (strspn(stream, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") !=
        strlen(stream))
        return "its stream's name has other characters than letters, digits, '.', '_' and '-'";
    return NULL;
}

/* Operations that are one script with one integer answer. */

struct operation {
    struct queue_redis *queue;
    queue_done *done;
    void *arg;
};

static void on_operation(void *arg, int err, struct redis_reply *reply)
{
    struct operation *operation = arg;
    note(operation->queue, err, reply);
    if (err == ERR_PROTO)
        err = ERR_UNAVAILABLE; /* a Redis error: the caller's retry may find it mended */
    if (err == 0 && redis_int(reply) == 0)
        err = ERR_CONFLICT;
    if (operation->done)
        operation->done(operation->arg, err);
    free(operation);
}

static void run_script(struct queue_redis *queue, const char *script, const char *second_key,
                       const char *const *args, const size_t *lens, int count, queue_done *done,
                       void *arg)
{
    const char *argv[16] = {"EVAL", script, second_key ? "2" : "1", queue->stream};
    size_t argl[16];
    int argc = 4;
    if (second_key)
        argv[argc++] = second_key;
    for (int i = 0; i < argc; i++)
        argl[i] = strlen(argv[i]);
    for (int i = 0; i < count; i++) {
        argv[argc] = args[i];
        argl[argc++] = lens && lens[i] ? lens[i] : strlen(args[i]);
    }
    struct operation *operation = xmalloc(sizeof(*operation));
    *operation = (struct operation){queue, done, arg};
    redis_command_argv(queue->commands, COMMAND_TIMEOUT_MS, on_operation, operation, argc, argv,
                       argl);
}

/* 37 characters that make equal bodies different members of the sorted set. */
static void unique_prefix(char ret_prefix[38])
{
    unsigned char bytes[18];
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        abort();
    for (size_t i = 0; i < sizeof(bytes); i++)
        (void)snprintf(ret_prefix + i * 2, 3, "%02x", bytes[i]);
    memcpy(ret_prefix + 36, ":", 2);
}

static void redis_send(struct queue *base, const char *body, size_t len, int64_t delay_ms,
                       queue_done *done, void *arg)
{
    struct queue_redis *queue = self(base);
    char delay[24];
    char prefix[38];
    (void)snprintf(delay, sizeof(delay), "%lld", (long long)delay_ms);
    unique_prefix(prefix);
    const char *args[] = {body, delay, prefix};
    const size_t lens[] = {len, 0, 0};
    run_script(queue, send_script, queue->delayed, args, lens, 3, done, arg);
}

static void redis_delete(struct queue *base, const struct queue_message *message, queue_done *done,
                         void *arg)
{
    struct queue_redis *queue = self(base);
    const char *args[] = {message->receipt, queue->consumer};
    run_script(queue, delete_script, NULL, args, NULL, 2, done, arg);
}

static void redis_extend(struct queue *base, const struct queue_message *message,
                         int64_t visibility_ms, queue_done *done, void *arg)
{
    struct queue_redis *queue = self(base);
    int64_t idle_ms = queue->base.options.visibility_ms - visibility_ms;
    char idle[24];
    /* A lease cannot be made longer than the visibility timeout: workers renew it. */
    (void)snprintf(idle, sizeof(idle), "%lld", (long long)(idle_ms > 0 ? idle_ms : 0));
    const char *args[] = {message->receipt, queue->consumer, idle};
    run_script(queue, extend_script, NULL, args, NULL, 3, done, arg);
}

static bool redis_complete(struct queue *base, const struct queue_message *message,
                           struct queue *next_base, const char *body, size_t len, queue_done *done,
                           void *arg)
{
    struct queue_redis *queue = self(base);
    struct queue_redis *next = self(next_base);
    if (strcmp(queue->identity, next->identity) != 0)
        return false;
    const char *args[] = {message->receipt, queue->consumer, body};
    const size_t lens[] = {0, 0, len};
    run_script(queue, complete_script, next->stream, args, lens, 3, done, arg);
    return true;
}

static void redis_defer(struct queue *base, const struct queue_message *message, const char *body,
                        size_t len, int64_t delay_ms, queue_done *done, void *arg)
{
    struct queue_redis *queue = self(base);
    char delay[24];
    char prefix[38];
    (void)snprintf(delay, sizeof(delay), "%lld", (long long)delay_ms);
    unique_prefix(prefix);
    const char *args[] = {message->receipt, queue->consumer, body, delay, prefix};
    const size_t lens[] = {0, 0, len, 0, 0};
    run_script(queue, defer_script, queue->delayed, args, lens, 5, done, arg);
}

static void redis_dead(struct queue *base, const struct queue_message *message, const char *reason,
                       queue_done *done, void *arg)
{
    struct queue_redis *queue = self(base);
    char count[16];
    (void)snprintf(count, sizeof(count), "%d", message->receive_count);
    const char *args[] = {message->receipt, queue->consumer, message->body, reason, count};
    const size_t lens[] = {0, 0, message->body_bytes, 0, 0};
    run_script(queue, dead_script, queue->dead, args, lens, 5, done, arg);
}

static void redis_check(struct queue *base, queue_done *done, void *arg)
{
    struct queue_redis *queue = self(base);
    const char *args[] = {queue->consumer};
    run_script(queue, check_script, NULL, args, NULL, 1, done, arg);
}

/* Depth */

struct depth_reading {
    struct queue_redis *queue;
    queue_depth_done *done;
    void *arg;
};

static void on_depth(void *arg, int err, struct redis_reply *reply)
{
    struct depth_reading *reading = arg;
    note(reading->queue, err, reply);
    int64_t length = redis_int(redis_at(reply, 0));
    int64_t pending = redis_int(redis_at(reply, 1));
    const struct queue_depth depth = {.waiting = length - pending,
                                      .in_flight = pending,
                                      .delayed = redis_int(redis_at(reply, 2)),
                                      .oldest_age_ms = redis_int(redis_at(reply, 3))};
    reading->done(reading->arg, err, err ? NULL : &depth);
    free(reading);
}

static void redis_depth(struct queue *base, queue_depth_done *done, void *arg)
{
    struct queue_redis *queue = self(base);
    struct depth_reading *reading = xmalloc(sizeof(*reading));
    *reading = (struct depth_reading){queue, done, arg};
    redis_command(queue->commands, COMMAND_TIMEOUT_MS, on_depth, reading, "EVAL %s 2 %s %s",
                  depth_script, queue->stream, queue->delayed);
}

/* Receiving: claim what is due, else block for what is new, in turns until the wait is over. */

struct receiving {
    struct queue_redis *queue;
    int64_t until_ms;
    bool is_stopped;
    struct loop_timer *pause; /* while the connections come up */
    int64_t connect_by_ms;
    queue_received *done;
    void *arg;
};

static void receive_turn(struct receiving *receiving);

static void receive_end(struct receiving *receiving, int err, struct queue_message *message)
{
    queue_received *done = receiving->done;
    void *arg = receiving->arg;
    receiving->queue->receiving = NULL;
    loop_timer_free(receiving->pause);
    free(receiving);
    done(arg, err, message);
}

/* "1700000000000-3": the time it was added. */
static int64_t entry_ms(const char *id)
{
    return strtoll(id, NULL, 10);
}

static struct queue_message *message_new(const char *id, const struct redis_reply *body,
                                         int64_t count)
{
    struct queue_message *message = xcalloc(1, sizeof(*message));
    const char *text = redis_str(body, &message->body_bytes);
    message->id = xstrdup(id);
    message->receipt = xstrdup(id);
    message->body = xmemdup(text, message->body_bytes);
    message->receive_count = (int)count;
    message->sent_ms = entry_ms(id);
    return message;
}

static bool has_code(const struct redis_reply *reply, const char *code)
{
    return redis_is_error(reply) && strncmp(redis_str(reply, NULL), code, strlen(code)) == 0;
}

static void on_read(void *arg, int err, struct redis_reply *reply)
{
    struct receiving *receiving = arg;
    struct queue_redis *queue = receiving->queue;
    if (has_code(reply, "NOGROUP") || has_code(reply, "UNBLOCKED")) {
        err = 0; /* the stream was deleted, or we were asked to stop: the next turn sees to it */
        reply = NULL;
    }
    note(queue, err, reply);
    if (err) {
        receive_end(receiving, receiving->is_stopped ? 0 : ERR_UNAVAILABLE, NULL);
        return;
    }
    const struct redis_reply *entry = redis_at(redis_at(redis_at(redis_at(reply, 0), 1), 0), 0);
    const struct redis_reply *fields = redis_at(redis_at(redis_at(redis_at(reply, 0), 1), 0), 1);
    if (entry)
        receive_end(receiving, 0, message_new(redis_str(entry, NULL), redis_at(fields, 1), 1));
    else
        receive_turn(receiving);
}

static void on_claimed(void *arg, int err, struct redis_reply *reply)
{
    struct receiving *receiving = arg;
    struct queue_redis *queue = receiving->queue;
    note(queue, err, reply);
    if (err) {
        receive_end(receiving, ERR_UNAVAILABLE, NULL);
        return;
    }
    if (redis_len(reply) == 3) {
        receive_end(receiving, 0,
                    message_new(redis_str(redis_at(reply, 0), NULL), redis_at(reply, 1),
                                redis_int(redis_at(reply, 2))));
        return;
    }
    int64_t left_ms = receiving->until_ms - loop_now_ms(queue->base.loop);
    if (left_ms <= 0 || receiving->is_stopped) {
        receive_end(receiving, 0, NULL);
        return;
    }
    int64_t due_ms = redis_int(redis_at(reply, 0));
    int64_t block_ms = left_ms < BLOCK_MS ? left_ms : BLOCK_MS;
    int64_t claim_ms = queue->base.options.visibility_ms / 2;
    block_ms = claim_ms < block_ms ? claim_ms : block_ms;
    block_ms = due_ms >= 0 && due_ms < block_ms ? due_ms : block_ms;
    redis_command(queue->reader, (int)block_ms + COMMAND_TIMEOUT_MS, on_read, receiving,
                  "XREADGROUP GROUP " GROUP " %s COUNT 1 BLOCK %lld STREAMS %s >", queue->consumer,
                  (long long)(block_ms > 0 ? block_ms : 1), queue->stream);
}

static void on_pause_over(void *arg)
{
    receive_turn(arg);
}

static void receive_turn(struct receiving *receiving)
{
    struct queue_redis *queue = receiving->queue;
    bool is_ready = redis_is_connected(queue->commands) && redis_is_connected(queue->reader);
    if (!is_ready && loop_now_ms(queue->base.loop) < receiving->connect_by_ms &&
        !receiving->is_stopped) {
        loop_timer_start(receiving->pause, 20);
        return;
    }
    redis_command(queue->commands, COMMAND_TIMEOUT_MS, on_claimed, receiving,
                  "EVAL %s 2 %s %s %s %d", claim_script, queue->stream, queue->delayed,
                  queue->consumer, queue->base.options.visibility_ms);
}

static void on_reader_id(void *arg, int err, struct redis_reply *reply)
{
    struct queue_redis *queue = arg;
    queue->reader_id = err ? 0 : redis_int(reply);
}

static void on_reader_change(void *arg, bool connected)
{
    struct queue_redis *queue = arg;
    queue->reader_id = 0;
    if (connected)
        redis_command(queue->reader, COMMAND_TIMEOUT_MS, on_reader_id, queue, "CLIENT ID");
}

static void open_reader(struct queue_redis *queue)
{
    if (queue->reader)
        return;
    queue->reader = redis_new(queue->base.loop, queue->url, "microbadger-reader");
    redis_on_change(queue->reader, on_reader_change, queue);
}

static void redis_receive(struct queue *base, int wait_ms, queue_received *done, void *arg)
{
    struct queue_redis *queue = self(base);
    open_reader(queue);
    struct receiving *receiving = xcalloc(1, sizeof(*receiving));
    receiving->queue = queue;
    receiving->done = done;
    receiving->arg = arg;
    receiving->until_ms = loop_now_ms(base->loop) + wait_ms;
    receiving->connect_by_ms = loop_now_ms(base->loop) + CONNECT_WAIT_MS;
    receiving->pause = loop_timer_new(base->loop, on_pause_over, receiving);
    queue->receiving = receiving;
    receive_turn(receiving);
}

/* Asks Redis to end the read: what it hands out at that moment still reaches us, so nothing is left
 * in flight. */
static void redis_stop_receive(struct queue *base)
{
    struct queue_redis *queue = self(base);
    if (!queue->receiving)
        return;
    queue->receiving->is_stopped = true;
    if (queue->reader_id)
        redis_command(queue->commands, COMMAND_TIMEOUT_MS, NULL, NULL, "CLIENT UNBLOCK %lld",
                      (long long)queue->reader_id);
}

static bool redis_is_healthy(const struct queue *base)
{
    const struct queue_redis *queue = self(base);
    return !queue->is_failing && redis_is_connected(queue->commands);
}

static const char *redis_queue_last_error(const struct queue *base)
{
    const struct queue_redis *queue = self(base);
    return redis_is_connected(queue->commands) ? queue->last_error
                                               : redis_last_error(queue->commands);
}

static void redis_queue_free(struct queue *base)
{
    struct queue_redis *queue = self(base);
    redis_free(queue->reader);
    redis_free(queue->commands);
    if (queue->receiving)
        receive_end(queue->receiving, ERR_CANCELLED, NULL);
    free(queue->base.name);
    free(queue->identity);
    free(queue->stream);
    free(queue->delayed);
    free(queue->dead);
    free(queue->url);
    free(queue);
}

static const struct queue_ops redis_ops = {
    .send = redis_send,
    .receive = redis_receive,
    .stop_receive = redis_stop_receive,
    .extend = redis_extend,
    .delete = redis_delete,
    .complete = redis_complete,
    .defer = redis_defer,
    .dead = redis_dead,
    .depth = redis_depth,
    .check = redis_check,
    .is_healthy = redis_is_healthy,
    .last_error = redis_queue_last_error,
    .free = redis_queue_free,
};

struct queue *queue_redis_new(struct loop *loop, const char *url,
                              const struct queue_options *options)
{
    AUTO(url) struct url parsed = {0};
    if (url_parse(url, &parsed) != 0)
        abort(); /* the caller has checked it */
    struct queue_redis *queue = xcalloc(1, sizeof(*queue));
    char random[38];
    char host[24] = "";
    unique_prefix(random);
    (void)gethostname(host, sizeof(host) - 1);
    queue->base = (struct queue){.ops = &redis_ops, .loop = loop, .options = *options};
    queue->base.name = url_query_get(&parsed, "stream");
    queue->stream = xasprintf("{mb:1:q}:%s", queue->base.name);
    queue->delayed = xasprintf("{mb:1:q}:%s:delayed", queue->base.name);
    queue->dead = xasprintf("{mb:1:q}:%s-dead", queue->base.name);
    queue->identity = redis_url_identity(url);
    queue->url = xstrdup(url);
    (void)snprintf(queue->consumer, sizeof(queue->consumer), "%s-%.12s", host, random);
    queue->commands = redis_new(loop, url, "microbadger-queue");
    return &queue->base;
}
