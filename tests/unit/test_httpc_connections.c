#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "httpc.h"
#include "httpc_calls.h"
#include "mem.h"
#include "odd_server.h"

static void broken_answers_are_a_network_failure(void **state)
{
    (void)state;
    const char *paths[] = {"/close", "/short", "/garbage"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        AUTO(seen) struct seen seen = {0};
        call_exchange(paths[i], NULL, &seen);
        assert_int_equal(seen.err, ERR_NETWORK);
        assert_int_equal(seen.status, 0);
        assert_true(strlen(seen.error_text) > 0);
    }
}

static void what_cannot_start_is_told_later(void **state)
{
    (void)state;
    const char *urls[] = {"",           "no url",
                          "http://",    "http://127.0.0.1:99999/",
                          "ftp://h/x",  "file:///etc/hosts",
                          "gopher://h", "http://127.0.0.1:1/"};
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct httpc_request request = {.method = "GET", .url = urls[i], .allow_private = true};
        AUTO(seen) struct seen seen = {0};
        assert_non_null(httpc_start(calls_httpc, &request, call_done, &seen));
        assert_false(seen.done);
        call_finish(&seen);
        assert_int_equal(seen.err, ERR_NETWORK);
        assert_string_equal(seen.body, "");
    }
}

static void private_addresses_are_refused(void **state)
{
    (void)state;
    const char *hosts[] = {"127.0.0.1",
                           "localhost",
                           "[::1]",
                           "2130706433",
                           "0x7f000001",
                           "0x7f.1",
                           "0177.0.0.1",
                           "0.0.0.0",
                           "0",
                           "127.1",
                           "[::]",
                           "[::ffff:127.0.0.1]",
                           "[::127.0.0.1]",
                           "[64:ff9b::7f00:1]",
                           "[2002:7f00:1::]",
                           "169.254.169.254"};
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        AUTO(free) char *url = xasprintf("http://%s:%d/echo", hosts[i], odd_server_port);
        struct httpc_request request = {.method = "GET", .url = url};
        AUTO(seen) struct seen seen = {0};
        httpc_start(calls_httpc, &request, call_done, &seen);
        call_finish(&seen);
        if (seen.err != ERR_FORBIDDEN)
            fail_msg("%s gave %s", hosts[i], err_str(seen.err));
        assert_string_equal(seen.error_text, "its address is private");
        assert_int_equal(seen.body_bytes, 0);
    }
}

static void pooled_connection_to_a_private_address_is_refused_too(void **state)
{
    (void)state;
    struct httpc_request closed = {.allow_private = false};
    AUTO(seen) struct seen first = {0};
    AUTO(seen) struct seen second = {0};
    AUTO(seen) struct seen third = {0};
    call_exchange("/echo", NULL, &first);
    call_exchange("/echo", &closed, &second);
    assert_int_equal(second.err, ERR_FORBIDDEN);
    assert_string_equal(second.body, "");
    call_exchange("/echo", NULL, &third);
    assert_int_equal(third.err, 0);
}

static void connections_are_used_again(void **state)
{
    (void)state;
    AUTO(seen) struct seen first = {0};
    AUTO(seen) struct seen second = {0};
    call_exchange("/echo", NULL, &first);
    call_exchange("/echo", NULL, &second);
    assert_string_equal(first.body, second.body); /* the connection's number is in it */
}

static void silent_peer_times_out(void **state)
{
    (void)state;
    struct httpc_request rest = {.allow_private = true, .timeout_ms = 50};
    AUTO(seen) struct seen seen = {0};
    call_exchange("/hang", &rest, &seen);
    assert_int_equal(seen.err, ERR_TIMEOUT);
    assert_int_equal(seen.status, 0);
    assert_true(strlen(seen.error_text) > 0);
}

