#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "httpc.h"
#include "loop.h"
#include "mem.h"
#include "odd_server.h"

#define ENOUGH_MS 20000

static struct loop *loop;
static struct httpc *httpc;

static int start(void **state)
{
    (void)state;
    loop = loop_new();
    httpc = httpc_new(loop, "unit-test/1");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    httpc_free(httpc);
    loop_free(loop);
    return 0;
}

struct seen {
    bool done;
    int calls;
    int err;
    int status;
    char *error_text;
    char *body;
    size_t body_bytes;
    char *thing;
    bool take;
};

static void on_done(void *arg, const struct httpc_response *response)
{
    struct seen *seen = arg;
    seen->done = true;
    seen->calls++;
    seen->err = response->err;
    seen->status = response->status;
    seen->error_text = xstrdup(response->error_text);
    seen->body_bytes = response->body_bytes;
    seen->body =
        seen->take ? httpc_take_body(response) : xmemdup(response->body, response->body_bytes);
    const char *thing = httpc_header(response, "X-THING");
    seen->thing = thing ? xstrdup(thing) : NULL;
    assert_null(httpc_header(response, "X-Absent"));
}

static void seen_cleanup(struct seen *seen)
{
    free(seen->error_text);
    free(seen->body);
    free(seen->thing);
}

static void finish(struct seen *seen)
{
    assert_true(loop_run_until(loop, &seen->done, loop_now_ms(loop) + ENOUGH_MS));
    assert_int_equal(seen->calls, 1);
}

static char *url_of(const char *path)
{
    return xasprintf("http://127.0.0.1:%d%s", odd_server_port, path);
}

/* Starts a request for a path of the server; the rest of it may be NULL. */
static struct httpc_call *begin(const char *path, const struct httpc_request *rest,
                                struct seen *seen)
{
    AUTO(free) char *url = url_of(path);
    struct httpc_request request = rest ? *rest : (struct httpc_request){.allow_private = true};
    request.method = request.method ? request.method : "GET";
    request.url = url;
    struct httpc_call *call = httpc_start(httpc, &request, on_done, seen);
    assert_non_null(call);
    assert_false(seen->done);
    return call;
}

static void exchange(const char *path, const struct httpc_request *rest, struct seen *seen)
{
    begin(path, rest, seen);
    finish(seen);
}

static void request_is_sent_as_asked(void **state)
{
    (void)state;
    const char *headers[] = {"Accept: text/x", "X-Own: y", NULL};
    struct httpc_request rest = {.allow_private = true, .headers = headers};
    AUTO(seen) struct seen seen = {0};
    exchange("/echo?a=b", &rest, &seen);
    assert_int_equal(seen.err, 0);
    assert_int_equal(seen.status, 200);
    assert_string_equal(seen.error_text, "");
    assert_int_equal(seen.body_bytes, strlen(seen.body));
    assert_non_null(strstr(seen.body, "GET /echo?a=b HTTP/1.1\r\n"));
    assert_non_null(strstr(seen.body, "\r\nUser-Agent: unit-test/1\r\n"));
    assert_non_null(strstr(seen.body, "\r\nAccept: text/x\r\n"));
    assert_non_null(strstr(seen.body, "\r\nX-Own: y\r\n"));
}

static void post_carries_its_body(void **state)
{
    (void)state;
    struct httpc_request rest = {
        .method = "POST", .allow_private = true, .body = "a\0b=c", .body_bytes = 5};
    AUTO(seen) struct seen seen = {0};
    exchange("/echo", &rest, &seen);
    assert_int_equal(seen.status, 200);
    assert_non_null(strstr(seen.body, "POST /echo "));
    assert_non_null(strstr(seen.body, "\r\nContent-Length: 5\r\n"));
    struct httpc_request none = {.method = "POST", .allow_private = true};
    AUTO(seen) struct seen empty = {0};
    exchange("/echo", &none, &empty);
    assert_int_equal(empty.status, 200);
    assert_non_null(strstr(empty.body, "\r\nContent-Length: 0\r\n"));
    rest.method = "PATCH";
    AUTO(seen) struct seen patched = {0};
    exchange("/echo", &rest, &patched);
    assert_non_null(strstr(patched.body, "PATCH /echo "));
    assert_non_null(strstr(patched.body, "\r\nContent-Length: 5\r\n"));
}

static void head_has_headers_only(void **state)
{
    (void)state;
    struct httpc_request rest = {.method = "HEAD", .allow_private = true, .max_body_bytes = 10};
    AUTO(seen) struct seen seen = {0};
    exchange("/bytes/1000000", &rest, &seen);
    assert_int_equal(seen.err, 0);
    assert_int_equal(seen.status, 200);
    assert_int_equal(seen.body_bytes, 0);
    assert_string_equal(seen.body, "");
}

static void every_status_is_an_answer(void **state)
{
    (void)state;
    const int statuses[] = {200, 401, 404, 429, 500, 503};
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        AUTO(free) char *path = xasprintf("/status/%d", statuses[i]);
        AUTO(seen) struct seen seen = {0};
        exchange(path, NULL, &seen);
        assert_int_equal(seen.err, 0);
        assert_int_equal(seen.status, statuses[i]);
        assert_string_equal(seen.body, "no");
    }
}

