#include "service_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "fragment.h"
#include "httpd.h"
#include "loop.h"
#include "mem.h"
#include "queue.h"
#include "redis.h"
#include "registries.h"

#define CALL_MS 5000

struct redis_server results;
struct redis_server queues;
struct loop *loop;
struct redis *redis; /* the test's own */
struct redis *queue_redis;
struct httpd *httpd;
struct service service;
struct http_client client;
static char no_text[] = "";
static struct config defaults = {.fresh_seconds = 3600,
                                 .negative_seconds = 300,
                                 .keep_seconds = 100000,
                                 .trusted_proxies = no_text,
                                 .featured = no_text,
                                 .webhook_secret = no_text,
                                 .refresh_token = no_text,
                                 .public_url = no_text};
struct config config;

void wait_until_subscribed(void)
{
    loop_run_until(loop, &service.is_subscribed, loop_now_ms(loop) + 20000);
    assert_true(service.is_subscribed);
    while (!redis_is_connected(service.redis))
        http_client_idle(loop);
}

static void wait_until_queue_answers(void)
{
    struct queue_depth depth;
    int64_t deadline_ms = loop_now_ms(loop) + 20000;
    int err;
    while ((err = queue_depth_wait(service.queue, &depth)) && loop_now_ms(loop) < deadline_ms)
        http_client_idle(loop);
    assert_int_equal(err, 0);
}

int start_with(char *trusted_proxies)
{
    char *why = NULL;
    AUTO(free) char *queue_url = NULL;
    redis_server_start(&results);
    redis_server_start(&queues);
    loop = loop_new();
    redis = redis_new(loop, results.url, "test");
    queue_redis = redis_new(loop, queues.url, "test");
    config = defaults;
    config.trusted_proxies = trusted_proxies;
    config.cache_url = results.url;
    queue_url = xasprintf("%s&stream=inspection", queues.url);
    const struct queue_options options = {.visibility_ms = 60000, .max_receives = 5};
    service = (struct service){.loop = loop, .config = &config};
    assert_int_equal(registries_parse("default", &service.registries, &why), 0);
    service.redis = redis_new(loop, results.url, "service");
    service.queue = queue_new(loop, NULL, queue_url, &options);
    service_start(&service);
    const struct httpd_options http = {
        .listen = "127.0.0.1:0", .max_connections = 900, .idle_timeout_seconds = 30};
    httpd = httpd_new(loop, &http, service_handle, &service, &why);
    assert_non_null(httpd);
    http_client_open(&client, loop, httpd_port(httpd));
    wait_until_subscribed();
    wait_until_queue_answers();
    return 0;
}

int start(void **state)
{
    (void)state;
    return start_with(no_text);
}

int stop_the_rest(void **state)
{
    (void)state;
    http_client_close(&client);
    httpd_free(httpd);
    queue_free(service.queue);
    redis_free(service.redis);
    service_free(&service);
    registries_free(service.registries);
    redis_free(redis);
    redis_free(queue_redis);
    loop_free(loop);
    redis_server_stop(&results);
    redis_server_stop(&queues);
    return 0;
}

int stop(void **state)
{
    http_client_idle(loop);
    service_stop(&service);
    return stop_the_rest(state);
}

/* Planting and looking */

void redis_do(const char *format, const char *key, const char *a, const char *b)
{
    assert_int_equal(redis_call(redis, CALL_MS, NULL, format, key, a, b), 0);
}

int64_t redis_number(struct redis *on, const char *format, const char *key)
{
    AUTO(redis_reply) struct redis_reply *reply = NULL;
    assert_int_equal(redis_call(on, CALL_MS, &reply, format, key), 0);
    return redis_int(reply);
}

int64_t messages(void)
{
    return redis_number(queue_redis, "XLEN %s", "{mb:1:q}:inspection");
}

void last_message_has(const char *text)
{
    AUTO(redis_reply) struct redis_reply *reply = NULL;
    assert_int_equal(
        redis_call(queue_redis, CALL_MS, &reply, "XREVRANGE {mb:1:q}:inspection + - COUNT 1"), 0);
    const struct redis_reply *fields = redis_at(redis_at(reply, 0), 1);
    for (size_t i = 0; i < redis_len(fields); i++)
        if (strstr(redis_str(redis_at(fields, i), NULL), text))
            return;
    fail_msg("no %s in the last message", text);
}

void plant(const char *key, const char *field, const char *value, size_t len)
{
    const char *argv[] = {"HSET", key, field, value};
    const size_t lens[] = {4, strlen(key), strlen(field), len};
    assert_int_equal(redis_call_argv(redis, CALL_MS, NULL, 4, argv, lens), 0);
}

void plant_text(const char *key, const char *field, const char *value)
{
    plant(key, field, value, strlen(value));
}

void plant_fragment(const char *key, const char *field, const char *text)
{
    AUTO(strbuf) struct strbuf packed = STRBUF_INIT(1u << 20);
    fragment_pack(text, strlen(text), &packed);
    plant(key, field, strbuf_str(&packed), packed.len);
}

