#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <string.h>

#include "challenge.h"
#include "err.h"
#include "mem.h"

static void assert_challenge(const char *header, bool is_basic, const char *realm,
                             const char *service, const char *scope, const char *error)
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

static void registries_challenges_are_read(void **state)
{
    (void)state;
    assert_challenge("Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
                     "scope=\"repository:library/nginx:pull,push\",error=\"invalid_token\"",
                     false, "https://auth.docker.io/token", "registry.docker.io",
                     "repository:library/nginx:pull,push", "invalid_token");
    assert_challenge("Basic realm=\"Registry\"", true, "Registry", "", "", "");
}

static void spelling_is_taken_generously(void **state)
{
    (void)state;
    assert_challenge("bearer REALM = \"r\" , Service= s ,scope=\"a b\"", false, "r", "s", "a b",
                     "");
    assert_challenge("  ,, BEARER realm=r", false, "r", "", "", "");
    assert_challenge("Bearer realm=\"a\\\"b\\\\c\"", false, "a\"b\\c", "", "", "");
    assert_challenge("Bearer realm=\"x\",realm=\"y\",unknown=\"z\",realms=\"q\"", false, "y", "",
                     "", "");
    assert_challenge("Bearer", false, "", "", "", "");
    assert_challenge("Bearer realm=", false, "", "", "", "");
}

static void bearer_goes_before_basic(void **state)
{
    (void)state;
    const char *bearer = "Bearer realm=\"t\",service=\"s\"";
    const char *basic = "Basic realm=\"b\"";
    AUTO(free) char *first = xasprintf("%s, %s", bearer, basic);
    AUTO(free) char *last = xasprintf("%s, %s", basic, bearer);
    assert_challenge(first, false, "t", "s", "", "");
    assert_challenge(last, false, "t", "s", "", "");
    assert_challenge("Bearer realm=\"1\", Bearer realm=\"2\"", false, "1", "", "", "");
    assert_challenge("Negotiate YWJj==, Digest realm=\"d\",nonce=\"n\", Basic realm=\"b\"", true,
                     "b", "", "", "");
}

static void scheme_inside_a_quoted_text_is_none(void **state)
{
    (void)state;
    assert_challenge("Basic realm=\"x, Bearer realm=\\\"evil\\\"\"", true,
                     "x, Bearer realm=\"evil\"", "", "", "");
}

static void no_known_challenge_is_not_found(void **state)
{
    (void)state;
    const char *none[] = {"",
                          " , \t",
                          "Digest realm=\"Bearer\"",
                          "Bearerx realm=\"r\"",
                          "xBearer realm=\"r\"",
                          "=",
                          "===,,,===",
                          "realm=\"r\"",
                          "Digest realm=\"unterminated, Bearer realm=r"};
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        struct challenge challenge = {0};
        if (challenge_parse(none[i], &challenge) != ERR_NOTFOUND)
            fail_msg("something found in: %s", none[i]);
        assert_null(challenge.realm);
    }
}

static void unterminated_value_ends_the_header(void **state)
{
    (void)state;
    assert_challenge("Bearer service=\"s\",realm=\"never ends", false, "", "s", "", "");
    assert_challenge("Bearer service=\"s\",realm=\"never ends\\", false, "", "s", "", "");
    assert_challenge("Bearer service=\"s\",realm=\"never ends\\\"", false, "", "s", "", "");
}

static void assert_next(const char *header, const char *expected)
{
    AUTO(free) char *next = link_next(header);
    if (strcmp(next ? next : "(none)", expected) != 0)
        fail_msg("%s gave %s", header, next ? next : "(none)");
}

static void next_page_is_found(void **state)
{
    (void)state;
    assert_next("</v2/a/tags/list?last=b&n=1>; rel=\"next\"", "/v2/a/tags/list?last=b&n=1");
    assert_next("<u>;rel=next", "u");
    assert_next("<u> ; REL = \"NEXT\"", "u");
    assert_next("<u>; rel=\"last next\"", "u");
    assert_next("<p>; rel=\"prev\", <n>; rel=\"next\"", "n");
    assert_next("<n>; rel=\"next\", <p>; rel=\"prev\"", "n");
    assert_next("<u>; title=\"x\"; rel=\"next\"", "u");
    assert_next("<u,v;w>; rel=next", "u,v;w");
}

