#include "http_client.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "loop.h"
#include "mem.h"

#define DEADLINE_MS 20000

/* Complete: headers, and as many bytes as Content-Length says. */
static bool is_complete(const struct http_client *client)
{
    const char *text = strbuf_str(&client->received);
    const char *end = strstr(text, "\r\n\r\n");
    if (!end)
        return false;
    const char *length = strcasestr(text, "\r\nContent-Length:");
    size_t body = length && length < end && !client->is_head ? strtoul(length + 17, NULL, 10) : 0;
    return client->received.len >= (size_t)(end + 4 - text) + body;
}

static void on_readable(void *arg, int events)
{
    (void)events;
    struct http_client *client = arg;
    char chunk[65536];
    ssize_t len = recv(client->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
    if (len > 0)
        strbuf_add(&client->received, chunk, (size_t)len);
    if (len <= 0) {
        client->is_closed = true;
        loop_io_set(client->io, 0);
    }
    client->is_done = client->is_closed || is_complete(client);
}

void http_client_open(struct http_client *client, struct loop *loop, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *client = (struct http_client){.loop = loop, .received = STRBUF_INIT(16u << 20)};
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    client->io = loop_io_new(loop, client->fd, LOOP_READ, on_readable, client);
}

void http_client_close(struct http_client *client)
{
    loop_io_free(client->io);
    close(client->fd);
    strbuf_release(&client->received);
}

void http_client_send(struct http_client *client, const char *text)
{
    size_t len = strlen(text);
    strbuf_reset(&client->received);
    client->is_done = client->is_closed;
    assert_int_equal(send(client->fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

const char *http_client_receive(struct http_client *client)
{
    if (!loop_run_until(client->loop, &client->is_done, loop_now_ms(client->loop) + DEADLINE_MS))
        fail_msg("no answer: %s", strbuf_str(&client->received));
    return strbuf_str(&client->received);
}

const char *http_client_get(struct http_client *client, const char *target)
{
    AUTO(free) char *text = xasprintf("GET %s HTTP/1.1\r\nHost: test\r\n\r\n", target);
    http_client_send(client, text);
    return http_client_receive(client);
}

int http_client_status(const struct http_client *client)
{
    const char *text = strbuf_str(&client->received);
    return strncmp(text, "HTTP/1.1 ", 9) == 0 ? (int)strtol(text + 9, NULL, 10) : 0;
}

static void on_turned(void *arg)
{
    *(bool *)arg = true;
}

void http_client_idle(struct loop *loop)
{
    for (int i = 0; i < 5; i++) {
        bool turned = false;
        struct loop_timer *timer = loop_timer_new(loop, on_turned, &turned);
        loop_timer_start(timer, 2);
        loop_run_until(loop, &turned, loop_now_ms(loop) + DEADLINE_MS);
        loop_timer_free(timer);
    }
}
