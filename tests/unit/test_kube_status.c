#include "unit.h"

#include <string.h>

#include "err.h"
#include "kube.h"
#include "kube_status.h"
#include "mem.h"

static const struct kube_request patch = {
    .verb = "patch", .group = "apps/v1", .resource = "deployments/scale", .name = "size"};

static void statuses_have_meanings(void **state)
{
    (void)state;
    static const struct {
        int status;
        int err;
    } cases[] = {
        {200, 0},
        {201, 0},
        {301, ERR_PROTO},
        {400, ERR_INVALID},
        {401, ERR_UNAUTHORIZED},
        {403, ERR_FORBIDDEN},
        {404, ERR_NOTFOUND},
        {409, ERR_CONFLICT},
        {410, ERR_NOTFOUND},
        {415, ERR_INVALID},
        {422, ERR_INVALID},
        {429, ERR_RATELIMIT},
        {500, ERR_UPSTREAM},
        {504, ERR_UPSTREAM},
        {0, ERR_PROTO},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(kube_status_err(cases[i].status), cases[i].err);
}

static void texts_say_what_why_and_what_to_do(void **state)
{
    (void)state;
    AUTO(free) char *forbidden = kube_status_text(&patch, 403, "x is forbidden");
    assert_string_equal(forbidden,
                        "cannot patch deployments/scale size: 403: x is forbidden; give the "
                        "account this verb on this resource, by this name, in its Role");
    AUTO(free) char *busy = kube_status_text(&patch, 429, "");
    assert_string_equal(busy, "cannot patch deployments/scale size: 429: no reason is given; the "
                              "server is busy: it is asked again later");
    AUTO(free) char *unreachable = kube_status_text(&patch, 0, "Connection refused");
    assert_string_equal(unreachable,
                        "cannot patch deployments/scale size: Connection refused; see that the "
                        "server's address, its certificate and the network are right");
}

static void a_server_s_message_cannot_spoil_a_line(void **state)
{
    (void)state;
    AUTO(free) char *text = kube_status_text(&patch, 500, "a\nb\x1b[31m\tc\x7f");
    assert_non_null(strstr(text, "500: a b [31m c ; "));
    char message[2000];
    memset(message, 'x', sizeof(message) - 1);
    message[sizeof(message) - 1] = '\0';
    memcpy(message + 299, "\xe2\x82\xac", 3); /* across the limit */
    AUTO(free) char *cut = kube_status_text(&patch, 500, message);
    const char *why = strstr(cut, "500: ") + 5;
    assert_int_equal(strcspn(why, ";"), 299);
}

static void retry_after_is_in_seconds_and_capped(void **state)
{
    (void)state;
    assert_int_equal(kube_retry_after_ms("1"), 1000);
    assert_int_equal(kube_retry_after_ms("0"), 0);
    assert_int_equal(kube_retry_after_ms("999999999"), 60000);
    assert_int_equal(kube_retry_after_ms(NULL), 0);
    const char *const others[] = {"", "-1", "1.5", " 1", "9999999999", "Wed, 21 Oct 2026"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_int_equal(kube_retry_after_ms(others[i]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_have_meanings),
        cmocka_unit_test(texts_say_what_why_and_what_to_do),
        cmocka_unit_test(a_server_s_message_cannot_spoil_a_line),
        cmocka_unit_test(retry_after_is_in_seconds_and_capped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
