#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mem.h"
#include "route.h"

#define HEX "1111111111111111111111111111111111111111111111111111111111111111"

static void same(const char *got, const char *wanted)
{
    if (wanted)
        assert_string_equal(got ? got : "(null)", wanted);
    else
        assert_null(got);
}

static void names_tags_and_digests_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        enum route_kind kind;
        const char *registry, *path, *tag, *digest;
    } cases[] = {
        {"/v1/images/nginx", ROUTE_IMAGE, "docker.io", "library/nginx", NULL, NULL},
        {"/v1/images/nginx/", ROUTE_IMAGE, "docker.io", "library/nginx", NULL, NULL},
        {"/v1/images/_/nginx:1.27?x=y", ROUTE_IMAGE, "docker.io", "library/nginx", "1.27", NULL},
        {"/v1/images/a/b:latest", ROUTE_IMAGE, "docker.io", "a/b", "latest", NULL},
        {"/v1/images/ghcr.io%2Fo%2Fn%3Av1", ROUTE_IMAGE, "ghcr.io", "o/n", "v1", NULL},
        {"/v1/images/localhost:5000/a/b/c", ROUTE_IMAGE, "localhost:5000", "a/b/c", NULL, NULL},
        {"/v1/images/a@sha256:" HEX, ROUTE_IMAGE, "docker.io", "library/a", NULL, "sha256:" HEX},
        {"/v1/images/search", ROUTE_IMAGE, "docker.io", "library/search", NULL, NULL},
        {"/v1/images/search:1", ROUTE_IMAGE, "docker.io", "library/search", "1", NULL},
        {"/v1/images/org/version", ROUTE_IMAGE, "docker.io", "org/version", NULL, NULL},
        {"/v1/status/a/b", ROUTE_STATUS, "docker.io", "a/b", NULL, NULL},
        {"/v1/dockerfile/nginx:1.27", ROUTE_DOCKERFILE, "docker.io", "library/nginx", "1.27", NULL},
        {"http://any.host/v1/images/a/b", ROUTE_IMAGE, "docker.io", "a/b", NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(route) struct route route;
        route_parse(cases[i].target, &route);
        assert_int_equal(route.kind, cases[i].kind);
        same(route.image.registry, cases[i].registry);
        same(route.image.path, cases[i].path);
        same(route.image.tag, cases[i].tag);
        same(route.image.digest, cases[i].digest);
    }
}

