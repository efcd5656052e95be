/* Lists, search and counts as clients see them. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalog.h"
#include "clock.h"
#include "loop.h"
#include "mem.h"
#include "redis.h"
#include "service_fixture.h"

static void put(const char *name, int64_t pulls, bool has_label_schema)
{
    const struct catalog_entry entry = {.name = name,
                                        .inspected_ms = clock_ms(),
                                        .pulls = pulls,
                                        .badges = 2,
                                        .has_label_schema = has_label_schema};
    AUTO(free) char *key = xasprintf("mb:1:doc:%s", name);
    plant_text(key, "meta", "1");
    catalog_put(redis, &entry, 1000, 1000);
    assert_int_equal(redis_number(redis, "EXISTS %s", key), 1); /* and the entry is there */
}

static void body_is(const char *target, const char *body)
{
    const char *answer = ask(target, 200);
    has(answer, "Content-Type: application/json\r\n");
    if (strcmp(body_of(answer), body) != 0)
        fail_msg("%s: %s", target, body_of(answer));
}

static void empty_lists_have_v1s_shapes(void **state)
{
    (void)state;
    body_is("/v1/images?query=featured", "{\"CurrentPage\":1}");
    body_is("/v1/images?query=recent", "{\"CurrentPage\":1}");
    body_is("/v1/images?query=labelschema", "{\"CurrentPage\":1}");
    body_is("/v1/images?query=labelschema&page=7", "{\"CurrentPage\":7}");
    body_is("/v1/images/search/nothing", "{}");
    body_is("/v1/images/search/no%25thing", "{}");
    body_is("/v1/badges/counts", "{\"docker_hub\":{\"badges\":0,\"images\":0}}");
}

static void lists_have_v1s_shapes(void **state)
{
    (void)state;
    put("docker.io/library/one", 1, true);
    put("ghcr.io/o/one", 5, false);
    body_is("/v1/images?query=labelschema",
            "{\"CurrentPage\":1,\"PageCount\":1,\"ImageCount\":1,\"Images\":[\"one\"]}");
    body_is("/v1/images?query=labelschema&page=2",
            "{\"CurrentPage\":2,\"PageCount\":1,\"ImageCount\":1}");
    body_is("/v1/images/?query=labelschema&page=none",
            "{\"CurrentPage\":1,\"PageCount\":1,\"ImageCount\":1,\"Images\":[\"one\"]}");
    const char *recent = ask("/v1/images?query=recent", 200);
    has(recent, "{\"CurrentPage\":1,\"PageCount\":1,\"ImageCount\":2,\"Images\":[");
    body_is("/v1/badges/counts", "{\"docker_hub\":{\"badges\":4,\"images\":2}}");
}

static void featured_are_the_operators(void **state)
{
    (void)state;
    char names[] = "library/nginx,ghcr.io/o/n";
    config.featured = names;
    body_is("/v1/images?query=featured", "{\"CurrentPage\":1,\"PageCount\":1,\"ImageCount\":2,"
                                         "\"Images\":[\"nginx\",\"ghcr.io/o/n\"]}");
}

static void bug_16_search_names_images_as_everything_else_does(void **state)
{
    (void)state;
    put("docker.io/library/one", 1, false);
    put("ghcr.io/o/one", 5, false);
    put("docker.io/o/a_b", 5, false);
    put("docker.io/o/axb", 5, false);
    body_is("/v1/images/search/ONE", "{\"Images\":[\"one\",\"ghcr.io/o/one\"]}");
    body_is("/v1/images/search/library/one", "{\"Images\":[\"one\"]}");
    body_is("/v1/images/search/o/a/", "{\"Images\":[\"o/a_b\",\"o/axb\"]}");
    body_is("/v1/images/search/a_b", "{\"Images\":[\"o/a_b\"]}");
}

static void bug_16_errors_are_not_hidden(void **state)
{
    (void)state;
    redis_do("SET %s %s", "mb:1:cat:parts", "no sorted set", NULL);
    has(ask("/v1/images/search/one", 503), "\"code\":\"cache_unavailable\"");
    redis_server_kill(&results);
    has(ask("/v1/images?query=recent", 503), "\"code\":\"cache_unavailable\"");
    redis_server_restart(&results);
}

static void bug_16_an_organisation_called_search_is_answered(void **state)
{
    (void)state;
    ask("/v1/images/docker.io/search/app", 202);
    last_message_has("\"ImageName\":\"search/app\"");
    ask("/v1/images/search/app", 200);
}

static void bug_19_other_queries_are_problems(void **state)
{
    (void)state;
    has(ask("/v1/images", 404), "Content-Type: application/problem+json\r\n");
    has(ask("/v1/images/", 404), "\"code\":\"no_such_route\"");
    has(ask("/v1/images?query=newest", 400), "\"code\":\"bad_query\"");
    has(ask("/v1/images?query=", 400), "\"code\":\"bad_query\"");
}

static void bug_3_searching_inserts_nothing(void **state)
{
    (void)state;
    ask("/v1/images/search/app", 200);
    ask("/v1/images?query=recent", 200);
    ask("/v1/badges/counts", 200);
    assert_int_equal(redis_number(redis, "DBSIZE%s", ""), 0);
    assert_int_equal(messages(), 0);
}

static void lists_stay_in_memory_for_a_while(void **state)
{
    (void)state;
    put("docker.io/library/one", 1, false);
    AUTO(free) char *first = xstrdup(ask("/v1/images/search/one", 200));
    put("docker.io/library/one-more", 1, false);
    body_is("/v1/images/search/one", "{\"Images\":[\"one\"]}");
    AUTO(free) char *etag = header_of(first, "ETag");
    AUTO(free) char *known = xasprintf("If-None-Match: %s\r\nAccept-Encoding: gzip", etag);
    client.is_head = true;
    ask_with("/v1/images/search/one", known, 304);
    AUTO(free)
    char *head = xstrdup(ask_raw("HEAD /v1/images/search/one? HTTP/1.1\r\nHost: t\r\n"
                                 "\r\n",
                                 200));
    client.is_head = false;
    has(head, "Content-Type: application/json\r\n");
    kill(results.pid, SIGKILL);
    body_is("/v1/images/search/one", "{\"Images\":[\"one\"]}");
}

static void stopping_answers_who_waits_for_a_list(void **state)
{
    (void)state;
    kill(results.pid, SIGSTOP);
    http_client_send(&client, "GET /v1/badges/counts HTTP/1.1\r\nHost: t\r\n\r\n");
    while (!service.errands)
        http_client_idle(loop);
    service_stop(&service);
    kill(results.pid, SIGCONT);
    http_client_receive(&client);
    assert_int_equal(http_client_status(&client), 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(empty_lists_have_v1s_shapes),
        TEST(lists_have_v1s_shapes),
        TEST(featured_are_the_operators),
        TEST(bug_16_search_names_images_as_everything_else_does),
        TEST(bug_16_errors_are_not_hidden),
        TEST(bug_16_an_organisation_called_search_is_answered),
        TEST(bug_19_other_queries_are_problems),
        TEST(bug_3_searching_inserts_nothing),
        TEST(lists_stay_in_memory_for_a_while),
        cmocka_unit_test_setup_teardown(stopping_answers_who_waits_for_a_list, start,
                                        stop_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
