/* The queue's parts that need no second process; the rest is tests/integration/test_queue.py. */
#include "unit.h"

#include <string.h>

#include "err.h"
#include "loop.h"
#include "mem.h"
#include "queue.h"
#include "queue_redis_scripts.h"
#include "redis.h"
#include "redis_server.h"

#define STREAM "{mb:1:q}:jobs"

static struct redis_server server;
static const struct queue_options options = {.visibility_ms = 60000, .max_receives = 5};

static int start(void **state)
{
    (void)state;
    redis_server_start(&server);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    redis_server_stop(&server);
    return 0;
}

static void assert_refused(const char *url, const char *part_of_why)
{
    char *why = NULL;
    assert_int_equal(queue_url_check(url, &why), ERR_INVALID);
    assert_non_null(strstr(why, part_of_why));
    free(why);
}

static void urls_are_checked(void **state)
{
    (void)state;
    char *why = NULL;
    assert_int_equal(queue_url_check("redis://127.0.0.1:6379/0?stream=inspection", &why), 0);
    assert_int_equal(queue_url_check("unix:/run/redis.sock?db=1&stream=a.b_c-D9", &why), 0);
    assert_null(why);
    assert_refused("", "URL");
    assert_refused("redis://127.0.0.1:6379/0", "no stream");
    assert_refused("redis://127.0.0.1:6379/0?stream=", "no stream");
    assert_refused("redis://127.0.0.1:6379/0?stream=a%20b", "1 to 64");
    assert_refused("redis://127.0.0.1:6379/x?stream=a", "database");
    assert_refused("kafka://host/topic", "redis://");
}