static void peer_that_drips_times_out(void **state)
{
    (void)state;
    struct httpc_request rest = {
        .allow_private = true, .max_body_bytes = 200000, .stall_seconds = 1};
    AUTO(seen) struct seen seen = {0};
    call_exchange("/drip", &rest, &seen);
    assert_int_equal(seen.err, ERR_TIMEOUT);
    assert_non_null(strstr(seen.error_text, "slow"));
}

static void user_in_a_url_is_refused(void **state)
{
    (void)state;
    AUTO(free) char *url = xasprintf("http://user:password@127.0.0.1:%d/echo", odd_server_port);
    struct httpc_request request = {.method = "GET", .url = url, .allow_private = true};
    AUTO(seen) struct seen seen = {0};
    httpc_start(calls_httpc, &request, call_done, &seen);
    call_finish(&seen);
    assert_int_equal(seen.err, ERR_NETWORK);
    assert_null(strstr(seen.error_text, "password"));
}

static void proxies_of_the_environment_are_ignored(void **state)
{
    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    AUTO(seen) struct seen seen = {0};
    call_exchange("/echo", NULL, &seen);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    assert_int_equal(seen.err, 0);
}

static void cancelled_calls_stay_silent(void **state)
{
    (void)state;
    struct seen never = {0};
    AUTO(seen) struct seen last = {0};
    httpc_cancel(NULL);
    httpc_cancel(call_begin("/hang", NULL, &never)); /* before the loop ever ran */
    struct httpc_call *under_way = call_begin("/hang", NULL, &never);
    call_exchange("/echo", NULL, &last);
    httpc_cancel(under_way);
    AUTO(seen) struct seen after = {0};
    call_exchange("/echo", NULL, &after);
    assert_int_equal(after.err, 0);
    call_begin("/hang", NULL, &never); /* for httpc_free to give up */
    assert_false(never.done);
}

static void calls_run_side_by_side(void **state)
{
    (void)state;
    struct seen hanging = {0};
    struct seen seen[40] = {{0}};
    call_begin("/hang", NULL, &hanging);
    for (size_t i = 0; i < ARRAY_LEN(seen); i++)
        call_begin(i % 2 ? "/echo" : "/bytes/20000", NULL, &seen[i]);
    for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
        call_finish(&seen[i]);
        assert_int_equal(seen[i].err, 0);
        assert_int_equal(seen[i].status, 200);
        seen_cleanup(&seen[i]);
    }
    assert_false(hanging.done);
}

struct pair {
    struct seen own;
    struct seen other;
    struct httpc_call *call;
};

static void cancel_the_other_and_start_one(void *arg, const struct httpc_response *response)
{
    struct pair *pair = arg;
    assert_int_equal(response->err, 0);
    httpc_cancel(pair->call);
    call_begin("/echo", NULL, &pair->own);
}

static void callback_may_cancel_and_start_others(void **state)
{
    (void)state;
    struct pair pair = {.call = NULL};
    pair.call = call_begin("/hang", NULL, &pair.other);
    AUTO(free) char *url = call_url("/echo");
    struct httpc_request request = {.method = "GET", .url = url, .allow_private = true};
    httpc_start(calls_httpc, &request, cancel_the_other_and_start_one, &pair);
    call_finish(&pair.own);
    assert_int_equal(pair.own.status, 200);
    assert_false(pair.other.done);
    seen_cleanup(&pair.own);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, calls_start, calls_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(peer_that_drips_times_out),
        TEST(user_in_a_url_is_refused),
        TEST(broken_answers_are_a_network_failure),
        TEST(what_cannot_start_is_told_later),
        TEST(private_addresses_are_refused),
        TEST(pooled_connection_to_a_private_address_is_refused_too),
        TEST(connections_are_used_again),
        TEST(silent_peer_times_out),
        TEST(proxies_of_the_environment_are_ignored),
        TEST(cancelled_calls_stay_silent),
        TEST(calls_run_side_by_side),
        TEST(callback_may_cancel_and_start_others),
    };
    return cmocka_run_group_tests_name("httpc_connections", tests, odd_server_start,
                                       odd_server_stop);
}