static void other_links_are_not_the_next_page(void **state)
{
    (void)state;
    const char *none[] = {"",
                          "u; rel=next",
                          "<u>",
                          "<u>; rel",
                          "<u>; rel=",
                          "<u>; rel=\"prev\"",
                          "<u>; rel=\"nextx\"",
                          "<u>; rel=\"next",
                          "<>; rel=next",
                          "<u; rel=next",
                          "<<<<",
                          ">; rel=next",
                          "<p>; rel=prev, </n>"};
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        assert_next(none[i], "(none)");
}

static void rel_is_a_parameter_of_its_own(void **state)
{
    (void)state;
    assert_next("<u>; title=\"relevant\"; rel=next", "u");
    assert_next("<u>; title*=UTF-8''rel; rel=next", "u");
    assert_next("<u>; crossorigin; rel=next", "u");
    assert_next("<u>; title=\"a; rel=next\"", "(none)");
    assert_next("<u>; norel=next", "(none)");
    assert_next("<u>; relation=next", "(none)");
    assert_next("<u>; rel=prev; rel=next", "(none)"); /* RFC 8288 3.3: the first counts */
}

#define NOW 1700000000123LL
#define DAY (24LL * 3600 * 1000)

static void retry_after_seconds_count_from_now(void **state)
{
    (void)state;
    assert_int_equal(retry_after_ms("0", NOW), NOW);
    assert_int_equal(retry_after_ms("120", NOW), NOW + 120000);
    assert_int_equal(retry_after_ms(" \t5", NOW), NOW + 5000);
    assert_int_equal(retry_after_ms("1.9 ", NOW), NOW + 1000);
    assert_int_equal(retry_after_ms("86400", NOW), NOW + DAY);
    assert_int_equal(retry_after_ms("86401", NOW), NOW + DAY);
    assert_int_equal(retry_after_ms("999999999", NOW), NOW + DAY);
}

static void retry_after_may_be_an_epoch(void **state)
{
    (void)state;
    assert_int_equal(retry_after_ms("1700000060", NOW), 1700000060000);
    assert_int_equal(retry_after_ms("1699999999", NOW), NOW);
    assert_int_equal(retry_after_ms("1000000000", NOW), NOW);
    assert_int_equal(retry_after_ms("1800000000", NOW), NOW + DAY);
    assert_int_equal(retry_after_ms("9223372036854775807", NOW), NOW + DAY);
    assert_int_equal(retry_after_ms("99999999999999999999999", NOW), NOW + DAY);
}

static void retry_after_may_be_a_date(void **state)
{
    (void)state;
    assert_int_equal(retry_after_ms("Tue, 14 Nov 2023 22:14:20 GMT", NOW), 1700000060000);
    assert_int_equal(retry_after_ms("Tue, 14 Nov 2000 22:14:20 GMT", NOW), NOW);
    assert_int_equal(retry_after_ms("Fri, 14 Nov 2098 22:14:20 GMT", NOW), NOW + DAY);
}

static void unreadable_retry_after_is_none(void **state)
{
    (void)state;
    const char *bad[] = {
        "", " ", "soon", "-5", "+5", "5 minutes", "Tue, 14 Nov", "2023-11-14T22:14:20Z", "\xff"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(retry_after_ms(bad[i], NOW), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registries_challenges_are_read),
        cmocka_unit_test(spelling_is_taken_generously),
        cmocka_unit_test(bearer_goes_before_basic),
        cmocka_unit_test(scheme_inside_a_quoted_text_is_none),
        cmocka_unit_test(no_known_challenge_is_not_found),
        cmocka_unit_test(unterminated_value_ends_the_header),
        cmocka_unit_test(next_page_is_found),
        cmocka_unit_test(other_links_are_not_the_next_page),
        cmocka_unit_test(rel_is_a_parameter_of_its_own),
        cmocka_unit_test(retry_after_seconds_count_from_now),
        cmocka_unit_test(retry_after_may_be_an_epoch),
        cmocka_unit_test(retry_after_may_be_a_date),
        cmocka_unit_test(unreadable_retry_after_is_none),
    };
    return cmocka_run_group_tests_name("challenge", tests, NULL, NULL);
}