static void sqs_urls_are_checked(void **state)
{
    (void)state;
    char *why = NULL;
    unit_clear_aws(NULL);
    setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    assert_int_equal(queue_url_check("https://sqs.us-east-1.amazonaws.com/1/jobs", &why), 0);
    assert_null(why);
    assert_refused("https://sqs.us-east-1.amazonaws.com/jobs", "/ACCOUNT/NAME");
    assert_refused("https://sqs.us-east-1.amazonaws.com/1/", "1 to 80");
    assert_refused("https://sqs.us-east-1.amazonaws.com/1/jobs.fifo", "FIFO");
    assert_refused("https://user:secret@sqs.us-east-1.amazonaws.com/1/jobs", "https://HOST");
    assert_refused("https://sqs.us-east-1.amazonaws.com/1/jobs?x=y", "https://HOST");
    unsetenv("AWS_ACCESS_KEY_ID");
    assert_refused("https://sqs.us-east-1.amazonaws.com/1/jobs", "AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    assert_refused("https://sqs.us-east-1.amazonaws.com/1/jobs", "there are no AWS credentials");
}

static struct redis *connect_redis(struct loop *loop)
{
    struct redis *redis = redis_new(loop, server.url, "test");
    assert_int_equal(redis_call(redis, 2000, NULL, "FLUSHALL"), 0);
    return redis;
}

static bool has_consumer(struct redis *redis, const char *name)
{
    AUTO(redis_reply) struct redis_reply *rows = NULL;
    assert_int_equal(redis_call(redis, 2000, &rows, "XINFO CONSUMERS " STREAM " workers"), 0);
    for (size_t i = 0; i < redis_len(rows); i++)
        if (strcmp(redis_str(redis_at(redis_at(rows, i), 1), NULL), name) == 0)
            return true;
    return false;
}

static void tidying_keeps_who_holds_messages(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct redis *redis = connect_redis(loop);
    assert_int_equal(redis_call(redis, 2000, NULL, "XADD " STREAM " * body x"), 0);
    assert_int_equal(redis_call(redis, 2000, NULL, "XGROUP CREATE " STREAM " workers 0"), 0);
    assert_int_equal(redis_call(redis, 2000, NULL, "XGROUP CREATECONSUMER " STREAM " workers gone"),
                     0);
    assert_int_equal(
        redis_call(redis, 2000, NULL, "XREADGROUP GROUP workers holder STREAMS " STREAM " >"), 0);
    assert_int_equal(
        redis_call(redis, 2000, NULL, "EVAL %s 1 " STREAM " workers 3600000", script_tidy), 0);
    assert_true(has_consumer(redis, "gone"));
    assert_int_equal(redis_call(redis, 2000, NULL, "EVAL %s 1 " STREAM " workers -1", script_tidy),
                     0);
    assert_false(has_consumer(redis, "gone"));
    assert_true(has_consumer(redis, "holder"));
    redis_free(redis);
    loop_free(loop);
}

static char *queue_url(void)
{
    return xasprintf("%s&stream=jobs", server.url);
}

static void message_makes_its_way(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct redis *redis = connect_redis(loop);
    AUTO(free) char *url = queue_url();
    struct queue *queue = queue_new(loop, NULL, url, &options);
    struct queue_message *message = NULL;
    assert_string_equal(queue_name(queue), "jobs");
    assert_false(queue_is_healthy(queue)); /* not connected yet */
    assert_int_equal(queue_check_wait(queue), 0);
    assert_true(queue_is_healthy(queue));
    assert_int_equal(queue_send_wait(queue, "{\"a\":1}", 7, 0), 0);
    assert_int_equal(queue_receive_wait(queue, 1000, &message), 0);
    assert_string_equal(message->body, "{\"a\":1}");
    assert_int_equal(message->receive_count, 1);
    assert_int_equal(queue_delete_wait(queue, message), 0);
    queue_message_free(message);
    message = NULL;
    assert_int_equal(queue_receive_wait(queue, 0, &message), 0);
    assert_null(message);
    queue_free(queue);
    redis_free(redis);
    loop_free(loop);
}

static void end(void *arg, int err)
{
    *(int *)arg = err;
}

static void end_receive(void *arg, int err, struct queue_message *message)
{
    assert_null(message);
    *(int *)arg = err;
}

static void freeing_cancels_everything(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct redis *redis = connect_redis(loop);
    AUTO(free) char *url = queue_url();
    struct queue *queue = queue_new(loop, NULL, url, &options);
    int results[3] = {1, 1, 1};
    assert_int_equal(queue_check_wait(queue), 0);
    queue_send(queue, "x", 1, 0, end, &results[0]);
    queue_receive(queue, 20000, end_receive, &results[1]);
    queue_check(queue, end, &results[2]);
    queue_free(queue);
    for (size_t i = 0; i < ARRAY_LEN(results); i++)
        assert_int_equal(results[i], ERR_CANCELLED);
    redis_free(redis);
    loop_free(loop);
}

/* Send, then delete, between two databases: the source goes while the other one answers. */
static void freed_source_ends_a_relay(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct redis *redis = connect_redis(loop);
    AUTO(free) char *url = queue_url();
    AUTO(free) char *other_url = xasprintf("unix:%s/redis.sock?db=2&stream=jobs", server.directory);
    struct queue *queue = queue_new(loop, NULL, url, &options);
    struct queue *other = queue_new(loop, NULL, other_url, &options);
    struct queue_message *message = NULL;
    int result = 1;
    struct queue_depth depth;
    assert_int_equal(queue_check_wait(queue), 0);
    assert_int_equal(queue_check_wait(other), 0);
    assert_int_equal(queue_send_wait(queue, "one", 3, 0), 0);
    assert_int_equal(queue_receive_wait(queue, 1000, &message), 0);
    queue_complete(queue, message, other, "two", 3, end, &result);
    queue_message_free(message);
    queue_free(queue);
    assert_int_equal(result, ERR_CANCELLED);
    assert_int_equal(queue_depth_wait(other, &depth), 0); /* the send's answer comes before */
    assert_int_equal(depth.waiting, 1);
    queue_free(other);
    queue_free(NULL);
    redis_free(redis);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_checked),
        cmocka_unit_test(sqs_urls_are_checked),
        cmocka_unit_test(tidying_keeps_who_holds_messages),
        cmocka_unit_test(message_makes_its_way),
        cmocka_unit_test(freeing_cancels_everything),
        cmocka_unit_test(freed_source_ends_a_relay),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
