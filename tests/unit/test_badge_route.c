#include "unit.h"

#include <string.h>

#include "badge_route.h"
#include "mem.h"
#include "metrics.h"

#define HEX "1111111111111111111111111111111111111111111111111111111111111111"

static void same(const char *got, const char *wanted)
{
    if (wanted)
        assert_string_equal(got ? got : "(null)", wanted);
    else
        assert_null(got);
}

static void targets_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        enum badge_type badge;
        const char *registry, *path, *tag, *digest, *platform;
    } cases[] = {
        {"/badges/image/nginx.svg", BADGE_IMAGE, "docker.io", "library/nginx", NULL, NULL, NULL},
        {"/badges/image/nginx.svg/", BADGE_IMAGE, "docker.io", "library/nginx", NULL, NULL, NULL},
        {"/badges/commit/_/nginx:1.27.svg", BADGE_COMMIT, "docker.io", "library/nginx", "1.27",
         NULL, NULL},
        {"/badges/version/a/b.svg.svg", BADGE_VERSION, "docker.io", "a/b.svg", NULL, NULL, NULL},
        {"/badges/pulls/ghcr.io/o/n/m:v1.svg?x=y", BADGE_PULLS, "ghcr.io", "o/n/m", "v1", NULL,
         NULL},
        {"/badges/size/a%2Fb%3Av1.svg?platform=linux/arm64", BADGE_SIZE, "docker.io", "a/b", "v1",
         NULL, "linux/arm64"},
        {"/badges/base/a@sha256:" HEX ".svg", BADGE_BASE, "docker.io", "library/a", NULL,
         "sha256:" HEX, NULL},
        {"http://images.any.host/badges/stars/a/b.svg", BADGE_STARS, "docker.io", "a/b", NULL, NULL,
         NULL},
        /* names that are none: there is a badge for them too */
        {"/badges/image/UPPER/Case.svg", BADGE_IMAGE, NULL, NULL, NULL, NULL, NULL},
        {"/badges/image/a:-x.svg", BADGE_IMAGE, NULL, NULL, NULL, NULL, NULL},
        {"/badges/image//.svg", BADGE_IMAGE, NULL, NULL, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(route) struct route route;
        route_parse(cases[i].target, &route);
        if (route.kind != ROUTE_BADGE)
            fail_msg("%s: %s", cases[i].target, route.why ? route.why : "another route");
        assert_int_equal(route.badge, cases[i].badge);
        same(route.image.registry, cases[i].registry);
        same(route.image.path, cases[i].path);
        same(route.image.tag, cases[i].tag);
        same(route.image.digest, cases[i].digest);
        same(route.platform, cases[i].platform);
    }
}

static void other_paths_are_no_badges(void **state)
{
    (void)state;
    static const char *const others[] = {
        "/badges",           "/badges/",           "/badges/image",     "/badges/image/",
        "/badges//a.svg",    "/badges/image/.svg", "/badges/image/a",   "/badges/image/a.png",
        "/badges/image.svg", "/badge/image/a.svg", "/badges/image/svg", "/badges/image/a.svg.gz"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        AUTO(route) struct route route;
        route_parse(others[i], &route);
        if (route.kind != ROUTE_NOT_FOUND)
            fail_msg("%s is taken", others[i]);
    }
    static const char *const bad[] = {"/badges/images/a.svg", "/badges/Image/a.svg",
                                      "/badges/image/a%zz.svg",
                                      "/badges/size/a.svg?platform=linux"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO(route) struct route route;
        route_parse(bad[i], &route);
        assert_int_equal(route.kind, ROUTE_BAD);
        assert_true(strlen(route.why) > 10);
    }
}

static void requests_are_counted_by_type(void **state)
{
    (void)state;
    metrics_reset();
    badge_route_declare_metrics();
    badge_route_count("/badges/size/a.svg");
    badge_route_count("/badges/size/b.svg?platform=linux/arm64");
    badge_route_count("/badges/stars/a.svg");
    badge_route_count("/badges/nothing/a.svg");
    badge_route_count("/v1/images/size/a.svg");
    struct strbuf out = STRBUF_INIT(1u << 20);
    metrics_render(&out);
    assert_non_null(strstr(strbuf_str(&out), "mb_badges_total{type=\"size\"} 2\n"));
    assert_non_null(strstr(strbuf_str(&out), "mb_badges_total{type=\"stars\"} 1\n"));
    assert_non_null(strstr(strbuf_str(&out), "mb_badges_total{type=\"pulls\"} 0\n"));
    assert_null(strstr(strbuf_str(&out), "nothing"));
    strbuf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_taken_apart),
        cmocka_unit_test(other_paths_are_no_badges),
        cmocka_unit_test(requests_are_counted_by_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
