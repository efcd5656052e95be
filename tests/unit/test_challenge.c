#include "unit.h"

#include <string.h>

#include "challenge.h"
#include "err.h"
#include "mem.h"

static void expect(const char *header, bool is_basic, const char *realm, const char *service,
                   const char *scope, const char *error)
{
    AUTO(challenge) struct challenge challenge = {0};
    if (challenge_parse(header, &challenge) != 0)
        fail_msg("nothing found in: %s", header);
    assert_int_equal(challenge.is_basic, is_basic);
    assert_string_equal(challenge.realm, realm);
    assert_string_equal(challenge.service, service);
    assert_string_equal(challenge.scope, scope);
    assert_string_equal(challenge.error, error);
}

static void bearer_challenges(void **state)
{
    (void)state;
    expect("Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
           "scope=\"repository:library/x:pull,push\"",
           false, "https://auth.docker.io/token", "registry.docker.io",
           "repository:library/x:pull,push", "");
    expect("bEARER  Realm = \"r\" , error=insufficient_scope ,scope=s", false, "r", "", "s",
           "insufficient_scope");
    expect("Bearer realm=\"a\\\"b\\\\c\",unknown=\"x, Basic realm=y\"", false, "a\"b\\c", "", "",
           "");
    expect("Bearer", false, "", "", "", "");
    expect("Bearer realm=first,realm=second", false, "second", "", "", "");
}

static void one_header_may_hold_several(void **state)
{
    (void)state;
    expect("Basic realm=\"b\", Bearer realm=\"t\",service=\"s\"", false, "t", "s", "", "");
    expect("Bearer realm=\"t\", Basic realm=\"b\"", false, "t", "", "", "");
    expect("Negotiate, Basic realm=\"b\"", true, "b", "", "", "");
    expect("Negotiate YIIabc==, Basic realm=\"b\"", true, "b", "", "", "");
    expect("Bearer realm=one, Bearer realm=two", false, "one", "", "", "");
    expect("Digest realm=\"d\", nonce=\"n\", Bearer realm=\"t\"", false, "t", "", "", "");
}

static void headers_without_a_challenge(void **state)
{
    (void)state;
    static const char *const headers[] = {"",    " ,, ",     "Negotiate",      "Digest realm=\"x\"",
                                          "\"<", "=Bearer2", "Bearers realm=x"};
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        struct challenge challenge = {0};
        if (challenge_parse(headers[i], &challenge) != ERR_NOTFOUND)
            fail_msg("found one in: %s", headers[i]);
        assert_null(challenge.realm);
    }
}

static void broken_parameters_end_the_reading(void **state)
{
    (void)state;
    expect("Bearer service=s,realm=\"unclosed, Basic realm=b", false, "", "s", "", "");
    expect("Bearer realm=\"x\\", false, "", "", "", "");
    expect("Bearer =x, Basic realm=\"b\"", false, "", "", "", "");
}

static void expect_link(const char *header, const char *target)
{
    AUTO(free) char *next = link_next(header);
    if (!target) {
        assert_null(next);
        return;
    }
    assert_non_null(next);
    assert_string_equal(next, target);
}

static void the_next_link(void **state)
{
    (void)state;
    expect_link("</v2/a/tags/list?n=2&last=b>; rel=\"next\"", "/v2/a/tags/list?n=2&last=b");
    expect_link("<https://h/x>;rel=next", "https://h/x");
    expect_link("</p>; rel=\"prev\", </n>; REL = \"Next\"", "/n");
    expect_link("</n>; title=\"a, <b>; rel\"; rel=\"last next\"", "/n");
    expect_link("</a>; rel2=next; title=rel, </b>; rel=next", "/b");
    expect_link("</a>; rel, </b>; rel=next; x", "/b");
}

static void headers_without_a_next_link(void **state)
{
    (void)state;
    expect_link("", NULL);
    expect_link("</a>", NULL);
    expect_link("</a>; rel=\"prev\"", NULL);
    expect_link("</a>; rel=\"nextish\"", NULL);
    expect_link("</a>; hreflang=next", NULL);
    expect_link("</a; rel=next", NULL);
    expect_link("<>; rel=next", NULL);
    expect_link("</a>; rel=\"next", NULL);
    expect_link("</a>; title=\"rel=next\"", NULL);
    expect_link("/a; rel=next", NULL);
}

#define NOW_MS 1790000000000LL /* 2026-09-21T14:13:20Z */
#define DAY_MS 86400000LL

static void retry_after_in_seconds(void **state)
{
    (void)state;
    assert_int_equal(retry_after_ms("0", NOW_MS), NOW_MS);
    assert_int_equal(retry_after_ms(" 30", NOW_MS), NOW_MS + 30000);
    assert_int_equal(retry_after_ms("999999999", NOW_MS), NOW_MS + DAY_MS);
    assert_int_equal(retry_after_ms("99999999999999999999", NOW_MS), NOW_MS + DAY_MS);
}

static void retry_after_as_an_epoch(void **state)
{
    (void)state;
    assert_int_equal(retry_after_ms("1790000060", NOW_MS), NOW_MS + 60000);
    assert_int_equal(retry_after_ms("1746136938", NOW_MS), NOW_MS);
    assert_int_equal(retry_after_ms("1990000060", NOW_MS), NOW_MS + DAY_MS);
    assert_int_equal(retry_after_ms("9223372036854775807", NOW_MS), NOW_MS + DAY_MS);
}

static void retry_after_as_a_date(void **state)
{
    (void)state;
    assert_int_equal(retry_after_ms("Mon, 21 Sep 2026 14:14:20 GMT", NOW_MS), NOW_MS + 60000);
    assert_int_equal(retry_after_ms("Monday, 21-Sep-26 14:14:20 GMT", NOW_MS), NOW_MS + 60000);
    assert_int_equal(retry_after_ms("Mon Sep 21 14:14:20 2026", NOW_MS), NOW_MS + 60000);
    assert_int_equal(retry_after_ms("Mon, 21 Sep 2020 14:14:20 GMT", NOW_MS), NOW_MS);
    assert_int_equal(retry_after_ms("Mon, 21 Sep 2099 14:14:20 GMT", NOW_MS), NOW_MS + DAY_MS);
}

static void retry_after_that_cannot_be_read(void **state)
{
    (void)state;
    assert_int_equal(retry_after_ms("", NOW_MS), 0);
    assert_int_equal(retry_after_ms("soon", NOW_MS), 0);
    assert_int_equal(retry_after_ms("-5", NOW_MS), 0);
    assert_int_equal(retry_after_ms("Mon, 99 Sep 2026 14:14:20 GMT", NOW_MS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bearer_challenges),
        cmocka_unit_test(one_header_may_hold_several),
        cmocka_unit_test(headers_without_a_challenge),
        cmocka_unit_test(broken_parameters_end_the_reading),
        cmocka_unit_test(the_next_link),
        cmocka_unit_test(headers_without_a_next_link),
        cmocka_unit_test(retry_after_in_seconds),
        cmocka_unit_test(retry_after_as_an_epoch),
        cmocka_unit_test(retry_after_as_a_date),
        cmocka_unit_test(retry_after_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
