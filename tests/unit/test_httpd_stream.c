#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http_client.h"
#include "httpd.h"
#include "httpd_stream.h"
#include "loop.h"
#include "mem.h"

#define DEADLINE_MS 20000

struct fixture {
    struct loop *loop;
    struct httpd *httpd;
    struct http_client client;
    struct httpd_stream *stream;
    bool is_open;
    bool is_closed;
};

static struct fixture f;

static void on_closed(void *arg)
{
    assert_ptr_equal(arg, &f);
    assert_false(f.is_closed);
    f.is_closed = true;
}

static void on_request(void *arg, struct httpd_request *request)
{
    static const char *const headers[] = {"Content-Type", "text/event-stream", NULL};
    (void)arg;
    httpd_suspend(request);
    f.stream = httpd_stream_open(request, headers, on_closed, &f);
    f.is_open = true;
}

static void open_connection(const char *request)
{
    http_client_open(&f.client, f.loop, httpd_port(f.httpd));
    http_client_send(&f.client, request);
    assert_true(loop_run_until(f.loop, &f.is_open, loop_now_ms(f.loop) + DEADLINE_MS));
}

static int start(void **state)
{
    (void)state;
    char *why = NULL;
    const struct httpd_options options = {
        .listen = "127.0.0.1:0", .max_connections = 50, .idle_timeout_seconds = 30};
    f = (struct fixture){.loop = loop_new()};
    f.httpd = httpd_new(f.loop, &options, on_request, &f, &why);
    assert_non_null(f.httpd);
    open_connection("GET /s HTTP/1.1\r\nHost: t\r\n\r\n");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    if (f.client.io)
        http_client_close(&f.client);
    httpd_free(f.httpd);
    assert_true(f.is_closed);
    loop_free(f.loop);
    return 0;
}

static void send_text(const char *text)
{
    struct httpd_piece *piece = httpd_piece_new(text, strlen(text));
    httpd_stream_send(f.stream, piece);
    httpd_piece_unref(piece);
}

/* Turns the loop until the client has received the text. */
static void client_gets(const char *text)
{
    int64_t until_ms = loop_now_ms(f.loop) + DEADLINE_MS;
    while (!strstr(strbuf_str(&f.client.received), text)) {
        if (loop_now_ms(f.loop) > until_ms)
            fail_msg("no %s in %s", text, strbuf_str(&f.client.received));
        http_client_idle(f.loop);
    }
}

static void pieces_arrive_as_they_are_sent(void **state)
{
    (void)state;
    send_text("one\n");
    client_gets("\r\n4\r\none\n\r\n");
    const char *head = strbuf_str(&f.client.received);
    assert_non_null(strstr(head, "HTTP/1.1 200"));
    assert_non_null(strstr(head, "Content-Type: text/event-stream\r\n"));
    assert_non_null(strstr(head, "Transfer-Encoding: chunked\r\n"));
    assert_false(httpd_stream_is_busy(f.stream));
    send_text("second\n");
    client_gets("7\r\nsecond\n\r\n");
    assert_false(f.is_closed);
    httpd_stream_end(f.stream);
    client_gets("\r\n0\r\n");
    assert_true(f.is_closed);
}

static void only_the_newest_state_waits(void **state)
{
    (void)state;
    send_text("first;");
    send_text("newer;");
    send_text("newest;");
    assert_true(httpd_stream_is_busy(f.stream));
    httpd_stream_end(f.stream);
    client_gets("\r\n0\r\n");
    assert_null(strstr(strbuf_str(&f.client.received), "first;"));
    assert_null(strstr(strbuf_str(&f.client.received), "newer;"));
    assert_non_null(strstr(strbuf_str(&f.client.received), "newest;"));
}

static void what_comes_after_the_end_is_dropped(void **state)
{
    (void)state;
    send_text("last;");
    httpd_stream_end(f.stream);
    send_text("late;");
    client_gets("\r\n0\r\n");
    assert_null(strstr(strbuf_str(&f.client.received), "late;"));
    assert_non_null(strstr(strbuf_str(&f.client.received), "last;"));
}

static void long_pieces_are_whole(void **state)
{
    (void)state;
    size_t len = 300000;
    AUTO(free) char *text = xmalloc(len + 1);
    memset(text, 'Q', len);
    text[len] = '\0';
    send_text(text);
    send_text("end;");
    httpd_stream_end(f.stream);
    client_gets("\r\n0\r\n");
    size_t count = 0;
    for (const char *c = strbuf_str(&f.client.received); *c; c++)
        count += *c == 'Q';
    assert_true(count == 0 || count == len); /* not begun: the newer one took its place */
    assert_non_null(strstr(strbuf_str(&f.client.received), "end;"));
}

static void a_client_that_leaves_is_noticed_by_sending(void **state)
{
    (void)state;
    send_text("hello;");
    client_gets("hello;");
    http_client_close(&f.client);
    f.client.io = NULL;
    int64_t until_ms = loop_now_ms(f.loop) + DEADLINE_MS;
    while (!f.is_closed && loop_now_ms(f.loop) < until_ms) {
        send_text(":\n\n");
        http_client_idle(f.loop);
    }
    assert_true(f.is_closed);
    assert_int_equal(httpd_active(f.httpd), 0);
}

/* The fixture's stop frees the server while the stream is idle. */
static void the_server_may_end_first(void **state)
{
    (void)state;
    send_text("hello;");
    client_gets("hello;");
    httpd_stream_end(f.stream);
    assert_false(f.is_closed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pieces_arrive_as_they_are_sent, start, stop),
        cmocka_unit_test_setup_teardown(only_the_newest_state_waits, start, stop),
        cmocka_unit_test_setup_teardown(what_comes_after_the_end_is_dropped, start, stop),
        cmocka_unit_test_setup_teardown(long_pieces_are_whole, start, stop),
        cmocka_unit_test_setup_teardown(a_client_that_leaves_is_noticed_by_sending, start, stop),
        cmocka_unit_test_setup_teardown(the_server_may_end_first, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