static void digests_are_full_or_bare(void **state)
{
    (void)state;
    static const struct {
        const char *target, *digest;
    } cases[] = {
        {"/v1/digests/" HEX, "sha256:" HEX},
        {"/v1/digests/sha256:" HEX, "sha256:" HEX},
        {"/v1/digests/sha256%3A" HEX, "sha256:" HEX},
        {"/v1/digests/", NULL},
        {"/v1/digests/latest", NULL},
        {"/v1/digests/sha256:" HEX "00", NULL},
        {"/v1/digests/a/" HEX, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(route) struct route route;
        route_parse(cases[i].target, &route);
        assert_int_equal(route.kind, cases[i].digest ? ROUTE_DIGEST : ROUTE_BAD);
        if (cases[i].digest)
            assert_string_equal(route.digest, cases[i].digest);
    }
}

static void two_images_are_compared(void **state)
{
    (void)state;
    AUTO(route) struct route route;
    route_parse("/v1/compare?platform=linux/amd64&a=nginx:1.26&platform_b=linux%2Farm64&"
                "b=ghcr.io/o/n&wait=3&other=1",
                &route);
    assert_int_equal(route.kind, ROUTE_COMPARE);
    same(route.sides[0].image.path, "library/nginx");
    same(route.sides[0].image.tag, "1.26");
    same(route.sides[0].platform, "linux/amd64");
    same(route.sides[1].image.registry, "ghcr.io");
    same(route.sides[1].platform, "linux/arm64");
    assert_int_equal(route.wait_seconds, 3);
    assert_null(route.side);
}

static void what_is_wrong_with_a_side_is_its_own(void **state)
{
    (void)state;
    static const struct {
        const char *target, *side;
    } cases[] = {
        {"/v1/compare", "a"},
        {"/v1/compare?a=nginx", "b"},
        {"/v1/compare?a=nginx&a=&b=nginx", "a"},
        {"/v1/compare?a=nginx&b=UPPER", "b"},
        {"/v1/compare?a=nginx&b=nginx&platform_a=x", "a"},
        {"/compare?a=UPPER&b=nginx", "a"},
        {"/v1/compare?a=nginx&b=nginx&platform=x", NULL},
        {"/v1/compare?a=nginx&b=%zz", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(route) struct route route;
        route_parse(cases[i].target, &route);
        assert_int_equal(route.kind, ROUTE_BAD);
        same(route.side, cases[i].side);
    }
}

static void versions_are_found_at_the_end(void **state)
{
    (void)state;
    static const struct {
        const char *target, *path, *digest;
    } cases[] = {
        {"/v1/images/nginx/version/" HEX, "library/nginx", "sha256:" HEX},
        {"/v1/images/a/b/version/sha256:" HEX "/", "a/b", "sha256:" HEX},
        {"/v1/images/a/version/version/" HEX, "a/version", "sha256:" HEX},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(route) struct route route;
        route_parse(cases[i].target, &route);
        assert_int_equal(route.kind, ROUTE_VERSION);
        same(route.image.path, cases[i].path);
        same(route.digest, cases[i].digest);
    }
    AUTO(route) struct route route;
    route_parse("/v1/images/nginx/version/abc", &route);
    assert_int_equal(route.kind, ROUTE_BAD);
}

static void queries_are_read_strictly(void **state)
{
    (void)state;
    AUTO(route) struct route plain;
    route_parse("/v1/images/a?refresh=1&&b", &plain);
    assert_int_equal(plain.kind, ROUTE_IMAGE);
    assert_int_equal(plain.wait_seconds, -1);
    assert_null(plain.platform);
    AUTO(route) struct route full;
    route_parse("/v1/images/a?wait=25&platform=linux%2Farm%2Fv7&platform=linux/arm64", &full);
    assert_int_equal(full.kind, ROUTE_IMAGE);
    assert_int_equal(full.wait_seconds, 25);
    assert_string_equal(full.platform, "linux/arm64");
    static const char *const bad[] = {"wait=",
                                      "wait=26",
                                      "wait=-1",
                                      "wait=1x",
                                      "wait=%",
                                      "wait=99999999999999999999",
                                      "x=%0g",
                                      "platform=",
                                      "platform=linux",
                                      "platform=a/b/c/d",
                                      "platform=/arm",
                                      "platform=linux/",
                                      "platform=a//b",
                                      "platform=a/b%00",
                                      "platform=a/%C3%A4"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO(free) char *target = xasprintf("/v1/images/a?%s", bad[i]);
        AUTO(route) struct route route;
        route_parse(target, &route);
        if (route.kind != ROUTE_BAD)
            fail_msg("%s is taken", bad[i]);
        assert_true(strlen(route.why) > 10);
    }
}

static void bad_paths_say_why(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "/v1/images//",     "/v1/images/a/B",   "/v1/images/a%",     "/v1/images/a%4",
        "/v1/images/a%00",  "/v1/images/a%0Ab", "/v1/images/../etc", "/v1/images/a%20",
        "/v1/images/a:b:c", "/v1/images/%FF",   "/v1/status/",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO(route) struct route route;
        route_parse(bad[i], &route);
        if (route.kind != ROUTE_BAD)
            fail_msg("%s is taken", bad[i]);
        assert_true(strlen(route.why) > 10);
    }
    AUTO(route) struct route bad_name = {0};
    route_parse("/v1/images/UPPER", &bad_name);
    assert_int_equal(bad_name.path, ROUTE_IMAGE);
    AUTO(route) struct route unreadable = {0};
    route_parse("/v1/images/a%zz", &unreadable);
    assert_int_equal(unreadable.path, ROUTE_NOT_FOUND);
}

static void other_paths_are_not_found_and_exact_ones_are(void **state)
{
    (void)state;
    static const char *const others[] = {"",
                                         "*",
                                         "/v1/imagesx/a",
                                         "/v1/me/x",
                                         "/v1/mex",
                                         "/v2/images/a",
                                         "/V1/images/a",
                                         "//v1/images/a",
                                         "/v1/badges",
                                         "/v1/badges/counts/x"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        AUTO(route) struct route route;
        route_parse(others[i], &route);
        assert_int_equal(route.kind, ROUTE_NOT_FOUND);
    }
    static const struct {
        const char *target;
        enum route_kind kind;
    } cases[] = {{"/v1/images", ROUTE_LIST},
                 {"/v1/images/?x=y", ROUTE_LIST},
                 {"/v1/badges/counts", ROUTE_BADGE_COUNTS},
                 {"/v1/badges/counts/", ROUTE_BADGE_COUNTS},
                 {"/healthcheck.txt?now", ROUTE_HEALTH},
                 {"/v1/me", ROUTE_ME},
                 {"/v1/me/", ROUTE_ME},
                 {"/version", ROUTE_ABOUT_VERSION},
                 {"/openapi.json", ROUTE_ABOUT_API},
                 {"/.well-known/api-catalog", ROUTE_ABOUT_CATALOG}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(route) struct route route;
        route_parse(cases[i].target, &route);
        assert_int_equal(route.kind, cases[i].kind);
    }
}

static void lists_have_a_query_and_a_page(void **state)
{
    (void)state;
    static const struct {
        const char *target, *text;
        int page;
    } cases[] = {
        {"/v1/images", NULL, 1},
        {"/v1/images?query=", "", 1},
        {"/v1/images?page=2&query=label%73chema", "labelschema", 2},
        {"/v1/images/?query=recent&page=x", "recent", 1},
        {"/v1/images?query=a&page=0", "a", 1},
        {"/v1/images?query=a&page=-3", "a", 1},
        {"/v1/images?query=a&page=99999999999999999999", "a", 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(route) struct route route;
        route_parse(cases[i].target, &route);
        assert_int_equal(route.kind, ROUTE_LIST);
        same(route.text, cases[i].text);
        assert_int_equal(route.page, cases[i].page);
    }
}

static void bug_16_an_organisation_called_search_is_reachable(void **state)
{
    (void)state;
    static const struct {
        const char *target, *text;
    } searches[] = {
        {"/v1/images/search/nginx", "nginx"}, {"/v1/images/search/nginx/?query=x", "nginx"},
        {"/v1/images/search/a/b", "a/b"},     {"/v1/images/search/a/b/", "a/b"},
        {"/v1/images/search/A%25_b", "A%_b"}, {"/v1/images/search/search", "search"},
        {"/v1/images/search/a:-b", "a:-b"},   {"/v1/images/search/a//c/", "a//c"},
        {"/v1/images/search/a@b", "a@b"},     {"/v1/images/search/A/version/0", "A/version/0"},
    };
    for (size_t i = 0; i < ARRAY_LEN(searches); i++) {
        AUTO(route) struct route route;
        route_parse(searches[i].target, &route);
        assert_int_equal(route.kind, ROUTE_SEARCH);
        same(route.text, searches[i].text);
        assert_null(route.why);
    }
    static const struct {
        const char *target;
        enum route_kind kind;
        const char *path;
    } images[] = {
        {"/v1/images/docker.io/search/app", ROUTE_IMAGE, "search/app"},
        {"/v1/images/search/app:1", ROUTE_IMAGE, "search/app"},
        {"/v1/images/search/app@sha256:" HEX, ROUTE_IMAGE, "search/app"},
        {"/v1/images/search/app/version/" HEX, ROUTE_VERSION, "search/app"},
        {"/v1/status/search/app", ROUTE_STATUS, "search/app"},
        {"/v1/images/search", ROUTE_IMAGE, "library/search"},
    };
    for (size_t i = 0; i < ARRAY_LEN(images); i++) {
        AUTO(route) struct route route;
        route_parse(images[i].target, &route);
        assert_int_equal(route.kind, images[i].kind);
        same(route.image.path, images[i].path);
    }
}

static void webhooks_are_a_name_and_a_token(void **state)
{
    (void)state;
    static const struct {
        const char *target, *registry, *path, *token;
    } cases[] = {
        {"/images/app/tok_en-1", "docker.io", "library/app", "tok_en-1"},
        {"/images/o/app/abc=/", "docker.io", "o/app", "abc="},
        {"/images/library/app/abc%3D", "docker.io", "library/app", "abc="},
        {"/images/ghcr.io/a/b/c/t", "ghcr.io", "a/b/c", "t"},
        {"https://any.host/images/app/t?x=y", "docker.io", "library/app", "t"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(route) struct route route;
        route_parse_post(cases[i].target, &route);
        assert_int_equal(route.kind, ROUTE_WEBHOOK);
        same(route.image.registry, cases[i].registry);
        same(route.image.path, cases[i].path);
        same(route.token, cases[i].token);
    }
    static const char *const others[] = {"/images/", "/images/app", "/images/app:1/t",
                                         "/images/A/t", "/images//t"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        AUTO(route) struct route route;
        route_parse_post(others[i], &route);
        assert_int_equal(route.kind, ROUTE_NOT_FOUND);
        assert_int_equal(route.path, ROUTE_PAGE);
    }
}

static void pages_are_read_where_webhooks_are_posted(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        enum route_kind kind;
        const char *path, *tag, *text;
    } cases[] = {
        {"/", ROUTE_HOME, NULL, NULL, NULL},
        {"/?x=1", ROUTE_HOME, NULL, NULL, NULL},
        {"/?q=a+b%2Bc", ROUTE_FIND, NULL, NULL, "a b+c"},
        {"/search?q=docker+pull+nginx%3A1", ROUTE_FIND, NULL, NULL, "docker pull nginx:1"},
        {"/search", ROUTE_FIND, NULL, NULL, NULL},
        {"/images/nginx", ROUTE_PAGE, "library/nginx", NULL, NULL},
        {"/images/o/n:1.2/", ROUTE_PAGE, "o/n", "1.2", NULL},
        {"/images/o/n/t", ROUTE_PAGE, "o/n/t", NULL, NULL},
        {"/images/o/n?view=dockerfile", ROUTE_PAGE_DOCKERFILE, "o/n", NULL, NULL},
        {"/images/o/n?view=x", ROUTE_PAGE, "o/n", NULL, NULL},
        {"/assets/a-1.css", ROUTE_ASSET, NULL, NULL, "a-1.css"},
        {"/opensearch.xml", ROUTE_OPENSEARCH, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(route) struct route route;
        route_parse(cases[i].target, &route);
        assert_int_equal(route.kind, cases[i].kind);
        same(route.image.path, cases[i].path);
        same(route.image.tag, cases[i].tag);
        same(route.text, cases[i].text);
    }
    AUTO(route) struct route bad;
    route_parse("/images/UPPER", &bad);
    assert_int_equal(bad.kind, ROUTE_BAD);
    assert_true(bad.is_page);
    AUTO(route) struct route post;
    route_parse_post("/v1/me", &post);
    assert_int_equal(post.kind, ROUTE_ME);
}

static void prefer_header_is_read_leniently(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int seconds;
    } cases[] = {
        {NULL, 0},         {"", 0},        {"wait=10", 10},  {"respond-async, WAIT = 5", 5},
        {"wait=99", 25},   {"wait=-3", 0}, {"waiting=4", 0}, {"a; wait=7", 7},
        {"wait=\"8\"", 8}, {"wait", 0},    {"wait=x", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(route_prefer_wait(cases[i].header), cases[i].seconds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_tags_and_digests_are_taken_apart),
        cmocka_unit_test(digests_are_full_or_bare),
        cmocka_unit_test(two_images_are_compared),
        cmocka_unit_test(what_is_wrong_with_a_side_is_its_own),
        cmocka_unit_test(versions_are_found_at_the_end),
        cmocka_unit_test(queries_are_read_strictly),
        cmocka_unit_test(bad_paths_say_why),
        cmocka_unit_test(other_paths_are_not_found_and_exact_ones_are),
        cmocka_unit_test(lists_have_a_query_and_a_page),
        cmocka_unit_test(bug_16_an_organisation_called_search_is_reachable),
        cmocka_unit_test(webhooks_are_a_name_and_a_token),
        cmocka_unit_test(pages_are_read_where_webhooks_are_posted),
        cmocka_unit_test(prefer_header_is_read_leniently),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
