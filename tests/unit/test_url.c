#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "err.h"
#include "mem.h"
#include "url.h"

static void every_part_is_found(void **state)
{
    (void)state;
    AUTO(url) struct url url = {0};
    assert_int_equal(url_parse("HTTPS://us%40er:p%3Aw@Host.example:8443/a%20b/c?x=%31&y=2", &url),
                     0);
    assert_string_equal(url.scheme, "https");
    assert_string_equal(url.user, "us@er");
    assert_string_equal(url.password, "p:w");
    assert_int_equal(strcasecmp(url.host, "host.example"), 0);
    assert_int_equal(url.port, 8443);
    assert_string_equal(url.path, "/a b/c");
    assert_string_equal(url.query, "x=%31&y=2");
}

static void missing_parts_are_empty(void **state)
{
    (void)state;
    AUTO(url) struct url url = {0};
    assert_int_equal(url_parse("redis://host", &url), 0);
    assert_string_equal(url.scheme, "redis");
    assert_string_equal(url.user, "");
    assert_string_equal(url.password, "");
    assert_string_equal(url.host, "host");
    assert_int_equal(url.port, 0);
    assert_string_equal(url.path, "/");
    assert_string_equal(url.query, "");
}

static void ipv6_hosts_lose_their_brackets(void **state)
{
    (void)state;
    AUTO(url) struct url url = {0};
    assert_int_equal(url_parse("redis://[::1]:6380/0", &url), 0);
    assert_string_equal(url.host, "::1");
    assert_int_equal(url.port, 6380);
}

static void sockets_have_a_path_and_no_host(void **state)
{
    (void)state;
    const char *texts[] = {"unix:/run/redis.sock?db=2", "unix:///run/redis.sock?db=2"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        AUTO(url) struct url url = {0};
        assert_int_equal(url_parse(texts[i], &url), 0);
        assert_string_equal(url.scheme, "unix");
        assert_string_equal(url.host, "");
        assert_string_equal(url.path, "/run/redis.sock");
        assert_string_equal(url.query, "db=2");
        assert_string_equal(url.user, "");
    }
    AUTO(url) struct url url = {0};
    assert_int_equal(url_parse("unix://user:secret@/run/redis.sock", &url), 0);
    assert_string_equal(url.user, "user");
    assert_string_equal(url.password, "secret");
    assert_string_equal(url.host, "");
    assert_string_equal(url.path, "/run/redis.sock");
}

static void what_is_no_url_is_refused(void **state)
{
    (void)state;
    const char *bad[] = {"",
                         "host",
                         "/path",
                         "//host/path",
                         "http:",
                         "http://",
                         "http://host:99999/",
                         "http://host:port/",
                         "http://ho st/",
                         "http://host/\n",
                         "http://host/a b",
                         "http://[::1/",
                         "http://[x]/",
                         "://host/"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct url url = {0};
        if (url_parse(bad[i], &url) != ERR_INVALID)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_null(url.scheme);
    }
}

static void assert_member(const char *query, const char *name, const char *expected)
{
    AUTO(free) char *text = xasprintf("redis://host/0?%s", query);
    AUTO(url) struct url url = {0};
    assert_int_equal(url_parse(text, &url), 0);
    AUTO(free) char *value = url_query_get(&url, name);
    assert_string_equal(value ? value : "(absent)", expected);
}

static void members_of_the_query_are_decoded(void **state)
{
    (void)state;
    assert_member("a=1&bb=2&c=3", "a", "1");
    assert_member("a=1&bb=2&c=3", "bb", "2");
    assert_member("a=1&bb=2&c=3", "c", "3");
    assert_member("a=1&a=2", "a", "1");
    assert_member("a=x%26b%3D%2fy", "a", "x&b=/y");
    assert_member("a=b=c", "a", "b=c");
    assert_member("a=%zz%4", "a", "%zz%4");
}

static void absent_and_empty_members_differ(void **state)
{
    (void)state;
    assert_member("", "a", "(absent)");
    assert_member("ab=1", "a", "(absent)");
    assert_member("ba=1", "a", "(absent)");
    assert_member("a&b=1", "a", "(absent)");
    assert_member("&&&", "a", "(absent)");
    assert_member("a=", "a", "");
    assert_member("a=&b=2", "a", "");
    assert_member("a=&b=2", "b", "2");
}

