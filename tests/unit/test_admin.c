#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "admin.h"
#include "http_client.h"
#include "loop.h"
#include "metrics.h"

static struct loop *loop;
static struct admin *admin;
static struct http_client client;
static bool is_ready;

static bool ready(void *arg, const char **ret_why)
{
    assert_ptr_equal(arg, &is_ready);
    if (!is_ready)
        *ret_why = "something is missing";
    return is_ready;
}

static int start(void **state)
{
    (void)state;
    char *why = NULL;
    is_ready = true;
    loop = loop_new();
    admin = admin_new(loop, "127.0.0.1:0", ready, &is_ready, &why);
    assert_non_null(admin);
    http_client_open(&client, loop, admin_port(admin));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    http_client_close(&client);
    admin_free(admin);
    loop_free(loop);
    metrics_reset();
    return 0;
}

static void health_is_the_loop(void **state)
{
    (void)state;
    is_ready = false;
    http_client_get(&client, "/healthz");
    assert_int_equal(http_client_status(&client), 200);
}

static void readiness_follows_its_cause(void **state)
{
    (void)state;
    http_client_get(&client, "/readyz");
    assert_int_equal(http_client_status(&client), 200);
    is_ready = false;
    const char *answer = http_client_get(&client, "/readyz");
    assert_int_equal(http_client_status(&client), 503);
    assert_non_null(strstr(answer, "something is missing"));
    is_ready = true;
    http_client_get(&client, "/readyz?verbose");
    assert_int_equal(http_client_status(&client), 200);
    admin_drain(admin);
    answer = http_client_get(&client, "/readyz");
    assert_int_equal(http_client_status(&client), 503);
    assert_non_null(strstr(answer, "draining"));
    http_client_get(&client, "/healthz");
    assert_int_equal(http_client_status(&client), 200);
}

static void metrics_are_shown(void **state)
{
    (void)state;
    metric_add(metric_counter("mb_seen_total", "Seen.", NULL), 7);
    const char *answer = http_client_get(&client, "/metrics");
    assert_int_equal(http_client_status(&client), 200);
    assert_non_null(strstr(answer, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert_non_null(strstr(answer, "\nmb_seen_total 7\n"));
    assert_non_null(strstr(answer, "\nmb_build_info{"));
}

static void the_rest_is_refused(void **state)
{
    (void)state;
    http_client_get(&client, "/secret");
    assert_int_equal(http_client_status(&client), 404);
    http_client_send(&client, "DELETE /healthz HTTP/1.1\r\nHost: t\r\n\r\n");
    const char *answer = http_client_receive(&client);
    assert_int_equal(http_client_status(&client), 405);
    assert_non_null(strstr(answer, "Allow: GET, HEAD\r\n"));
}

static void an_address_that_is_taken_says_so(void **state)
{
    (void)state;
    char *why = NULL;
    assert_null(admin_new(loop, "256.0.0.1:1", ready, NULL, &why));
    assert_non_null(why);
    free(why);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(health_is_the_loop),  TEST(readiness_follows_its_cause),      TEST(metrics_are_shown),
        TEST(the_rest_is_refused), TEST(an_address_that_is_taken_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
