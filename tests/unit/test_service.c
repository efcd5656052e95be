/* The api's service as a whole, against a real redis-server: requests in, answers and messages
 * out. What workers would write is planted by hand. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "clock.h"
#include "http_client.h"
#include "httpd.h"
#include "loop.h"
#include "mem.h"
#include "queue.h"
#include "redis.h"
#include "service_fixture.h"
#include "waiting.h"

static void unknown_image_is_submitted_once(void **state)
{
    (void)state;
    const char *answer = ask("/v1/images/app:1", 202);
    has(answer, "Retry-After: 1\r\n");
    has(answer, "Link: </v1/status/app>; rel=\"status\"\r\n");
    has(answer, "Location: /v1/status/app\r\n");
    has(answer, "Cache-Control: no-store\r\n");
    has(answer, "Access-Control-Allow-Origin: *\r\n");
    has(answer, "\"ImageName\":\"app\",\"Status\":\"SUBMITTED\",\"Stage\":\"queued\"");
    assert_int_equal(messages(), 1);
    last_message_has("\"ImageName\":\"library/app\",\"Tag\":\"1\",\"Version\":1");
    ask("/v1/images/app:1", 202);
    ask("/v1/images/library/app", 202);
    assert_int_equal(messages(), 1);
}

static void many_at_once_make_one_message(void **state)
{
    (void)state;
    enum { COUNT = 200 };
    static struct http_client many[COUNT];
    for (int i = 0; i < COUNT; i++) {
        http_client_open(&many[i], loop, httpd_port(httpd));
        http_client_send(&many[i], i % 2 ? "GET /v1/images/app HTTP/1.1\r\nHost: t\r\n\r\n"
                                         : "GET /v1/images/_/app:x HTTP/1.1\r\nHost: t\r\n\r\n");
    }
    for (int i = 0; i < COUNT; i++) {
        http_client_receive(&many[i]);
        assert_int_equal(http_client_status(&many[i]), 202);
        http_client_close(&many[i]);
    }
    assert_int_equal(messages(), 1);
}

static void head_and_status_submit_nothing(void **state)
{
    (void)state;
    client.is_head = true;
    http_client_send(&client, "HEAD /v1/images/app HTTP/1.1\r\nHost: t\r\n\r\n");
    http_client_receive(&client);
    assert_int_equal(http_client_status(&client), 202);
    http_client_send(&client, "HEAD /v1/images/app?wait=25 HTTP/1.1\r\nHost: t\r\n\r\n");
    http_client_receive(&client); /* at once: nobody works on it */
    assert_int_equal(http_client_status(&client), 202);
    client.is_head = false;
    const char *answer = ask("/v1/status/app", 200);
    has(answer, "\"Status\":\"UNKNOWN\"");
    assert_null(strstr(answer, "SubmittedAt"));
    assert_int_equal(messages(), 0);
    assert_int_equal(redis_number(redis, "EXISTS %s", "mb:1:status:" NAME), 0);
}

static void bad_names_go_nowhere(void **state)
{
    (void)state;
    const char *const targets[] = {"/v1/images/UPPER/Case",     "/v1/images/../etc",
                                   "/v1/images/app:b%20d",      "/v1/images/a%zz",
                                   "/v1/images/app?wait=26",    "/v1/images/app?platform=linux",
                                   "/v1/images/app/version/xy", "/v1/status/-"};
    char long_name[400] = "/v1/images/";
    memset(long_name + 11, 'a', 300);
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        const char *answer = ask(targets[i], 400);
        has(answer, "Content-Type: application/problem+json\r\n");
        has(answer, "\"code\":\"");
        has(answer, "\"detail\":\"");
    }
    ask(long_name, 400);
    has(ask("/v1/images/evil.example/x/y", 400), "\"code\":\"registry_not_allowed\"");
    assert_int_equal(messages(), 0);
    assert_int_equal(redis_number(redis, "DBSIZE%s", ""), 0);
}

