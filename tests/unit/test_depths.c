/* The scaler's eyes on its queues, with a real Redis for queues, counters and notices. */
#include "unit.h"

#include "config.h"
#include "depths.h"
#include "loop.h"
#include "mem.h"
#include "redis.h"
#include "redis_server.h"

#define DEADLINE_MS 20000
#define INSPECTIONS "{mb:1:q}:inspection"

struct fixture {
    struct redis_server server;
    struct loop *loop;
    struct config config;
    struct redis *redis; /* of who sends */
    struct depths *depths;
    int samples;
    bool (*wanted)(struct fixture *fixture);
    bool is_there;
};

static void on_sampled(void *arg)
{
    struct fixture *fixture = arg;
    fixture->samples++;
    fixture->is_there = fixture->wanted && fixture->wanted(fixture);
}

/* Until a sample is as it should be. */
static void wait_for(struct fixture *fixture, bool (*wanted)(struct fixture *fixture))
{
    fixture->wanted = wanted;
    fixture->is_there = false;
    int64_t deadline_ms = loop_now_ms(fixture->loop) + DEADLINE_MS;
    assert_true(loop_run_until(fixture->loop, &fixture->is_there, deadline_ms));
}

static int start(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof(*fixture));
    redis_server_start(&fixture->server);
    fixture->loop = loop_new();
    fixture->config.cache_url = fixture->server.url;
    fixture->config.inspection_queue = xasprintf("%s&stream=inspection", fixture->server.url);
    fixture->config.size_queue = xasprintf("%s&stream=size", fixture->server.url);
    fixture->redis = redis_new(fixture->loop, fixture->server.url, "test");
    fixture->depths = depths_new(fixture->loop, NULL, &fixture->config, on_sampled, fixture);
    *state = fixture;
    return 0;
}

static int stop(void **state)
{
    struct fixture *fixture = *state;
    depths_free(fixture->depths);
    redis_free(fixture->redis);
    loop_free(fixture->loop);
    redis_server_stop(&fixture->server);
    free(fixture->config.inspection_queue);
    free(fixture->config.size_queue);
    free(fixture);
    return 0;
}

static bool both_are_known(struct fixture *fixture)
{
    return depths_is_known(fixture->depths, POLICY_URGENT) &&
           depths_is_known(fixture->depths, POLICY_PATIENT);
}

static bool an_inspection_waits(struct fixture *fixture)
{
    struct policy_sample sample = {0};
    depths_sample(fixture->depths, &sample);
    return sample.groups[POLICY_URGENT].waiting == 1;
}

static bool nothing_is_told(struct fixture *fixture)
{
    struct policy_sample sample = {0};
    depths_sample(fixture->depths, &sample);
    return sample.groups[POLICY_URGENT].sent == -1;
}

static void call(struct fixture *fixture, const char *command)
{
    assert_int_equal(redis_call(fixture->redis, DEADLINE_MS, NULL, command), 0);
}

static void count_inspection(struct fixture *fixture)
{
    call(fixture, "HINCRBY mb:1:flow:inspection sent 1");
    call(fixture, "PUBLISH mb:1:flow-notice:1 inspection");
}

static void send_inspection(struct fixture *fixture)
{
    call(fixture, "XADD " INSPECTIONS " * body x");
    count_inspection(fixture);
}

static void depths_are_those_of_the_queues(void **state)
{
    struct fixture *fixture = *state;
    struct policy_sample sample = {0};
    call(fixture, "XADD " INSPECTIONS " * body x");
    call(fixture, "XADD {mb:1:q}:size * body x");
    call(fixture, "XADD {mb:1:q}:size * body y");
    call(fixture, "HSET mb:1:flow:size sent 7 received 5 done 4 busy_ms 1234");
    depths_set_pace(fixture->depths, DEPTHS_ACTIVE);
    wait_for(fixture, both_are_known);
    depths_sample(fixture->depths, &sample);
    assert_int_equal(sample.groups[POLICY_URGENT].waiting, 1);
    assert_int_equal(sample.groups[POLICY_PATIENT].waiting, 2);
    assert_int_equal(sample.groups[POLICY_PATIENT].sent, 7);
    assert_int_equal(sample.groups[POLICY_PATIENT].done, 4);
    assert_int_equal(sample.groups[POLICY_PATIENT].busy_ms, 1234);
    assert_true(sample.groups[POLICY_PATIENT].is_known);
    assert_int_equal(depths_work(fixture->depths, POLICY_PATIENT), 2);
    assert_string_equal(depths_last_error(fixture->depths, POLICY_PATIENT), "");
}

static void a_notice_wakes_who_rests(void **state)
{
    struct fixture *fixture = *state;
    depths_set_pace(fixture->depths, DEPTHS_AT_REST);
    wait_for(fixture, both_are_known);
    count_inspection(fixture); /* the queue has none: no look at it can tell of one */
    wait_for(fixture, an_inspection_waits);
}

static void who_does_not_act_looks_at_nothing(void **state)
{
    struct fixture *fixture = *state;
    bool never = false;
    send_inspection(fixture);
    loop_run_until(fixture->loop, &never, loop_now_ms(fixture->loop) + 300);
    send_inspection(fixture);
    loop_run_until(fixture->loop, &never, loop_now_ms(fixture->loop) + 300);
    assert_int_equal(fixture->samples, 0);
    assert_false(depths_is_known(fixture->depths, POLICY_URGENT));
    depths_set_pace(fixture->depths, DEPTHS_ACTIVE);
    wait_for(fixture, both_are_known);
    depths_set_pace(fixture->depths, DEPTHS_OFF);
    int samples = fixture->samples;
    loop_run_until(fixture->loop, &never, loop_now_ms(fixture->loop) + 1500);
    assert_int_equal(fixture->samples, samples);
}

static void a_lost_redis_is_a_sample_too(void **state)
{
    struct fixture *fixture = *state;
    send_inspection(fixture);
    depths_set_pace(fixture->depths, DEPTHS_ACTIVE);
    wait_for(fixture, both_are_known);
    redis_server_kill(&fixture->server);
    wait_for(fixture, nothing_is_told);
    assert_int_equal(depths_work(fixture->depths, POLICY_URGENT), 1); /* as last known */
    redis_server_restart(&fixture->server);
    send_inspection(fixture); /* all data is lost: one, as before */
    wait_for(fixture, an_inspection_waits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(depths_are_those_of_the_queues, start, stop),
        cmocka_unit_test_setup_teardown(a_notice_wakes_who_rests, start, stop),
        cmocka_unit_test_setup_teardown(who_does_not_act_looks_at_nothing, start, stop),
        cmocka_unit_test_setup_teardown(a_lost_redis_is_a_sample_too, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
