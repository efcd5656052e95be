/* What starts inspections, and what keeps clients from starting too many: limits, webhooks and an
 * operator's refresh. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "hmac.h"
#include "httpd.h"
#include "loop.h"
#include "mem.h"
#include "redis.h"
#include "service_fixture.h"

static char proxy[] = "127.0.0.0/8";
static char secret[] = "a secret of the operator";
static char refresh_token[] = "an-operators-token";

/* Limits count by address: the tests' clients are told apart by what a trusted proxy says. */
static int start_limited(void **state)
{
    int err = start_with(proxy);
    (void)state;
    config.submit_per_address = 2;
    config.submit_total = 3;
    return err;
}

static int start_with_secrets(void **state)
{
    int err = start(state);
    config.webhook_secret = secret;
    config.refresh_token = refresh_token;
    return err;
}

static const char *ask_as(const char *address, const char *target, int status)
{
    AUTO(free) char *header = xasprintf("X-Forwarded-For: %s", address);
    return ask_with(target, header, status);
}

static void an_address_has_its_share(void **state)
{
    (void)state;
    ask_as("192.0.2.1", "/v1/images/one", 202);
    ask_as("192.0.2.1", "/v1/images/two", 202);
    const char *answer = ask_as("192.0.2.1", "/v1/images/three", 429);
    has(answer, "Content-Type: application/problem+json\r\n");
    has(answer, "\"code\":\"too_many_submissions\"");
    AUTO(free) char *retry = header_of(answer, "Retry-After");
    assert_in_range(strtol(retry, NULL, 10), 1, 60);
    ask_as("198.51.100.9, 192.0.2.1", "/v1/images/three", 429); /* what it says of others */
    ask_with("/v1/images/three", /* which a proxy may not have joined */
             "X-Forwarded-For: 198.51.100.9\r\nx-forwarded-for: 192.0.2.1", 429);
    ask_as("192.0.2.1", "/v1/dockerfile/three", 429);
    assert_int_equal(messages(), 2);
    assert_int_equal(redis_number(redis, "EXISTS %s", "mb:1:status:docker.io/library/three"), 0);
    ask_as("192.0.2.2", "/v1/images/three", 202);
    assert_int_equal(messages(), 3);
}

static void what_is_known_is_answered_beyond_the_limit(void **state)
{
    (void)state;
    plant_document(clock_ms() - 2 * HOUR_MS, "One"); /* old: each reader would refresh it */
    plant_status("INSPECTED", "done");
    ask_as("192.0.2.1", "/v1/images/one", 202);
    ask_as("192.0.2.1", "/v1/images/two", 202);
    has(ask_as("192.0.2.1", "/v1/images/app", 200), "One");
    ask_as("192.0.2.1", "/v1/images/one", 202); /* under way: not a new one */
    ask_as("192.0.2.1", "/v1/status/three", 200);
    assert_int_equal(messages(), 2);
}

static void a_whole_slash_64_has_one_share(void **state)
{
    (void)state;
    ask_as("2001:db8:1:1::1", "/v1/images/one", 202);
    ask_as("2001:db8:1:1:9::2", "/v1/images/two", 202);
    ask_as("2001:db8:1:1:8::3", "/v1/images/three", 429);
    ask_as("2001:db8:1:2::3", "/v1/images/three", 202);
}

static void all_together_have_one_share(void **state)
{
    (void)state;
    ask_as("192.0.2.1", "/v1/images/one", 202);
    ask_as("192.0.2.2", "/v1/images/two", 202);
    ask_as("192.0.2.3", "/v1/images/three", 202);
    has(ask_as("192.0.2.4", "/v1/images/four", 429), "Retry-After: ");
    redis_do("DEL %s", "mb:1:rate:all", NULL, NULL); /* as its minute's end does */
    ask_as("192.0.2.4", "/v1/images/four", 202);
    assert_int_equal(messages(), 4);
}

static void shares_come_back_by_themselves(void **state)
{
    (void)state;
    ask_as("192.0.2.1", "/v1/images/one", 202);
    assert_in_range(redis_number(redis, "PTTL %s", "mb:1:rate:192.0.2.1"), 1, 60000);
    assert_in_range(redis_number(redis, "PTTL %s", "mb:1:rate:all"), 1, 60000);
}

