#include "unit.h"

#include <string.h>

#include "err.h"
#include "httpc.h"
#include "httpc_calls.h"
#include "mem.h"
#include "odd_server.h"

static void request_is_sent_as_asked(void **state)
{
    (void)state;
    const char *headers[] = {"Accept: text/x", "X-Own: y", NULL};
    struct httpc_request rest = {.allow_private = true, .headers = headers};
    AUTO(seen) struct seen seen = {0};
    call_exchange("/echo?a=b", &rest, &seen);
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
    call_exchange("/echo", &rest, &seen);
    assert_int_equal(seen.status, 200);
    assert_non_null(strstr(seen.body, "POST /echo "));
    assert_non_null(strstr(seen.body, "\r\nContent-Length: 5\r\n"));
    struct httpc_request none = {.method = "POST", .allow_private = true};
    AUTO(seen) struct seen empty = {0};
    call_exchange("/echo", &none, &empty);
    assert_int_equal(empty.status, 200);
    assert_non_null(strstr(empty.body, "\r\nContent-Length: 0\r\n"));
    rest.method = "PATCH";
    AUTO(seen) struct seen patched = {0};
    call_exchange("/echo", &rest, &patched);
    assert_non_null(strstr(patched.body, "PATCH /echo "));
    assert_non_null(strstr(patched.body, "\r\nContent-Length: 5\r\n"));
}

static void head_has_headers_only(void **state)
{
    (void)state;
    struct httpc_request rest = {.method = "HEAD", .allow_private = true, .max_body_bytes = 10};
    AUTO(seen) struct seen seen = {0};
    call_exchange("/bytes/1000000", &rest, &seen);
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
        call_exchange(path, NULL, &seen);
        assert_int_equal(seen.err, 0);
        assert_int_equal(seen.status, statuses[i]);
        assert_string_equal(seen.body, "no");
    }
}

/* Of a streamed call: call_done's argument comes first, so that both callbacks take it. */
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
        httpc_start(calls_httpc, &request, call_done, &streamed);
        call_finish(&streamed.seen);
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
    call_exchange("/moved", NULL, &seen);
    assert_int_equal(seen.err, 0);
    assert_int_equal(seen.status, 302);
    assert_string_equal(seen.body, "");
}

static void first_of_a_header_is_found_in_any_case(void **state)
{
    (void)state;
    AUTO(seen) struct seen seen = {0};
    call_exchange("/headers", NULL, &seen);
    assert_string_equal(seen.thing, "one");
}

static void body_may_be_taken(void **state)
{
    (void)state;
    AUTO(seen) struct seen seen = {.take = true};
    call_exchange("/bytes/1000", NULL, &seen);
    assert_int_equal(strlen(seen.body), 1000);
    AUTO(seen) struct seen empty = {.take = true};
    call_exchange("/bytes/0", NULL, &empty);
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
        call_exchange(cases[i].path, &rest, &seen);
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
    call_exchange("/flood", NULL, &seen);
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
    call_exchange("/gzip", NULL, &raw);
    assert_int_equal(raw.err, 0);
    assert_int_equal(raw.body_bytes, 24); /* layers are to stay as they are */
    call_exchange("/gzip", &decodes, &decoded);
    assert_int_equal(decoded.err, 0);
    assert_string_equal(decoded.body, "text");
    call_exchange("/false-gzip", &decodes, &undecoded);
    assert_int_equal(undecoded.err, ERR_PROTO);
    call_exchange("/echo", &decodes, &sent);
    assert_non_null(strstr(sent.body, "\r\nAccept-Encoding: identity\r\n"));
    assert_null(strstr(sent.body, "gzip"));
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
    call_exchange("/echo", &rest, &seen);
    assert_int_equal(seen.status, 200);
    const char *header =
        strstr(seen.body, "\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/");
    assert_non_null(header);
    assert_non_null(strstr(header, "/eu-west-1/sqs/aws4_request"));
    assert_non_null(strcasestr(seen.body, "\r\nX-Amz-Date: "));
    assert_null(strstr(seen.body, "verysecret"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, calls_start, calls_stop)

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
        TEST(requests_are_signed_where_asked),
    };
    return cmocka_run_group_tests_name("httpc", tests, odd_server_start, odd_server_stop);
}
