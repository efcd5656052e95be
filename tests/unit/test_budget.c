#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "budget.h"
#include "clock.h"
#include "err.h"
#include "loop.h"
#include "mem.h"
#include "redis.h"
#include "redis_server.h"

#define NOW_MS INT64_C(1780000000000)
#define REGISTRY "docker.io"

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
    return redis_call(redis, 5000, NULL, "FLUSHALL");
}

/* Commands are answered in order: what was written before this is written. */
static void settle(void)
{
    assert_int_equal(redis_call(redis, 5000, NULL, "PING"), 0);
}

struct reading {
    struct budget_headers headers;
    int err;
    int64_t limit, remaining, counts_ms;
};

static void headers_of_both_apis_are_read(void **state)
{
    (void)state;
    const struct reading readings[] = {
        {{.limit = "100;w=21600", .remaining = "76;w=21600"}, 0, 100, 76, 2160000},
        {{.limit = "100 ; w=3600", .remaining = " 0 ;W=3600"}, 0, 100, 0, 360000},
        {{.limit = "100;w=3600, 200;w=60", .remaining = "7"}, 0, 100, 7, 360000},
        {{.limit = "180", .remaining = "179", .reset = "1780000033"}, 0, 180, 179, 33000},
        {{.limit = "180", .remaining = "5", .reset = "12"}, 0, 180, 5, 6000},
        {{.limit = "180", .remaining = "5", .reset = "99999999999999999999"}, 0, 180, 5, 6000},
        {{.remaining = "3"}, 0, 0, 3, 6000},
        {{.limit = "100;w=21600", .remaining = "76", .is_refused = true}, 0, 100, 0, 2160000},
        {{.limit = "1", .remaining = "0", .is_refused = true, .retry_after = "90"}, 0, 1, 0, 90000},
        {{.limit = "1", .remaining = "0", .is_refused = true, .retry_after = "1780000044"},
         0,
         1,
         0,
         44000},
        {{.limit = "1", .remaining = "1", .retry_after = "90"}, 0, 1, 1, 6000},
        {{.limit = "9;w=999999999", .remaining = "8"}, 0, 9, 8, 8640000},
        {{.limit = "9;w=1", .remaining = "8"}, 0, 9, 8, 1000},
        {{.limit = "100;w=21600"}, ERR_NOTFOUND, 0, 0, 0},
        {{.remaining = "-1"}, ERR_NOTFOUND, 0, 0, 0},
        {{.remaining = "many"}, ERR_NOTFOUND, 0, 0, 0},
        {{.remaining = "1x"}, ERR_NOTFOUND, 0, 0, 0},
        {{.remaining = ""}, ERR_NOTFOUND, 0, 0, 0},
        {{.is_refused = true}, ERR_NOTFOUND, 0, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(readings); i++) {
        const struct reading *reading = &readings[i];
        struct budget_limit limit;
        print_message("row %zu\n", i);
        assert_int_equal(budget_read_headers(&reading->headers, NOW_MS, &limit), reading->err);
        if (reading->err)
            continue;
        assert_int_equal(limit.limit, reading->limit);
        assert_int_equal(limit.remaining, reading->remaining);
        assert_int_equal(limit.until_ms, NOW_MS + reading->counts_ms);
    }
}

static void source_is_kept_if_it_is_an_address_or_a_name(void **state)
{
    (void)state;
    struct budget_limit limit;
    struct budget_headers headers = {.remaining = "1", .source = "2001:db8::7"};
    assert_int_equal(budget_read_headers(&headers, NOW_MS, &limit), 0);
    assert_string_equal(limit.source, "2001:db8::7");
    headers.source = "a b";
    assert_int_equal(budget_read_headers(&headers, NOW_MS, &limit), 0);
    assert_string_equal(limit.source, "");
}

static void lower_counts_win_for_a_moment(void **state)
{
    (void)state;
    struct budget_limit known = {100, 70, NOW_MS + 60000, NOW_MS, ""};
    const struct budget_limit overtaken = {100, 75, NOW_MS + 60000, NOW_MS + 1000, ""};
    const struct budget_limit later = {100, 90, NOW_MS + 60000, NOW_MS + 3000, ""};
    budget_merge(&known, &overtaken);
    assert_int_equal(known.remaining, 70);
    budget_merge(&known, &later);
    assert_int_equal(known.remaining, 90);
    known.until_ms = NOW_MS; /* over: it says nothing any more */
    budget_merge(&known, &overtaken);
    assert_int_equal(known.remaining, 75);
}

static void note(struct budget *budget, const char *limit, const char *remaining)
{
    const struct budget_headers headers = {.limit = limit, .remaining = remaining};
    budget_note(budget, REGISTRY, &headers);
    settle();
}

static int take(struct budget *budget, bool is_wanted)
{
    int64_t retry_at_ms = 0;
    int err = budget_take(budget, REGISTRY, is_wanted, &retry_at_ms);
    if (err)
        assert_true(retry_at_ms > clock_ms());
    return err;
}

static void what_is_not_told_is_not_limited(void **state)
{
    (void)state;
    struct budget *budget = budget_new(loop, redis);
    budget_load(budget);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(take(budget, false), 0);
    assert_int_equal(take(NULL, false), 0);
    budget_load(NULL);
    budget_free(budget);
}

static void a_tenth_is_kept_for_who_waits(void **state)
{
    (void)state;
    struct budget *budget = budget_new(loop, redis);
    note(budget, "50;w=21600", "8;w=21600");
    for (int i = 0; i < 3; i++)
        assert_int_equal(take(budget, false), 0);
    assert_int_equal(take(budget, false), ERR_RATELIMIT);
    for (int i = 0; i < 5; i++)
        assert_int_equal(take(budget, true), 0);
    assert_int_equal(take(budget, true), ERR_RATELIMIT);
    budget_free(budget);
}

static void workers_know_what_others_were_told(void **state)
{
    (void)state;
    struct budget *first = budget_new(loop, redis);
    struct budget *second = budget_new(loop, redis);
    budget_load(second);
    note(first, "10;w=21600", "0;w=21600");
    assert_int_equal(take(second, true), 0); /* nobody has told it yet */
    budget_load(second);
    assert_int_equal(take(second, true), ERR_RATELIMIT);
    note(second, "10;w=21600", "5;w=21600"); /* an answer that was overtaken */
    budget_load(first);
    assert_int_equal(take(first, true), ERR_RATELIMIT);
    budget_free(first);
    budget_free(second);
}

static void budgets_do_not_outlive_their_time(void **state)
{
    (void)state;
    struct budget *budget = budget_new(loop, redis);
    struct redis_reply *reply = NULL;
    note(budget, "10;w=600", "0;w=600");
    assert_int_equal(redis_call(redis, 5000, &reply, "PTTL mb:1:budget"), 0);
    assert_in_range(redis_int(reply), 50000, 60000);
    redis_reply_free(reply);
    budget_free(budget);
}

static void what_cannot_be_read_counts_as_unknown(void **state)
{
    (void)state;
    struct budget *budget = budget_new(loop, redis);
    settle();
    assert_int_equal(redis_call(redis, 5000, NULL, "HSET mb:1:budget docker.io nonsense hub 1"), 0);
    budget_load(budget);
    assert_int_equal(take(budget, false), 0);
    budget_free(budget);
}

static void without_redis_each_worker_counts_for_itself(void **state)
{
    (void)state;
    struct redis *nowhere = redis_new(loop, "unix:/nowhere/redis.sock", "test");
    struct budget *budget = budget_new(loop, nowhere);
    const struct budget_headers headers = {.limit = "10;w=600", .remaining = "0"};
    budget_note(budget, REGISTRY, &headers);
    assert_int_equal(take(budget, true), ERR_RATELIMIT);
    redis_free(nowhere);
    budget_free(budget);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_of_both_apis_are_read),
        cmocka_unit_test(source_is_kept_if_it_is_an_address_or_a_name),
        cmocka_unit_test(lower_counts_win_for_a_moment),
        cmocka_unit_test_setup(what_is_not_told_is_not_limited, flush),
        cmocka_unit_test_setup(a_tenth_is_kept_for_who_waits, flush),
        cmocka_unit_test_setup(workers_know_what_others_were_told, flush),
        cmocka_unit_test_setup(budgets_do_not_outlive_their_time, flush),
        cmocka_unit_test_setup(what_cannot_be_read_counts_as_unknown, flush),
        cmocka_unit_test_setup(without_redis_each_worker_counts_for_itself, flush),
    };
    return cmocka_run_group_tests_name("budget", tests, start, stop);
}