/* Many wait for one name: each is told what holds for it. */
static void limited_and_unlimited_clients_wait_side_by_side(void **state)
{
    (void)state;
    redis_do("SET %s %s", "mb:1:rate:192.0.2.1", "2", NULL);
    redis_do("PEXPIRE %s %s", "mb:1:rate:192.0.2.1", "60000", NULL);
    struct http_client other;
    http_client_open(&other, loop, httpd_port(httpd));
    kill(results.pid, SIGSTOP); /* both join one lookup */
    http_client_send(&other, "GET /v1/images/app HTTP/1.1\r\nHost: t\r\n"
                             "X-Forwarded-For: 192.0.2.2\r\n\r\n");
    while (httpd_active(httpd) < 1)
        http_client_idle(loop);
    http_client_send(&client, "GET /v1/images/app HTTP/1.1\r\nHost: t\r\n"
                              "X-Forwarded-For: 192.0.2.1\r\n\r\n");
    while (httpd_active(httpd) < 2)
        http_client_idle(loop);
    kill(results.pid, SIGCONT);
    http_client_receive(&client);
    assert_int_equal(http_client_status(&client), 429);
    http_client_receive(&other);
    assert_int_equal(http_client_status(&other), 202);
    http_client_close(&other);
    assert_int_equal(messages(), 1);
}

static void without_trusted_proxies_the_peer_counts(void **state)
{
    (void)state;
    config.submit_per_address = 1;
    ask_as("192.0.2.1", "/v1/images/one", 202);
    ask_as("192.0.2.2", "/v1/images/two", 429);
    assert_int_equal(redis_number(redis, "GET %s", "mb:1:rate:127.0.0.1"), 1);
}

/* Webhooks */

static const char *hook(const char *path, const char *name, int status)
{
    char token[HMAC_TOKEN_BYTES];
    hmac_token(secret, name, token);
    AUTO(free)
    char *text = xasprintf("POST %s/%s HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
                           "Content-Length: 6\r\n\r\n<junk>",
                           path, token);
    return ask_raw(text, status);
}

static void a_webhook_sets_freshness_and_failures_aside(void **state)
{
    (void)state;
    plant_inspected();
    const char *answer = hook("/images/app", NAME, 200);
    assert_string_equal(body_of(answer), "OK");
    has(answer, "Content-Type: text/plain");
    assert_int_equal(messages(), 1);
    last_message_has("\"ImageName\":\"library/app\",\"Version\":1");
    has(ask("/v1/status/app", 200), "\"Stage\":\"refreshing\"");
    plant_text("mb:1:status:docker.io/o/gone", "status", "MISSING");
    plant_text("mb:1:status:docker.io/o/gone", "retry_ms", "99999999999999");
    hook("/images/o/gone", "docker.io/o/gone", 200);
    has(ask("/v1/status/o/gone", 200), "\"Status\":\"SUBMITTED\"");
    hook("/images/ghcr.io/o/deep/er", "ghcr.io/o/deep/er", 200);
    last_message_has("\"ImageName\":\"ghcr.io/o/deep/er\"");
    assert_int_equal(messages(), 3);
}

static int64_t delayed(void)
{
    return redis_number(queue_redis, "ZCARD %s", "{mb:1:q}:inspection:delayed");
}

static void repeated_webhooks_start_one_inspection_more(void **state)
{
    (void)state;
    hook("/images/app", NAME, 200);
    hook("/images/app", NAME, 200); /* unread in the queue: the inspection will see the change */
    assert_int_equal(messages(), 1);
    assert_int_equal(delayed(), 0);
    redis_do("DEL %s", "mb:1:job:" NAME, NULL, NULL);
    plant_inspected();
    for (int i = 0; i < 5; i++)
        hook("/images/app", NAME, 200); /* inspected since: another one, but not at once */
    assert_int_equal(messages(), 1);
    assert_int_equal(delayed(), 1);
    redis_do("DEL %s", "mb:1:hook:" NAME, NULL, NULL); /* as the interval's end does */
    hook("/images/app", NAME, 200);
    assert_int_equal(messages(), 2);
}

