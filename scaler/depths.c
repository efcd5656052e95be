#include "depths.h"

#include <string.h>

#include "config.h"
#include "estimate.h"
#include "flow.h"
#include "loop.h"
#include "mem.h"
#include "metrics.h"
#include "queue.h"
#include "redis.h"

#define TICK_MS 1000

/* No message is received here, so these say nothing. */
static const struct queue_options queue_options = {.visibility_ms = 60000, .max_receives = 5};

static const struct {
    const char *name; /* of its counters, too */
    const char *good; /* labels of looks */
    const char *failed;
} stages[POLICY_GROUPS] = {
    {FLOW_INSPECTION, "queue=\"inspection\",result=\"ok\"",
     "queue=\"inspection\",result=\"error\""},
    {FLOW_SIZE, "queue=\"size\",result=\"ok\"", "queue=\"size\",result=\"error\""},
};

struct watched {
    struct depths *depths;
    const char *stage;
    struct queue *queue;
    struct estimate estimate;
    bool reads_flow; /* a call is under way */
    bool asks_depth;
    bool has_failed; /* the last look at the depth */
    struct metric *polls;
    struct metric *failed_polls;
};

struct depths {
    struct loop *loop;
    struct redis *redis;
    struct redis_sub *notices;
    struct loop_timer *timer;
    int64_t started_ms;
    enum depths_pace pace;
    bool is_closing;
    struct watched queues[POLICY_GROUPS];
    void (*sampled)(void *arg);
    void *arg;
};

static bool is_active(const struct depths *depths)
{
    return depths->pace == DEPTHS_ACTIVE;
}

/* At rest the next look is when a depth is due: the process sleeps until then. */
static void rest(struct depths *depths)
{
    int64_t delay_ms = ESTIMATE_REST_POLL_MS;
    for (int i = 0; i < POLICY_GROUPS; i++) {
        int64_t due_ms = estimate_due_ms(&depths->queues[i].estimate, false);
        if (due_ms - loop_now_ms(depths->loop) < delay_ms)
            delay_ms = due_ms - loop_now_ms(depths->loop);
    }
    loop_timer_start(depths->timer, delay_ms > TICK_MS ? delay_ms : TICK_MS);
}

static void look_ended(struct depths *depths)
{
    for (int i = 0; i < POLICY_GROUPS; i++)
        if (depths->queues[i].reads_flow)
            return;
    if (depths->pace == DEPTHS_OFF)
        return;
    if (depths->pace == DEPTHS_AT_REST)
        rest(depths);
    depths->sampled(depths->arg);
}

static void on_depth(void *arg, int err, const struct queue_depth *depth)
{
    struct watched *watched = arg;
    struct depths *depths = watched->depths;
    if (depths->is_closing)
        return;
    watched->asks_depth = false;
    watched->has_failed = err || depth->waiting < 0;
    metric_add(watched->has_failed ? watched->failed_polls : watched->polls, 1);
    estimate_depth(&watched->estimate, watched->has_failed ? NULL : depth,
                   loop_now_ms(depths->loop));
    look_ended(depths);
}

static void ask_depth(struct watched *watched)
{
    int64_t now_ms = loop_now_ms(watched->depths->loop);
    if (watched->asks_depth ||
        estimate_due_ms(&watched->estimate, is_active(watched->depths)) > now_ms)
        return;
    watched->asks_depth = true;
    estimate_ask(&watched->estimate, now_ms);
    queue_depth(watched->queue, on_depth, watched);
}

/* The counters come first: they are what the depth will be carried on from. */
static void on_flow(void *arg, int err, const struct flow *flow)
{
    struct watched *watched = arg;
    if (watched->depths->is_closing)
        return;
    watched->reads_flow = false;
    estimate_flow(&watched->estimate, err ? NULL : flow);
    if (watched->depths->pace != DEPTHS_OFF)
        ask_depth(watched);
    look_ended(watched->depths);
}

static void look(struct depths *depths)
{
    for (int i = 0; i < POLICY_GROUPS; i++) {
        struct watched *watched = &depths->queues[i];
        if (watched->reads_flow)
            continue;
        watched->reads_flow = true;
        flow_read(depths->redis, watched->stage, on_flow, watched);
    }
    if (is_active(depths))
        loop_timer_start(depths->timer, TICK_MS);
}

