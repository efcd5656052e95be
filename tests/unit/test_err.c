#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <string.h>

#include "err.h"

static void every_error_has_its_own_text(void **state)
{
    (void)state;
    assert_string_equal(err_str(0), "ok");
    for (int err = 0; err >= ERR_UNSUPPORTED; err--) {
        assert_non_null(err_str(err));
        assert_string_not_equal(err_str(err), "unknown error");
        for (int other = err - 1; other >= ERR_UNSUPPORTED; other--)
            assert_string_not_equal(err_str(err), err_str(other));
    }
}

static void numbers_that_are_no_error_have_a_text_too(void **state)
{
    (void)state;
    const int strange[] = {1, INT_MAX, ERR_UNSUPPORTED - 1, -1000, -INT_MAX, INT_MIN};
    for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++)
        assert_string_equal(err_str(strange[i]), "unknown error");
}

static void what_may_pass_is_transient(void **state)
{
    (void)state;
    const int transient[] = {ERR_RATELIMIT, ERR_TIMEOUT,   ERR_NETWORK,  ERR_UPSTREAM,
                             ERR_PROTO,     ERR_CANCELLED, ERR_CONFLICT, ERR_UNAVAILABLE};
    for (size_t i = 0; i < sizeof(transient) / sizeof(transient[0]); i++)
        assert_true(err_is_transient(transient[i]));
}

static void what_stays_is_not_transient(void **state)
{
    (void)state;
    const int lasting[] = {
        0, ERR_INVALID, ERR_NOTFOUND, ERR_UNAUTHORIZED, ERR_FORBIDDEN, ERR_TOOBIG, ERR_UNSUPPORTED,
        1, -1000};
    for (size_t i = 0; i < sizeof(lasting) / sizeof(lasting[0]); i++)
        assert_false(err_is_transient(lasting[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_its_own_text),
        cmocka_unit_test(numbers_that_are_no_error_have_a_text_too),
        cmocka_unit_test(what_may_pass_is_transient),
        cmocka_unit_test(what_stays_is_not_transient),
    };
    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