static void a_webhook_during_an_inspection_starts_another(void **state)
{
    (void)state;
    plant_status("INSPECTING", "tags"); /* it may have read the tags already */
    redis_do("SET %s %s", "mb:1:job:" NAME, "1", NULL);
    hook("/images/app", NAME, 200);
    assert_int_equal(messages(), 0);
    assert_int_equal(delayed(), 1);
    has(ask("/v1/status/app", 200), "\"Status\":\"INSPECTING\"");
}

static void bug_2_a_wrong_token_is_refused(void **state)
{
    (void)state;
    static const char *const paths[] = {"/images/app/x", "/images/app/", "/images/o/app/a=b"};
    hook("/images/app", "docker.io/library/other", 403);
    has(strbuf_str(&client.received), "\"code\":\"bad_token\"");
    hook("/images/app", "library/app", 403);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        AUTO(free)
        char *text = xasprintf("POST %s HTTP/1.1\r\nHost: t\r\n\r\n", paths[i]);
        ask_raw(text, i == 1 ? 404 : 403);
    }
    config.webhook_secret = secret + strlen(secret); /* none: not even the token under it */
    char token[HMAC_TOKEN_BYTES];
    hmac_token("", NAME, token);
    AUTO(free)
    char *text = xasprintf("POST /images/app/%s HTTP/1.1\r\nHost: t\r\n\r\n", token);
    ask_raw(text, 403);
    assert_int_equal(messages(), 0);
    assert_int_equal(redis_number(redis, "DBSIZE%s", ""), 0);
}

static void webhooks_of_what_may_not_be_asked_are_404(void **state)
{
    (void)state;
    hook("/images/evil.example/a/b", "evil.example/a/b", 404);
    hook("/images/app:1", NAME, 404);
    hook("/images/UPPER/a", "docker.io/UPPER/a", 404);
    assert_int_equal(messages(), 0);
}

static void bug_2_a_lost_queue_is_not_ok(void **state)
{
    (void)state;
    redis_server_kill(&queues);
    while (true) { /* until the connection is known to be lost */
        const char *answer = hook("/images/app", NAME, 503);
        has(answer, "\"code\":\"queue_unavailable\"");
        if (redis_number(redis, "EXISTS %s", "mb:1:hook:" NAME) == 0)
            break;
    }
    redis_server_restart(&queues);
    int64_t deadline_ms = loop_now_ms(loop) + 20000;
    do { /* the failed ones are not held against it */
        hook("/images/app", NAME, ANY_STATUS);
    } while (http_client_status(&client) != 200 && loop_now_ms(loop) < deadline_ms);
    assert_int_equal(http_client_status(&client), 200);
}

static void bug_2_tokens_are_in_no_answer(void **state)
{
    (void)state;
    plant_inspected();
    const char *answer = ask("/v1/images/app", 200);
    assert_null(strstr(answer, "WebhookURL"));
    char token[HMAC_TOKEN_BYTES];
    hmac_token(secret, NAME, token);
    assert_null(strstr(answer, token));
}

static void webhooks_are_posted_and_nothing_else_is(void **state)
{
    (void)state;
    has(ask_raw("PUT /images/app/token HTTP/1.1\r\nHost: t\r\n\r\n", 405),
        "Allow: GET, HEAD, POST, OPTIONS");
    has(ask_raw("POST /v1/images/app HTTP/1.1\r\nHost: t\r\n\r\n", 405), "Allow: GET, HEAD, OPT");
    has(ask_raw("OPTIONS /images/UPPER/token HTTP/1.1\r\nHost: t\r\n\r\n", 204),
        "Allow: GET, HEAD, POST, OPTIONS");
    has(ask_raw("DELETE /v1/images/UPPER HTTP/1.1\r\nHost: t\r\n\r\n", 405),
        "Allow: GET, HEAD, OPT");
    ask_raw("POST /images/app/%01 HTTP/1.1\r\nHost: t\r\n\r\n", 400);
    ask_raw("OPTIONS /images/app/%01 HTTP/1.1\r\nHost: t\r\n\r\n", 400);
    has(ask_raw("OPTIONS /images/app/token HTTP/1.1\r\nHost: t\r\n\r\n", 204),
        "Allow: GET, HEAD, POST, OPTIONS");
    ask_raw("POST /nowhere HTTP/1.1\r\nHost: t\r\n\r\n", 404);
}