static void on_timer(void *arg)
{
    look(arg);
}

/* While there is work the next look is near enough. */
static void on_notice(void *arg, const char *text, size_t len)
{
    struct depths *depths = arg;
    if (depths->pace == DEPTHS_OFF)
        return;
    for (int i = 0; i < POLICY_GROUPS; i++) {
        const struct watched *watched = &depths->queues[i];
        if (strlen(watched->stage) == len && memcmp(watched->stage, text, len) == 0 &&
            estimate_work(&watched->estimate) == 0)
            look(depths);
    }
}

/* Notices may have been missed. */
static void on_subscribed(void *arg, bool subscribed)
{
    struct depths *depths = arg;
    if (subscribed && depths->pace != DEPTHS_OFF)
        look(depths);
}

static void watch(struct depths *depths, int group, struct httpc *httpc, const char *url)
{
    struct watched *watched = &depths->queues[group];
    watched->depths = depths;
    watched->stage = stages[group].name;
    watched->queue = queue_new(depths->loop, httpc, url, &queue_options);
    watched->estimate.is_exact = strncmp(url, "http", 4) != 0;
    static const char name[] = "mb_scaler_depth_polls_total";
    static const char help[] = "Times that a queue was asked for its depth.";
    watched->polls = metric_counter(name, help, stages[group].good);
    watched->failed_polls = metric_counter(name, help, stages[group].failed);
}

struct depths *depths_new(struct loop *loop, struct httpc *httpc, const struct config *config,
                          void (*sampled)(void *arg), void *arg)
{
    struct depths *depths = xcalloc(1, sizeof(*depths));
    const char *name = program_name(PROGRAM_SCALER);
    depths->loop = loop;
    depths->started_ms = loop_now_ms(loop);
    depths->sampled = sampled;
    depths->arg = arg;
    depths->timer = loop_timer_new(loop, on_timer, depths);
    watch(depths, POLICY_URGENT, httpc, config->inspection_queue);
    watch(depths, POLICY_PATIENT, httpc, config->size_queue);
    redis_trust(config->redis_ca_file);
    depths->redis = redis_new(loop, config->cache_url, name);
    AUTO(free) char *channel = flow_channel(depths->redis);
    depths->notices =
        redis_sub_new(loop, config->cache_url, name, channel, on_notice, on_subscribed, depths);
    return depths;
}

void depths_free(struct depths *depths)
{
    if (!depths)
        return;
    depths->is_closing = true;
    redis_sub_free(depths->notices);
    redis_free(depths->redis);
    for (int i = 0; i < POLICY_GROUPS; i++)
        queue_free(depths->queues[i].queue);
    loop_timer_free(depths->timer);
    free(depths);
}

void depths_set_pace(struct depths *depths, enum depths_pace pace)
{
    enum depths_pace before = depths->pace;
    depths->pace = pace;
    if (pace == DEPTHS_OFF)
        loop_timer_stop(depths->timer);
    else if (pace > before)
        look(depths);
    else if (pace < before)
        rest(depths);
}

void depths_sample(const struct depths *depths, struct policy_sample *ret_sample)
{
    ret_sample->now_ms = loop_now_ms(depths->loop);
    for (int i = 0; i < POLICY_GROUPS; i++)
        estimate_sample(&depths->queues[i].estimate, is_active(depths), ret_sample->now_ms,
                        &ret_sample->groups[i]);
}

int64_t depths_work(const struct depths *depths, int group)
{
    return estimate_work(&depths->queues[group].estimate);
}

bool depths_is_known(const struct depths *depths, int group)
{
    return estimate_is_known(&depths->queues[group].estimate, is_active(depths),
                             loop_now_ms(depths->loop));
}

int64_t depths_age_ms(const struct depths *depths, int group)
{
    int64_t depth_ms = depths->queues[group].estimate.depth_ms;
    return loop_now_ms(depths->loop) - (depth_ms ? depth_ms : depths->started_ms);
}

const char *depths_queue(int group)
{
    return stages[group].name;
}

const char *depths_last_error(const struct depths *depths, int group)
{
    const struct watched *watched = &depths->queues[group];
    return watched->has_failed ? queue_last_error(watched->queue) : "";
}
