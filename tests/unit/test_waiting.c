#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "waiting.h"

static void each_client_has_its_share(void **state)
{
    (void)state;
    struct waiting *waiting = waiting_new(10, 2);
    assert_true(waiting_enter(waiting, "192.0.2.1"));
    assert_true(waiting_enter(waiting, "192.0.2.1"));
    assert_false(waiting_enter(waiting, "192.0.2.1"));
    assert_true(waiting_enter(waiting, "192.0.2.2"));
    assert_int_equal(waiting_total(waiting), 3);
    waiting_leave(waiting, "192.0.2.1");
    assert_true(waiting_enter(waiting, "192.0.2.1"));
    waiting_leave(waiting, "192.0.2.1");
    waiting_leave(waiting, "192.0.2.1");
    waiting_leave(waiting, "192.0.2.2");
    assert_int_equal(waiting_total(waiting), 0);
    waiting_free(waiting);
}

static void all_together_have_theirs(void **state)
{
    (void)state;
    struct waiting *waiting = waiting_new(2, 0);
    assert_true(waiting_enter(waiting, "192.0.2.1"));
    assert_true(waiting_enter(waiting, "192.0.2.2"));
    assert_false(waiting_enter(waiting, "192.0.2.3"));
    waiting_leave(waiting, "192.0.2.3"); /* who never entered */
    assert_int_equal(waiting_total(waiting), 2);
    waiting_leave(waiting, "192.0.2.1");
    assert_true(waiting_enter(waiting, "192.0.2.3"));
    waiting_leave(waiting, "192.0.2.2");
    waiting_leave(waiting, "192.0.2.3");
    waiting_free(waiting);
}

static void zero_is_no_limit(void **state)
{
    (void)state;
    struct waiting *waiting = waiting_new(0, 0);
    for (int i = 0; i < 1000; i++)
        assert_true(waiting_enter(waiting, "192.0.2.1"));
    for (int i = 0; i < 1000; i++)
        waiting_leave(waiting, "192.0.2.1");
    assert_int_equal(waiting_total(waiting), 0);
    waiting_free(waiting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_client_has_its_share),
        cmocka_unit_test(all_together_have_theirs),
        cmocka_unit_test(zero_is_no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