static void webhooks_are_outside_the_limits(void **state)
{
    (void)state;
    config.submit_per_address = 1;
    config.submit_total = 1;
    ask("/v1/images/one", 202);
    ask("/v1/images/two", 429);
    hook("/images/two", "docker.io/library/two", 200);
    ask("/v1/images/three?refresh=an-operators-token", 202);
    assert_int_equal(messages(), 3);
}

/* Refresh */

static void an_operators_token_refreshes(void **state)
{
    (void)state;
    plant_inspected();
    ask("/v1/images/app:1", 200);
    const char *answer = ask("/v1/images/app:1?refresh=an-operators-token", 202);
    has(answer, "\"ImageName\":\"app\",\"Status\":\"INSPECTED\",\"Stage\":\"refreshing\"");
    assert_null(strstr(answer, refresh_token));
    last_message_has("\"ImageName\":\"library/app\",\"Version\":1"); /* the whole image */
    ask("/v1/images/app?refresh", 200);
    ask_with("/v1/images/app?refresh", "Authorization: bearer an-operators-token", 202);
    ask_with("/v1/images/other?refresh", "Authorization: Bearer an-operators-token", 202);
    assert_int_equal(messages(), 2); /* app's waits in the queue */
}

static void bug_1_no_token_never_matches(void **state)
{
    (void)state;
    plant_inspected();
    ask("/v1/images/app?refresh=another", 200);
    ask("/v1/images/app?refresh=", 200);
    ask("/v1/images/app?refresh", 200);
    ask_with("/v1/images/app?refresh=", "Authorization: Bearer ", 200);
    ask_with("/v1/images/app?refresh=", "Authorization: Basic an-operators-token", 200);
    ask_with("/v1/images/app", "Authorization: Bearer an-operators-token", 200);
    config.refresh_token = secret + strlen(secret);
    ask("/v1/images/app?refresh=&x", 200);
    ask("/v1/images/app?refresh&x", 200);
    ask("/v1/images/app", 200);
    assert_int_equal(messages(), 0);
}

static void head_refreshes_nothing(void **state)
{
    (void)state;
    client.is_head = true;
    ask_raw("HEAD /v1/images/app?refresh=an-operators-token HTTP/1.1\r\nHost: t\r\n\r\n", 202);
    client.is_head = false;
    assert_int_equal(messages(), 0);
}

static void stopping_answers_who_waits_for_a_submission(void **state)
{
    (void)state;
    kill(results.pid, SIGSTOP);
    http_client_send(&client, "GET /v1/images/app?refresh=an-operators-token HTTP/1.1\r\n"
                              "Host: t\r\n\r\n");
    while (!service.errands)
        http_client_idle(loop);
    service_stop(&service);
    kill(results.pid, SIGCONT);
    http_client_receive(&client);
    assert_int_equal(http_client_status(&client), 503);
}

#define LIMITED(function) cmocka_unit_test_setup_teardown(function, start_limited, stop)
#define SECRETS(function) cmocka_unit_test_setup_teardown(function, start_with_secrets, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIMITED(an_address_has_its_share),
        LIMITED(what_is_known_is_answered_beyond_the_limit),
        LIMITED(a_whole_slash_64_has_one_share),
        LIMITED(all_together_have_one_share),
        LIMITED(shares_come_back_by_themselves),
        LIMITED(limited_and_unlimited_clients_wait_side_by_side),
        TEST(without_trusted_proxies_the_peer_counts),
        SECRETS(a_webhook_sets_freshness_and_failures_aside),
        SECRETS(repeated_webhooks_start_one_inspection_more),
        SECRETS(a_webhook_during_an_inspection_starts_another),
        SECRETS(bug_2_a_wrong_token_is_refused),
        SECRETS(webhooks_of_what_may_not_be_asked_are_404),
        SECRETS(bug_2_a_lost_queue_is_not_ok),
        SECRETS(bug_2_tokens_are_in_no_answer),
        SECRETS(webhooks_are_posted_and_nothing_else_is),
        SECRETS(webhooks_are_outside_the_limits),
        SECRETS(an_operators_token_refreshes),
        SECRETS(bug_1_no_token_never_matches),
        SECRETS(head_refreshes_nothing),
        cmocka_unit_test_setup_teardown(stopping_answers_who_waits_for_a_submission,
                                        start_with_secrets, stop_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
