#include "flow.h"

#include <stdlib.h>

#include "mem.h"
#include "redis.h"
#include "redis_keys.h"

static void add(struct redis *redis, const char *stage, const char *total, int64_t amount)
{
    redis_command(redis, REDIS_WORKER_TIMEOUT_MS, NULL, NULL, "HINCRBY " KEY_FLOW "%s %s %lld",
                  stage, total, (long long)amount);
}

/* Counted first: whom the notice wakes reads a total that has the message. */
void flow_sent(struct redis *redis, const char *stage)
{
    add(redis, stage, "sent", 1);
    redis_command(redis, REDIS_WORKER_TIMEOUT_MS, NULL, NULL, "PUBLISH " KEY_FLOW_NOTICE "%d %s",
                  redis_db(redis), stage);
}

void flow_received(struct redis *redis, const char *stage)
{
    add(redis, stage, "received", 1);
}

void flow_done(struct redis *redis, const char *stage, int64_t busy_ms)
{
    flow_tried(redis, stage, busy_ms);
    add(redis, stage, "done", 1);
}

void flow_tried(struct redis *redis, const char *stage, int64_t busy_ms)
{
    if (busy_ms > 0)
        add(redis, stage, "busy_ms", busy_ms);
}

struct flow_reading {
    flow_read_done *done;
    void *arg;
};

static void on_read(void *arg, int err, struct redis_reply *reply)
{
    struct flow_reading *reading = arg;
    const struct flow flow = {
        .sent = redis_count(redis_at(reply, 0)),
        .received = redis_count(redis_at(reply, 1)),
        .done = redis_count(redis_at(reply, 2)),
        .busy_ms = redis_count(redis_at(reply, 3)),
    };
    reading->done(reading->arg, err, err ? NULL : &flow);
    free(reading);
}

void flow_read(struct redis *redis, const char *stage, flow_read_done *done, void *arg)
{
    struct flow_reading *reading = xcalloc(1, sizeof(*reading));
    reading->done = done;
    reading->arg = arg;
    redis_command(redis, REDIS_WORKER_TIMEOUT_MS, on_read, reading,
                  "HMGET " KEY_FLOW "%s sent received done busy_ms", stage);
}

char *flow_channel(const struct redis *redis)
{
    return xasprintf(KEY_FLOW_NOTICE "%d", redis_db(redis));
}