static void found_image_is_answered_in_its_forms(void **state)
{
    (void)state;
    plant_inspected();
    AUTO(free) char *plain = xstrdup(ask("/v1/images/app", 200));
    AUTO(free) char *etag = header_of(plain, "ETag");
    has(plain, "Content-Type: application/json\r\n");
    has(plain, "Vary: Accept-Encoding, Prefer\r\n");
    has(plain, "Access-Control-Allow-Origin: *\r\n");
    assert_string_equal(
        body_of(plain),
        "{\"LatestSHA\":\"" INDEX_HEX "\",\"Description\":\"One\",\"Versions\":"
        "[{\"SHA\":\"" INDEX_HEX "\"}],\"SHA\":\"" INDEX_HEX
        "\",\"DownloadSize\":1234,\"Platform\":\"linux/amd64\",\"Status\":\"INSPECTED\","
        "\"Progress\":{\"Stage\":\"done\",\"Done\":0,\"Total\":0}}");

    AUTO(free) char *gzip_header = xstrdup("Accept-Encoding: br, gzip;q=0.5");
    const char *packed = ask_with("/v1/images/app", gzip_header, 200);
    has(packed, "Content-Encoding: gzip\r\n");
    AUTO(free) char *etag_gzip = header_of(packed, "ETag");
    assert_string_not_equal(etag, etag_gzip);
    char text[4096] = {0};
    size_t head_bytes = (size_t)(body_of(packed) - packed);
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)body_of(packed),
                       .avail_in = (uInt)(client.received.len - head_bytes),
                       .next_out = (Bytef *)text,
                       .avail_out = sizeof(text) - 1};
    assert_int_equal(inflateInit2(&stream, 31), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    inflateEnd(&stream);
    assert_string_equal(text, body_of(plain));

    AUTO(free) char *known = xasprintf("If-None-Match: \"x\", W/%s", etag);
    client.is_head = true; /* 304 has no body either */
    const char *same = ask_with("/v1/images/app", known, 304);
    AUTO(free) char *etag_again = header_of(same, "ETag");
    assert_string_equal(etag, etag_again);
    has(same, "Vary: Accept-Encoding, Prefer\r\n");
    ask_with("/v1/images/app", "If-None-Match: *", 304);
    client.is_head = false;
    ask_with("/v1/images/app", "If-None-Match: \"other\"", 200);
    static const struct {
        const char *header;
        bool is_gzip;
    } encodings[] = {
        {"Accept-Encoding: gzip;q=0", false},       {"Accept-Encoding: *;q=0, gzip", true},
        {"Accept-Encoding: gzip; q=0, *", false},   {"Accept-Encoding: br, *;q=0.1", true},
        {"Accept-Encoding: deflate, gzipx", false}, {"Accept-Encoding: GZIP", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(encodings); i++) {
        const char *answer = ask_with("/v1/images/app", encodings[i].header, 200);
        assert_int_equal(strstr(answer, "Content-Encoding: gzip") != NULL, encodings[i].is_gzip);
    }
    assert_int_equal(messages(), 0);
}

static void memory_answers_until_a_notice(void **state)
{
    (void)state;
    plant_inspected();
    has(ask("/v1/images/app", 200), "One");
    plant_document(clock_ms(), "Two"); /* unheard */
    has(ask("/v1/images/app", 200), "One");
    has(ask("/v1/images/app?platform=linux/amd64", 200), "Two"); /* another entry */
    notice();
    has(ask("/v1/images/app", 200), "Two");
}

static void etag_follows_content_and_status_but_not_progress(void **state)
{
    (void)state;
    plant_document(clock_ms(), "One");
    plant_status("SIZE", "layers");
    AUTO(free) char *first = header_of(ask("/v1/images/app", 200), "ETag");
    redis_do("HSET %s done %s", "mb:1:status:" NAME, "3", NULL);
    notice();
    AUTO(free) char *progressed = header_of(ask("/v1/images/app", 200), "ETag");
    has(strbuf_str(&client.received), "\"Done\":3");
    assert_string_equal(first, progressed);
    plant_status("INSPECTED", "done");
    notice();
    AUTO(free) char *ended = header_of(ask("/v1/images/app", 200), "ETag");
    assert_string_not_equal(first, ended);
    plant_document(clock_ms(), "Two");
    notice();
    AUTO(free) char *changed = header_of(ask("/v1/images/app", 200), "ETag");
    assert_string_not_equal(ended, changed);
}

static void long_poll_is_answered_by_a_notice(void **state)
{
    (void)state;
    struct http_client other; /* leaves while it waits */
    http_client_open(&other, loop, httpd_port(httpd));
    http_client_send(&client, "GET /v1/images/app?wait=20 HTTP/1.1\r\nHost: t\r\n\r\n");
    http_client_send(&other, "GET /v1/images/app HTTP/1.1\r\nHost: t\r\nPrefer: wait=20\r\n\r\n");
    http_client_idle(loop);
    while (messages() == 0)
        http_client_idle(loop);
    assert_false(client.is_done);
    http_client_close(&other);
    plant_status("INSPECTING", "tags");
    notice(); /* progress is no answer */
    assert_false(client.is_done);
    plant_inspected();
    notice();
    http_client_receive(&client);
    assert_int_equal(http_client_status(&client), 200);
    http_client_idle(loop);
    assert_int_equal(waiting_total(service.waiting), 0);
    assert_int_equal(httpd_active(httpd), 0);
}

static void long_poll_ends_at_its_deadline(void **state)
{
    (void)state;
    ask("/v1/images/app?wait=1", 202);
    assert_int_equal(waiting_total(service.waiting), 0);
    assert_int_equal(messages(), 1);
}

static void long_poll_waits_for_another_etag(void **state)
{
    (void)state;
    plant_document(clock_ms(), "One");
    plant_status("SIZE", "layers");
    AUTO(free) char *etag = header_of(ask("/v1/images/app?wait=20", 200), "ETag");
    AUTO(free)
    char *text = xasprintf("GET /v1/images/app?wait=20 HTTP/1.1\r\nHost: t\r\n"
                           "If-None-Match: %s\r\n\r\n",
                           etag);
    http_client_send(&client, text);
    http_client_idle(loop);
    notice();
    assert_false(client.is_done);
    plant_status("INSPECTED", "done");
    notice();
    http_client_receive(&client);
    assert_int_equal(http_client_status(&client), 200);
    AUTO(free) char *final = header_of(strbuf_str(&client.received), "ETag");
    AUTO(free) char *known = xasprintf("If-None-Match: %s", final);
    client.is_head = true;
    ask_with("/v1/images/app?wait=20", known, 304); /* final: nothing to wait for */
}

static void missing_image_is_asked_for_again_after_a_while(void **state)
{
    (void)state;
    plant_status("MISSING", "done");
    const char *answer = ask("/v1/images/app?wait=20", 404);
    has(answer, "application/problem+json");
    has(answer, "Cache-Control: no-store\r\n");
    assert_int_equal(messages(), 0);
    plant_status_times("MISSING", "done", clock_ms() - 400000, 0);
    ask("/v1/images/app", 202);
    assert_int_equal(messages(), 1);
}

static void failed_image_waits_for_its_next_try(void **state)
{
    (void)state;
    plant_status_times("FAILED_INSPECTION", "done", clock_ms(), clock_ms() + 200000);
    redis_do("HSET %s error %s", "mb:1:status:" NAME, "it broke", NULL);
    const char *answer = ask("/v1/images/app?wait=20", 202);
    has(answer, "\"Status\":\"FAILED_INSPECTION\"");
    has(answer, "\"Error\":\"it broke\"");
    AUTO(free) char *retry = header_of(answer, "Retry-After");
    long seconds = strtol(retry, NULL, 10);
    assert_true(seconds > 150 && seconds <= 200);
    assert_int_equal(messages(), 0);
    plant_status_times("FAILED_INSPECTION", "done", clock_ms(), clock_ms() - 1);
    ask("/v1/images/app", 202);
    assert_int_equal(messages(), 1);
}

static void unknown_tag_depends_on_the_documents_age(void **state)
{
    (void)state;
    plant_inspected();
    has(ask("/v1/images/app:nope", 404), "has no tag nope");
    has(ask("/v1/images/app@sha256:" HEX HEX, 400), "digest");
    assert_int_equal(messages(), 0);
    plant_document(clock_ms() - 400000, "Old");
    ask("/v1/images/app:nope", 202);
    assert_int_equal(messages(), 1);
    last_message_has("\"Tag\":\"nope\"");
}

static void pending_version_is_asked_for_alone(void **state)
{
    (void)state;
    plant_inspected();
    ask("/v1/images/app/version/sha256:" HEX, 202);
    assert_int_equal(messages(), 1);
    last_message_has("\"Digest\":\"sha256:" HEX "\"");
}

static void version_is_answered_by_its_own_or_a_childs_digest(void **state)
{
    (void)state;
    plant_inspected();
    const char *answer = ask("/v1/images/app/version/" INDEX_HEX, 200);
    assert_string_equal(body_of(answer),
                        "{\"SHA\":\"" INDEX_HEX "\",\"Tags\":[{\"tag\":\"latest\"}],"
                        "\"DownloadSize\":1234,\"Platform\":\"linux/amd64\","
                        "\"Layers\":[{\"Command\":\"RUN x\"}],\"Status\":\"INSPECTED\","
                        "\"Progress\":{\"Stage\":\"done\",\"Done\":0,\"Total\":0}}");
    has(ask("/v1/images/app/version/sha256:" ARM_HEX "/", 200), "\"Layers\"");
    AUTO(free) char *unknown = xstrdup("/v1/images/app/version/" HEX);
    unknown[strlen(unknown) - 1] = '9';
    has(ask(unknown, 404), "no such version");
    assert_int_equal(messages(), 0);
}

static void dockerfile_is_answered_like_its_image(void **state)
{
    (void)state;
    ask("/v1/dockerfile/app", 202);
    assert_int_equal(messages(), 1);
    plant_inspected();
    notice();
    AUTO(free) char *plain = xstrdup(ask("/v1/dockerfile/app:1?platform=linux/arm64", 200));
    assert_string_equal(body_of(plain), "FROM scratch\nRUN x\n");
    has(plain, "Content-Type: text/plain; charset=utf-8\r\n");
    AUTO(free) char *etag = header_of(plain, "ETag");
    has(ask_with("/v1/dockerfile/app", "Accept-Encoding: gzip", 200), "Content-Encoding: gzip");
    AUTO(free) char *known = xasprintf("If-None-Match: %s", etag);
    client.is_head = true;
    ask_with("/v1/dockerfile/app", known, 304);
    client.is_head = false;
    has(ask("/v1/dockerfile/app:none", 404), "\"code\":\"tag_missing\"");
    has(ask("/v1/dockerfile/app?platform=plan9/mips", 404), "\"code\":\"platform_missing\"");
    plant_fragment("mb:1:rel:sha256:" ARM_HEX, "dockerfile", "FROM base\n");
    notice();
    assert_string_equal(body_of(ask("/v1/dockerfile/app:1", 200)), "FROM base\n");
}

static void other_platforms_are_named(void **state)
{
    (void)state;
    plant_inspected();
    ask("/v1/images/app?platform=linux/arm64/v8", 200);
    const char *answer = ask("/v1/images/app?platform=linux/s390x", 404);
    has(answer, "linux/s390x. There are: linux/amd64 linux/arm64");
}

static void stale_answer_is_shown_and_refreshed(void **state)
{
    (void)state;
    plant_document(clock_ms() - 2 * HOUR_MS, "Old");
    plant_status_times("INSPECTED", "done", clock_ms() - 2 * HOUR_MS, 0);
    has(ask("/v1/images/app:1", 200), "Old");
    while (messages() == 0)
        http_client_idle(loop);
    assert_int_equal(messages(), 1);
    has(ask("/v1/status/app", 200), "\"Status\":\"INSPECTED\",\"Stage\":\"refreshing\"");
    ask("/v1/images/app:1", 200);
    http_client_idle(loop);
    assert_int_equal(messages(), 1);
}

static void lost_redis_leaves_what_is_in_memory(void **state)
{
    (void)state;
    const char *why = NULL;
    plant_inspected();
    ask("/v1/images/app", 200);
    ask("/v1/images/app:1", 200);
    notice(); /* what it dropped is better than nothing */
    ask("/v1/images/app", 200);
    redis_server_kill(&results);
    while (redis_is_connected(service.redis))
        http_client_idle(loop);
    assert_false(service_is_ready(&service, &why));
    has(ask("/v1/images/app", 200), "One");
    has(ask("/v1/images/app:1", 200), "One");
    const char *answer = ask("/v1/images/other", 503);
    has(answer, "application/problem+json");
    has(answer, "Retry-After: ");
    ask("/v1/status/app", 503);
    answer = ask("/badges/size/other.svg", 200);
    has(answer, "<title>size: try later</title>");
    has(answer, "Cache-Control: public, max-age=15, s-maxage=15\r\n");
    service.is_subscribed = false;
    redis_server_restart(&results);
    wait_until_subscribed();
    assert_true(service_is_ready(&service, &why));
    ask("/v1/images/app", 202); /* the new server knows nothing */
}

static void lost_queue_is_told_and_recovers(void **state)
{
    (void)state;
    const char *why = NULL;
    redis_server_kill(&queues);
    http_client_idle(loop);
    const char *answer = ask("/v1/images/app", 503);
    has(answer, "Retry-After: ");
    http_client_idle(loop);
    assert_int_equal(redis_number(redis, "EXISTS %s", "mb:1:job:" NAME), 0);
    assert_true(service_is_ready(&service, &why)); /* reads go on */
    redis_server_restart(&queues);
    while (!redis_is_connected(queue_redis))
        http_client_idle(loop);
    do
        http_client_get(&client, "/v1/images/app");
    while (http_client_status(&client) == 503);
    assert_int_equal(http_client_status(&client), 202);
    assert_int_equal(messages(), 1);
}

static void drain_ends_long_polls(void **state)
{
    (void)state;
    http_client_send(&client, "GET /v1/images/app?wait=20 HTTP/1.1\r\nHost: t\r\n\r\n");
    while (messages() == 0)
        http_client_idle(loop);
    assert_false(client.is_done);
    service_drain(&service);
    const char *answer = http_client_receive(&client);
    assert_int_equal(http_client_status(&client), 202);
    has(answer, "Connection: close");
}

/* What is under way at the end is answered, and its late callbacks find nothing freed. */
static void stop_in_the_middle_is_clean(void **state)
{
    (void)state;
    struct http_client holding;
    http_client_open(&holding, loop, httpd_port(httpd));
    http_client_send(&holding, "GET /v1/images/held?wait=20 HTTP/1.1\r\nHost: t\r\n\r\n");
    while (waiting_total(service.waiting) == 0)
        http_client_idle(loop);
    http_client_send(&client, "GET /v1/images/app HTTP/1.1\r\nHost: t\r\n\r\n");
    kill(results.pid, SIGSTOP); /* Redis owes an answer */
    ask_and_leave("/v1/images/other");
    ask_and_leave("/v1/images/app:2");
    struct http_client reader;
    open_and_ask(&reader, "/badges/size/app.svg");
    service_stop(&service);
    kill(results.pid, SIGCONT);
    http_client_receive(&client);
    assert_int_equal(http_client_status(&client), 503);
    http_client_receive(&holding);
    assert_int_equal(http_client_status(&holding), 503);
    http_client_close(&holding);
    has(http_client_receive(&reader), "<title>size: try later</title>");
    assert_int_equal(http_client_status(&reader), 200);
    http_client_close(&reader);
}

static void other_requests_are_told_what_there_is(void **state)
{
    (void)state;
    const char *answer = ask("/healthcheck.txt", 200);
    assert_string_equal(body_of(answer), "HEALTH OK");
    has(ask("/nothing", 404), "application/problem+json");
    assert_string_equal(body_of(ask("/v1/me", 200)), "{}");
    http_client_send(&client, "DELETE /v1/images/app HTTP/1.1\r\nHost: t\r\n\r\n");
    has(http_client_receive(&client), "Allow: GET, HEAD, OPTIONS\r\n");
    assert_int_equal(http_client_status(&client), 405);
    http_client_send(&client, "OPTIONS /v1/images/app HTTP/1.1\r\nHost: t\r\n\r\n");
    has(http_client_receive(&client), "Access-Control-Allow-Headers: If-None-Match, Prefer\r\n");
    assert_int_equal(http_client_status(&client), 204);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unknown_image_is_submitted_once),
        TEST(many_at_once_make_one_message),
        TEST(head_and_status_submit_nothing),
        TEST(bad_names_go_nowhere),
        TEST(found_image_is_answered_in_its_forms),
        TEST(memory_answers_until_a_notice),
        TEST(etag_follows_content_and_status_but_not_progress),
        TEST(long_poll_is_answered_by_a_notice),
        TEST(long_poll_ends_at_its_deadline),
        TEST(long_poll_waits_for_another_etag),
        TEST(missing_image_is_asked_for_again_after_a_while),
        TEST(failed_image_waits_for_its_next_try),
        TEST(unknown_tag_depends_on_the_documents_age),
        TEST(pending_version_is_asked_for_alone),
        TEST(version_is_answered_by_its_own_or_a_childs_digest),
        TEST(dockerfile_is_answered_like_its_image),
        TEST(other_platforms_are_named),
        TEST(stale_answer_is_shown_and_refreshed),
        TEST(lost_redis_leaves_what_is_in_memory),
        TEST(lost_queue_is_told_and_recovers),
        cmocka_unit_test_setup_teardown(stop_in_the_middle_is_clean, start, stop_the_rest),
        TEST(other_requests_are_told_what_there_is),
        TEST(drain_ends_long_polls), /* last: from there on all answers close */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