/* Of a streamed call: on_done's argument comes first, so that both callbacks take it. */
struct streamed {
    struct seen seen;
    size_t bytes;
};

static void on_data(void *arg, const char *data, size_t len)
{
    struct streamed *streamed = arg;
    assert_false(streamed->seen.done);
    assert_true(len > 0 && data[0] != '\0');
    streamed->bytes += len;
}

static void pieces_of_a_body_come_as_they_do(void **state)
{
    (void)state;
    const struct {
        const char *path;
        int err;
        int status;
        size_t bytes; /* that came piece by piece */
        const char *body;
    } cases[] = {
        {"/bytes/300000", 0, 200, 300000, ""}, /* more than max_body_bytes */
        {"/status/404", 0, 404, 0, "no"},      /* another status is kept as usual */
        {"/short", ERR_NETWORK, 0, 5, ""},     /* what came before the end was told */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(free) char *url = xasprintf("http://127.0.0.1:%d%s", odd_server_port, cases[i].path);
        const struct httpc_request request = {.method = "GET",
                                              .url = url,
                                              .max_body_bytes = 1000,
                                              .allow_private = true,
                                              .data = on_data};
        struct streamed streamed = {0};
        httpc_start(httpc, &request, on_done, &streamed);
        finish(&streamed.seen);
        assert_int_equal(streamed.seen.err, cases[i].err);
        assert_int_equal(streamed.seen.status, cases[i].status);
        assert_int_equal(streamed.bytes, cases[i].bytes);
        assert_string_equal(streamed.seen.body, cases[i].body);
        seen_cleanup(&streamed.seen);
    }
}

static void redirects_are_not_followed(void **state)
{
    (void)state;
    AUTO(seen) struct seen seen = {0};
    exchange("/moved", NULL, &seen);
    assert_int_equal(seen.err, 0);
    assert_int_equal(seen.status, 302);
    assert_string_equal(seen.body, "");
}

static void first_of_a_header_is_found_in_any_case(void **state)
{
    (void)state;
    AUTO(seen) struct seen seen = {0};
    exchange("/headers", NULL, &seen);
    assert_string_equal(seen.thing, "one");
}

static void body_may_be_taken(void **state)
{
    (void)state;
    AUTO(seen) struct seen seen = {.take = true};
    exchange("/bytes/1000", NULL, &seen);
    assert_int_equal(strlen(seen.body), 1000);
    AUTO(seen) struct seen empty = {.take = true};
    exchange("/bytes/0", NULL, &empty);
    assert_string_equal(empty.body, "");
}

static void bodies_are_capped(void **state)
{
    (void)state;
    const struct {
        const char *path;
        size_t max;
        int err;
    } cases[] = {{"/bytes/100", 100, 0},        {"/bytes/101", 100, ERR_TOOBIG},
                 {"/bytes/65536", 0, 0},        {"/bytes/65537", 0, ERR_TOOBIG},
                 {"/bytes/300000", 300000, 0},  {"/endless", 0, ERR_TOOBIG},
                 {"/endless", 100, ERR_TOOBIG}, {"/endless", 1000000, ERR_TOOBIG}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct httpc_request rest = {.allow_private = true, .max_body_bytes = cases[i].max};
        AUTO(seen) struct seen seen = {0};
        exchange(cases[i].path, &rest, &seen);
        assert_int_equal(seen.err, cases[i].err);
        assert_int_equal(seen.status, cases[i].err ? 0 : 200);
        assert_string_equal(seen.error_text, cases[i].err ? "the answer is too large" : "");
        assert_true(seen.body_bytes <= (cases[i].max ? cases[i].max : 65536));
    }
}

static void headers_are_capped(void **state)
{
    (void)state;
    AUTO(seen) struct seen seen = {0};
    exchange("/flood", NULL, &seen);
    assert_int_equal(seen.err, ERR_TOOBIG);
    assert_string_equal(seen.error_text, "the answer is too large");
}

static void an_encoding_that_was_not_asked_for(void **state)
{
    (void)state;
    struct httpc_request decodes = {.allow_private = true, .decodes_body = true};
    AUTO(seen) struct seen raw = {0};
    AUTO(seen) struct seen decoded = {0};
    AUTO(seen) struct seen undecoded = {0};
    AUTO(seen) struct seen sent = {0};
    exchange("/gzip", NULL, &raw);
    assert_int_equal(raw.err, 0);
    assert_int_equal(raw.body_bytes, 24); /* layers are to stay as they are */
    exchange("/gzip", &decodes, &decoded);
    assert_int_equal(decoded.err, 0);
    assert_string_equal(decoded.body, "text");
    exchange("/false-gzip", &decodes, &undecoded);
    assert_int_equal(undecoded.err, ERR_PROTO);
    exchange("/echo", &decodes, &sent);
    assert_non_null(strstr(sent.body, "\r\nAccept-Encoding: identity\r\n"));
    assert_null(strstr(sent.body, "gzip"));
}

