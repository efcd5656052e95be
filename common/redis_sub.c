#include <string.h>

#include "loop.h"
#include "mem.h"
#include "redis_internal.h"

#define HEARTBEAT_MS 10000
#define HEARTBEAT_ANSWER_MS 5000

struct redis_sub {
    struct redis *redis;
    struct loop_timer *heartbeat;
    char *channel;
    bool subscribed;
    bool waits_for_answer;
    void (*message)(void *arg, const char *text, size_t len);
    void (*changed)(void *arg, bool subscribed);
    void *arg;
};

static void set_subscribed(struct redis_sub *sub, bool subscribed)
{
    if (sub->subscribed == subscribed)
        return;
    sub->subscribed = subscribed;
    sub->changed(sub->arg, subscribed);
}

static void on_push(redisAsyncContext *context, void *data, void *arg)
{
    (void)context;
    const redisReply *reply = data;
    struct redis_sub *sub = arg;
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
        return; /* the connection's end is told by its own change */
    if (reply->element[0]->type != REDIS_REPLY_STRING)
        return;
    if (strcmp(reply->element[0]->str, "subscribe") == 0) {
        sub->waits_for_answer = false;
        loop_timer_start(sub->heartbeat, HEARTBEAT_MS);
        set_subscribed(sub, true);
    } else if (reply->element[2]->type == REDIS_REPLY_STRING) {
        sub->message(sub->arg, reply->element[2]->str, (size_t)reply->element[2]->len);
    }
}

/* A subscribed connection answers nothing but SUBSCRIBE in hiredis 0.14: it is the heartbeat. */
static void subscribe(struct redis_sub *sub)
{
    sub->waits_for_answer = redis_subscribe_raw(sub->redis, sub->channel, on_push, sub);
    loop_timer_start(sub->heartbeat, HEARTBEAT_ANSWER_MS);
}

static void on_heartbeat(void *arg)
{
    struct redis_sub *sub = arg;
    if (sub->waits_for_answer)
        redis_reconnect(sub->redis);
    else if (redis_is_connected(sub->redis))
        subscribe(sub);
}

static void on_change(void *arg, bool connected)
{
    struct redis_sub *sub = arg;
    sub->waits_for_answer = false;
    if (connected) {
        subscribe(sub);
        return;
    }
    loop_timer_stop(sub->heartbeat);
    set_subscribed(sub, false);
}

struct redis_sub *redis_sub_new(struct loop *loop, const char *url, const char *name,
                                const char *channel,
                                void (*message)(void *arg, const char *text, size_t len),
                                void (*changed)(void *arg, bool subscribed), void *arg)
{
    struct redis_sub *sub = xcalloc(1, sizeof(*sub));
    sub->channel = xstrdup(channel);
    sub->message = message;
    sub->changed = changed;
    sub->arg = arg;
    sub->heartbeat = loop_timer_new(loop, on_heartbeat, sub);
    sub->redis = redis_new(loop, url, name);
    redis_on_change(sub->redis, on_change, sub);
    return sub;
}

void redis_sub_free(struct redis_sub *sub)
{
    if (!sub)
        return;
    redis_free(sub->redis);
    loop_timer_free(sub->heartbeat);
    free(sub->channel);
    free(sub);
}
