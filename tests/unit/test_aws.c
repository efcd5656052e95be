/* How keys are handed out and replaced, with those of the environment. Sources that are asked over
 * the network are in tests/integration/test_aws_credentials.py. */
#include "unit.h"

#include <stdlib.h>

#include "aws.h"
#include "err.h"
#include "loop.h"
#include "mem.h"

#define URL "https://sqs.eu-west-1.amazonaws.com/123456789012/inspection"
#define DEADLINE_MS 20000

static struct loop *loop;
static struct aws *aws;
static int ready_count;
static bool is_ready;

static void on_ready(void *arg)
{
    (void)arg;
    ready_count++;
    is_ready = true;
}

static void set_keys(const char *access_key)
{
    setenv("AWS_ACCESS_KEY_ID", access_key, 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
}

static int start(void **state)
{
    unit_clear_aws(state);
    set_keys("AKID1");
    loop = loop_new();
    aws = aws_new(loop, NULL, URL);
    ready_count = 0;
    is_ready = false;
    return 0;
}

static int end(void **state)
{
    (void)state;
    aws_free(aws);
    loop_free(loop);
    return 0;
}

static struct aws_waiter waiter(void)
{
    return (struct aws_waiter){.ready = on_ready};
}

static struct aws_credentials get(void)
{
    struct aws_credentials credentials = {0};
    assert_int_equal(aws_credentials_get(aws, &credentials), 0);
    assert_null(aws_credentials_problem(aws));
    return credentials;
}

static void assert_none(const char *problem)
{
    struct aws_credentials credentials;
    assert_int_equal(aws_credentials_get(aws, &credentials), ERR_UNAVAILABLE);
    assert_string_equal(aws_credentials_problem(aws), problem);
}

static void run_until_ready(void)
{
    assert_true(loop_run_until(loop, &is_ready, loop_now_ms(loop) + DEADLINE_MS));
    is_ready = false;
}

static void keys_at_hand_are_there_at_once(void **state)
{
    (void)state;
    struct aws_credentials credentials = get();
    assert_string_equal(credentials.access_key, "AKID1");
    assert_string_equal(credentials.secret_key, "secret");
    assert_null(credentials.session_token);
    assert_string_equal(aws_region(aws), "eu-west-1");
    assert_string_equal(aws_endpoint(aws), "https://sqs.eu-west-1.amazonaws.com/");
}

static void refused_keys_are_replaced_and_those_who_wait_are_told(void **state)
{
    (void)state;
    struct aws_waiter first = waiter();
    struct aws_waiter second = waiter();
    struct aws_waiter third = waiter();
    set_keys("AKID2");
    setenv("AWS_SESSION_TOKEN", "token", 1);
    aws_credentials_refused(aws, get().serial);
    assert_none("AWS credentials from the environment are on their way");
    assert_true(aws_credentials_wait(aws, &first));
    assert_true(aws_credentials_wait(aws, &second));
    assert_true(aws_credentials_wait(aws, &third));
    aws_credentials_leave(aws, &second);
    aws_credentials_leave(aws, &second);
    assert_int_equal(ready_count, 0); /* from the loop only */
    run_until_ready();
    assert_int_equal(ready_count, 2);
    assert_string_equal(get().access_key, "AKID2");
    assert_string_equal(get().session_token, "token");
}

static void refusals_of_old_keys_do_not_count(void **state)
{
    (void)state;
    struct aws_waiter waiting = waiter();
    int old = get().serial;
    aws_credentials_refused(aws, old);
    assert_true(aws_credentials_wait(aws, &waiting));
    run_until_ready();
    int serial = get().serial;
    assert_int_not_equal(serial, old);
    aws_credentials_refused(aws, old); /* of a request that took long */
    assert_int_equal(get().serial, serial);
}

static void a_failure_is_told_and_tried_again(void **state)
{
    (void)state;
    struct aws_waiter waiting = waiter();
    unsetenv("AWS_SECRET_ACCESS_KEY");
    aws_credentials_refused(aws, get().serial);
    assert_true(aws_credentials_wait(aws, &waiting));
    run_until_ready();
    assert_none("no AWS credentials from the environment: the access key or the secret key is "
                "missing");
    assert_false(aws_credentials_wait(aws, &waiting)); /* it may take long */
    set_keys("AKID3");
    bool never = false;
    int64_t deadline_ms = loop_now_ms(loop) + DEADLINE_MS;
    while (aws_credentials_problem(aws) && loop_now_ms(loop) < deadline_ms)
        loop_run_until(loop, &never, loop_now_ms(loop) + 20);
    assert_string_equal(get().access_key, "AKID3");
    assert_int_equal(ready_count, 1);
}

static void the_url_is_checked(void **state)
{
    (void)state;
    assert_null(aws_check(URL));
    AUTO(free) char *why = aws_check("http://127.0.0.1:1/1/q");
    assert_string_equal(why, "its region is not known: AWS_REGION is not set");
    aws_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_at_hand_are_there_at_once, start, end),
        cmocka_unit_test_setup_teardown(refused_keys_are_replaced_and_those_who_wait_are_told,
                                        start, end),
        cmocka_unit_test_setup_teardown(refusals_of_old_keys_do_not_count, start, end),
        cmocka_unit_test_setup_teardown(a_failure_is_told_and_tried_again, start, end),
        cmocka_unit_test_setup_teardown(the_url_is_checked, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
