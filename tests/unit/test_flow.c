#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "flow.h"
#include "loop.h"
#include "mem.h"
#include "redis.h"
#include "redis_server.h"

#define WAIT_MS 10000

static struct redis_server server;
static struct loop *loop;
static struct redis *redis;

static int start(void **state)
{
    (void)state;
    redis_server_start(&server);
    loop = loop_new();
    redis = redis_new(loop, server.url, "test");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    redis_free(redis);
    loop_free(loop);
    redis_server_stop(&server);
    return 0;
}

static int flush(void **state)
{
    (void)state;
    return redis_call(redis, WAIT_MS, NULL, "FLUSHALL");
}

struct reading {
    bool is_done;
    int err;
    bool has_flow;
    struct flow flow;
};

static void on_read(void *arg, int err, const struct flow *flow)
{
    struct reading *reading = arg;
    reading->is_done = true;
    reading->err = err;
    reading->has_flow = flow;
    if (flow)
        reading->flow = *flow;
}

static struct reading read_flow(const char *stage)
{
    struct reading reading = {0};
    flow_read(redis, stage, on_read, &reading);
    loop_run_until(loop, &reading.is_done, loop_now_ms(loop) + WAIT_MS);
    assert_true(reading.is_done);
    return reading;
}

static void assert_flow(const char *stage, int64_t sent, int64_t received, int64_t done,
                        int64_t busy_ms)
{
    struct reading reading = read_flow(stage);
    assert_int_equal(reading.err, 0);
    assert_int_equal(reading.flow.sent, sent);
    assert_int_equal(reading.flow.received, received);
    assert_int_equal(reading.flow.done, done);
    assert_int_equal(reading.flow.busy_ms, busy_ms);
}

static void totals_add_up_for_each_stage(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        flow_sent(redis, FLOW_INSPECTION);
    flow_received(redis, FLOW_INSPECTION);
    flow_received(redis, FLOW_INSPECTION);
    flow_tried(redis, FLOW_INSPECTION, 30);
    flow_done(redis, FLOW_INSPECTION, 1200);
    flow_sent(redis, FLOW_SIZE);
    assert_flow(FLOW_INSPECTION, 3, 2, 1, 1230);
    assert_flow(FLOW_SIZE, 1, 0, 0, 0);
}

static void work_of_no_time_is_done_all_the_same(void **state)
{
    (void)state;
    flow_done(redis, FLOW_SIZE, 0);
    flow_tried(redis, FLOW_SIZE, 0);
    assert_flow(FLOW_SIZE, 0, 0, 1, 0);
}

/* As programs of an older version leave it, which count nothing. */
static void what_was_never_counted_is_zero(void **state)
{
    (void)state;
    assert_flow(FLOW_INSPECTION, 0, 0, 0, 0);
    flow_received(redis, FLOW_INSPECTION);
    assert_flow(FLOW_INSPECTION, 0, 1, 0, 0);
}

static void totals_have_no_lifetime(void **state)
{
    (void)state;
    flow_sent(redis, FLOW_SIZE);
    AUTO(redis_reply) struct redis_reply *reply = NULL;
    assert_int_equal(redis_call(redis, WAIT_MS, &reply, "PTTL mb:1:flow:size"), 0);
    assert_int_equal(redis_int(reply), -1);
}

static void a_key_that_is_no_hash_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(redis_call(redis, WAIT_MS, NULL, "SET mb:1:flow:size x"), 0);
    flow_sent(redis, FLOW_SIZE);
    struct reading reading = read_flow(FLOW_SIZE);
    assert_int_equal(reading.err, ERR_PROTO);
    assert_false(reading.has_flow);
}

struct listener {
    bool is_subscribed;
    bool is_heard;
    char heard[128];
};

static void on_notice(void *arg, const char *text, size_t len)
{
    struct listener *listener = arg;
    size_t used = strlen(listener->heard);
    assert_true(used + len + 2 < sizeof(listener->heard));
    (void)snprintf(listener->heard + used, sizeof(listener->heard) - used, "%.*s;", (int)len, text);
    listener->is_heard = strcmp(listener->heard, "size;inspection;") == 0;
}

static void on_subscription(void *arg, bool subscribed)
{
    struct listener *listener = arg;
    listener->is_subscribed = subscribed;
}

static void totals_that_nothing_counts_up_to_are_capped(void **state)
{
    (void)state;
    assert_int_equal(redis_call(redis, WAIT_MS, NULL,
                                "HSET mb:1:flow:size sent 9223372036854775807 received -7 done "
                                "-9223372036854775808 busy_ms many"),
                     0);
    assert_flow(FLOW_SIZE, (int64_t)1 << 53, 0, 0, 0);
}

static void a_listener_hears_of_each_message(void **state)
{
    (void)state;
    struct listener listener = {0};
    AUTO(free) char *channel = flow_channel(redis);
    assert_string_equal(channel, "mb:1:flow-notice:1");
    struct redis_sub *sub = redis_sub_new(loop, server.url, "test-listener", channel, on_notice,
                                          on_subscription, &listener);
    loop_run_until(loop, &listener.is_subscribed, loop_now_ms(loop) + WAIT_MS);
    flow_sent(redis, FLOW_SIZE);
    flow_received(redis, FLOW_SIZE);
    flow_done(redis, FLOW_SIZE, 5);
    flow_sent(redis, FLOW_INSPECTION);
    loop_run_until(loop, &listener.is_heard, loop_now_ms(loop) + WAIT_MS);
    assert_string_equal(listener.heard, "size;inspection;");
    redis_sub_free(sub);
}

static void without_redis_nothing_happens(void **state)
{
    (void)state;
    flow_sent(redis, FLOW_SIZE);
    assert_flow(FLOW_SIZE, 1, 0, 0, 0);
    redis_server_kill(&server);
    flow_sent(redis, FLOW_SIZE);
    flow_received(redis, FLOW_SIZE);
    flow_done(redis, FLOW_SIZE, 5);
    struct reading reading = read_flow(FLOW_SIZE);
    assert_int_equal(reading.err, ERR_UNAVAILABLE);
    assert_false(reading.has_flow);
    redis_server_restart(&server);
    assert_int_equal(redis_call(redis, WAIT_MS, NULL, "PING"), 0);
    assert_flow(FLOW_SIZE, 0, 0, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(totals_add_up_for_each_stage, flush),
        cmocka_unit_test_setup(work_of_no_time_is_done_all_the_same, flush),
        cmocka_unit_test_setup(what_was_never_counted_is_zero, flush),
        cmocka_unit_test_setup(totals_have_no_lifetime, flush),
        cmocka_unit_test_setup(a_key_that_is_no_hash_is_an_error, flush),
        cmocka_unit_test_setup(totals_that_nothing_counts_up_to_are_capped, flush),
        cmocka_unit_test_setup(a_listener_hears_of_each_message, flush),
        cmocka_unit_test_setup(without_redis_nothing_happens, flush),
    };
    return cmocka_run_group_tests_name("flow", tests, start, stop);
}
