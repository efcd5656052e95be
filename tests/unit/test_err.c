#include "unit.h"

#include <limits.h>
#include <string.h>

#include "err.h"

static void every_error_has_its_own_text(void **state)
{
    (void)state;
    assert_string_equal(err_str(0), "ok");
    assert_string_equal(err_str(ERR_RATELIMIT), "rate limited");
    for (int err = ERR_UNSUPPORTED; err <= 0; err++) {
        assert_string_not_equal(err_str(err), "unknown error");
        for (int other = err + 1; other <= 0; other++)
            assert_string_not_equal(err_str(err), err_str(other));
    }
}

static void other_numbers_are_unknown(void **state)
{
    (void)state;
    static const int numbers[] = {1, ERR_UNSUPPORTED - 1, INT_MIN, INT_MAX};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        assert_string_equal(err_str(numbers[i]), "unknown error");
}

static void trying_again_helps_or_not(void **state)
{
    (void)state;
    assert_true(err_is_transient(ERR_NETWORK));
    assert_true(err_is_transient(ERR_UPSTREAM));
    assert_true(err_is_transient(ERR_RATELIMIT));
    assert_true(err_is_transient(ERR_UNAVAILABLE));
    assert_false(err_is_transient(0));
    assert_false(err_is_transient(ERR_INVALID));
    assert_false(err_is_transient(ERR_NOTFOUND));
    assert_false(err_is_transient(ERR_UNAUTHORIZED));
    assert_false(err_is_transient(ERR_FORBIDDEN));
    assert_false(err_is_transient(ERR_TOOBIG));
    assert_false(err_is_transient(ERR_UNSUPPORTED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_its_own_text),
        cmocka_unit_test(other_numbers_are_unknown),
        cmocka_unit_test(trying_again_helps_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