static void broken_answers_are_a_network_failure(void **state)
{
    (void)state;
    const char *paths[] = {"/close", "/short", "/garbage"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        AUTO(seen) struct seen seen = {0};
        exchange(paths[i], NULL, &seen);
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
        assert_non_null(httpc_start(httpc, &request, on_done, &seen));
        assert_false(seen.done);
        finish(&seen);
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
        httpc_start(httpc, &request, on_done, &seen);
        finish(&seen);
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
    exchange("/echo", NULL, &first);
    exchange("/echo", &closed, &second);
    assert_int_equal(second.err, ERR_FORBIDDEN);
    assert_string_equal(second.body, "");
    exchange("/echo", NULL, &third);
    assert_int_equal(third.err, 0);
}

static void connections_are_used_again(void **state)
{
    (void)state;
    AUTO(seen) struct seen first = {0};
    AUTO(seen) struct seen second = {0};
    exchange("/echo", NULL, &first);
    exchange("/echo", NULL, &second);
    assert_string_equal(first.body, second.body); /* the connection's number is in it */
}

static void silent_peer_times_out(void **state)
{
    (void)state;
    struct httpc_request rest = {.allow_private = true, .timeout_ms = 50};
    AUTO(seen) struct seen seen = {0};
    exchange("/hang", &rest, &seen);
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
    exchange("/drip", &rest, &seen);
    assert_int_equal(seen.err, ERR_TIMEOUT);
    assert_non_null(strstr(seen.error_text, "slow"));
}

static void user_in_a_url_is_refused(void **state)
{
    (void)state;
    AUTO(free) char *url = xasprintf("http://user:password@127.0.0.1:%d/echo", odd_server_port);
    struct httpc_request request = {.method = "GET", .url = url, .allow_private = true};
    AUTO(seen) struct seen seen = {0};
    httpc_start(httpc, &request, on_done, &seen);
    finish(&seen);
    assert_int_equal(seen.err, ERR_NETWORK);
    assert_null(strstr(seen.error_text, "password"));
}

static void proxies_of_the_environment_are_ignored(void **state)
{
    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    AUTO(seen) struct seen seen = {0};
    exchange("/echo", NULL, &seen);
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
    httpc_cancel(begin("/hang", NULL, &never)); /* before the loop ever ran */
    struct httpc_call *under_way = begin("/hang", NULL, &never);
    exchange("/echo", NULL, &last);
    httpc_cancel(under_way);
    AUTO(seen) struct seen after = {0};
    exchange("/echo", NULL, &after);
    assert_int_equal(after.err, 0);
    begin("/hang", NULL, &never); /* for httpc_free to give up */
    assert_false(never.done);
}

static void calls_run_side_by_side(void **state)
{
    (void)state;
    struct seen hanging = {0};
    struct seen seen[40] = {{0}};
    begin("/hang", NULL, &hanging);
    for (size_t i = 0; i < ARRAY_LEN(seen); i++)
        begin(i % 2 ? "/echo" : "/bytes/20000", NULL, &seen[i]);
    for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
        finish(&seen[i]);
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
    begin("/echo", NULL, &pair->own);
}

static void callback_may_cancel_and_start_others(void **state)
{
    (void)state;
    struct pair pair = {.call = NULL};
    pair.call = begin("/hang", NULL, &pair.other);
    AUTO(free) char *url = url_of("/echo");
    struct httpc_request request = {.method = "GET", .url = url, .allow_private = true};
    httpc_start(httpc, &request, cancel_the_other_and_start_one, &pair);
    finish(&pair.own);
    assert_int_equal(pair.own.status, 200);
    assert_false(pair.other.done);
    seen_cleanup(&pair.own);
}

static void requests_are_signed_where_asked(void **state)
{
    (void)state;
    const struct httpc_sigv4 sigv4 = {"eu-west-1", "sqs", "AKIDEXAMPLE", "verysecret"};
    struct httpc_request rest = {.method = "POST",
                                 .allow_private = true,
                                 .own_connection = true,
                                 .body = "{}",
                                 .body_bytes = 2,
                                 .sigv4 = &sigv4};
    AUTO(seen) struct seen seen = {0};
    exchange("/echo", &rest, &seen);
    assert_int_equal(seen.status, 200);
    const char *header =
        strstr(seen.body, "\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/");
    assert_non_null(header);
    assert_non_null(strstr(header, "/eu-west-1/sqs/aws4_request"));
    assert_non_null(strcasestr(seen.body, "\r\nX-Amz-Date: "));
    assert_null(strstr(seen.body, "verysecret"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(request_is_sent_as_asked),
        TEST(post_carries_its_body),
        TEST(head_has_headers_only),
        TEST(every_status_is_an_answer),
        TEST(pieces_of_a_body_come_as_they_do),
        TEST(redirects_are_not_followed),
        TEST(first_of_a_header_is_found_in_any_case),
        TEST(body_may_be_taken),
        TEST(bodies_are_capped),
        TEST(headers_are_capped),
        TEST(an_encoding_that_was_not_asked_for),
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
        TEST(requests_are_signed_where_asked),
    };
    return cmocka_run_group_tests_name("httpc", tests, odd_server_start, odd_server_stop);
}