void plant_status_times(const char *status, const char *stage, int64_t updated_ms, int64_t retry_ms)
{
    const char *key = "mb:1:status:" NAME;
    AUTO(free) char *updated = xasprintf("%lld", (long long)updated_ms);
    AUTO(free) char *retry = xasprintf("%lld", (long long)retry_ms);
    plant_text(key, "status", status);
    plant_text(key, "stage", stage);
    plant_text(key, "updated_ms", updated);
    plant_text(key, "retry_ms", retry);
}

void plant_status(const char *status, const char *stage)
{
    plant_status_times(status, stage, clock_ms(), 0);
}

static void plant_version(const char *hex, const char *platform, const char *size)
{
    AUTO(free) char *key = xasprintf("mb:1:ver:sha256:%s", hex);
    AUTO(free)
    char *facts = xasprintf("\"DownloadSize\":%s,\"Platform\":\"%s\"", size, platform);
    plant_fragment(key, "top", facts);
    plant_fragment(key, "version", facts);
    plant_fragment(key, "layers", "\"Layers\":[{\"Command\":\"RUN x\"}]");
    plant_fragment(key, "dockerfile", "FROM scratch\nRUN x\n");
}

/* Tags latest and 1 on an index of two platforms; tag 2 on a version without facts. */
void plant_document(int64_t inspected_ms, const char *description)
{
    const char *key = "mb:1:doc:" NAME;
    AUTO(free)
    char *meta = xasprintf("7\n%lld\nsha256:" INDEX_HEX "\n", (long long)inspected_ms);
    AUTO(free)
    char *head = xasprintf("\"LatestSHA\":\"" INDEX_HEX "\",\"Description\":\"%s\"", description);
    plant_text(key, "meta", meta);
    plant_fragment(key, "head", head);
    plant_fragment(key, "versions", "[{\"SHA\":\"" INDEX_HEX "\"}]");
    plant_text(key, "t:latest", "sha256:" INDEX_HEX);
    plant_text(key, "t:1", "sha256:" INDEX_HEX);
    plant_text(key, "t:2", "sha256:" HEX "");
    plant_text(key, "v:sha256:" INDEX_HEX,
               "linux/amd64 sha256:" ARM_HEX "\nlinux/arm64 sha256:" ARM_HEX "\n");
    plant_text(key, "v:sha256:" HEX, "");
    plant_fragment(key, "p:sha256:" INDEX_HEX, "\"SHA\":\"" INDEX_HEX "\"");
    plant_fragment(key, "p:sha256:" HEX, "\"SHA\":\"" HEX "\"");
    plant_fragment(key, "g:sha256:" INDEX_HEX, "\"Tags\":[{\"tag\":\"latest\"}]");
    plant_text(key, "c:sha256:" ARM_HEX, "sha256:" INDEX_HEX);
    plant_version(ARM_HEX, "linux/amd64", "1234");
}

void plant_inspected(void)
{
    plant_document(clock_ms(), "One");
    plant_status("INSPECTED", "done");
}

void notice(void)
{
    redis_do("PUBLISH %s %s", "mb:1:notice:1", NAME, NULL);
    http_client_idle(loop);
}

/* Asking */

const char *ask(const char *target, int status)
{
    const char *answer = http_client_get(&client, target);
    if (http_client_status(&client) != status)
        fail_msg("%s: not %d but %s", target, status, answer);
    return answer;
}

const char *ask_raw(const char *text, int status)
{
    http_client_send(&client, text);
    const char *answer = http_client_receive(&client);
    if (status != ANY_STATUS && http_client_status(&client) != status)
        fail_msg("%s: not %d but %s", text, status, answer);
    return answer;
}

const char *ask_with(const char *target, const char *header, int status)
{
    AUTO(free)
    char *text = xasprintf("GET %s HTTP/1.1\r\nHost: t\r\n%s\r\n\r\n", target, header);
    return ask_raw(text, status);
}

void has(const char *answer, const char *text)
{
    if (!strstr(answer, text))
        fail_msg("no %s in %s", text, answer);
}

char *header_of(const char *answer, const char *name)
{
    AUTO(free) char *start = xasprintf("\r\n%s: ", name);
    const char *at = strstr(answer, start);
    assert_non_null(at);
    at += strlen(start);
    return xstrndup(at, strcspn(at, "\r"));
}

const char *body_of(const char *answer)
{
    return strstr(answer, "\r\n\r\n") + 4;
}

void open_and_ask(struct http_client *other, const char *target)
{
    http_client_open(other, loop, httpd_port(httpd));
    AUTO(free) char *text = xasprintf("GET %s HTTP/1.1\r\nHost: t\r\n\r\n", target);
    http_client_send(other, text);
    unsigned before = httpd_active(httpd);
    while (httpd_active(httpd) == before && !other->is_done) {
        bool never = false;
        loop_run_until(loop, &never, loop_now_ms(loop) + 1);
    }
}

void ask_and_leave(const char *target)
{
    struct http_client other;
    open_and_ask(&other, target);
    http_client_close(&other);
}