static void assert_resolved(const char *base, const char *target, const char *expected)
{
    AUTO(free) char *resolved = url_resolve(base, target);
    if (strcmp(resolved ? resolved : "(none)", expected) != 0)
        fail_msg("\"%s\" from \"%s\" gave \"%s\"", target, base, resolved ? resolved : "(none)");
}

static void targets_are_resolved(void **state)
{
    (void)state;
    const char *base = "https://host:1/v2/a/tags/list?n=5";
    assert_resolved(base, "/v2/x?last=b", "https://host:1/v2/x?last=b");
    assert_resolved(base, "list?last=b", "https://host:1/v2/a/tags/list?last=b");
    assert_resolved(base, "../x", "https://host:1/v2/a/x");
    assert_resolved(base, "?last=b", "https://host:1/v2/a/tags/list?last=b");
    assert_resolved(base, "http://other/y", "http://other/y");
    assert_resolved(base, "//other/y", "https://other/y");
    assert_resolved(base, "https://a@other:7/y", "https://a@other:7/y");
}

static void targets_that_lead_nowhere_are_refused(void **state)
{
    (void)state;
    const char *base = "https://host/a";
    assert_resolved(base, "javascript://alert(1)", "(none)");
    assert_resolved(base, "http://ho st/", "(none)");
    assert_resolved(base, "http://host:99999/", "(none)");
    assert_resolved(base, "https://", "(none)");
    assert_resolved("no base", "/x", "(none)");
    assert_resolved("", "/x", "(none)");
}

static void origins_are_scheme_host_and_port(void **state)
{
    (void)state;
    assert_true(url_same_origin("https://host/a", "https://host/b?c"));
    assert_true(url_same_origin("https://host/", "https://HOST:443/"));
    assert_true(url_same_origin("http://host", "http://host:80"));
    assert_true(url_same_origin("https://user@host/", "https://host/"));
    assert_false(url_same_origin("https://host/", "http://host/"));
    assert_false(url_same_origin("https://host/", "http://host:443/"));
    assert_false(url_same_origin("https://host/", "https://host:444/"));
    assert_false(url_same_origin("https://host/", "https://host.evil/"));
    assert_false(url_same_origin("https://host/", "https://host@evil/"));
    assert_false(url_same_origin("https://host/", "https://evil/host"));
    assert_false(url_same_origin("", ""));
    assert_false(url_same_origin("x", "x"));
}

static void text_is_encoded_for_a_query(void **state)
{
    (void)state;
    const char *cases[][2] = {{"", ""},
                              {"aZ09-._~", "aZ09-._~"},
                              {"a b&c=d/e?f#g", "a%20b%26c%3Dd%2Fe%3Ff%23g"},
                              {"%41+é\r\n", "%2541%2B%C3%A9%0D%0A"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(free) char *encoded = url_encode(cases[i][0]);
        assert_string_equal(encoded, cases[i][1]);
        AUTO(free) char *query = xasprintf("a=%s&b=", encoded);
        assert_member(query, "a", cases[i][0]);
    }
}

static void redirects_stay_on_https(void **state)
{
    (void)state;
    assert_true(url_may_lead_to("https://a/x", "https://b/y"));
    assert_true(url_may_lead_to("HTTPS://a/x", "HTTPS://b/y"));
    assert_true(url_may_lead_to("http://a/x", "https://b/y"));
    assert_true(url_may_lead_to("http://a/x", "http://b/y"));
    assert_false(url_may_lead_to("https://a/x", "http://b/y"));
    assert_false(url_may_lead_to("https://a/x", "http://a/x"));
    assert_false(url_may_lead_to("http://a/x", "ftp://b/y"));
    assert_false(url_may_lead_to("https://a/x", "file:///etc/passwd"));
    assert_false(url_may_lead_to("https://a/x", "//b/y"));
    assert_false(url_may_lead_to("http://a/x", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_is_found),
        cmocka_unit_test(missing_parts_are_empty),
        cmocka_unit_test(ipv6_hosts_lose_their_brackets),
        cmocka_unit_test(sockets_have_a_path_and_no_host),
        cmocka_unit_test(what_is_no_url_is_refused),
        cmocka_unit_test(members_of_the_query_are_decoded),
        cmocka_unit_test(absent_and_empty_members_differ),
        cmocka_unit_test(targets_are_resolved),
        cmocka_unit_test(targets_that_lead_nowhere_are_refused),
        cmocka_unit_test(origins_are_scheme_host_and_port),
        cmocka_unit_test(text_is_encoded_for_a_query),
        cmocka_unit_test(redirects_stay_on_https),
    };
    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
