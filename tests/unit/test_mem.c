#include "unit.h"

#include <string.h>

#include "mem.h"

static void nothing_is_something(void **state)
{
    (void)state;
    AUTO(free) void *none = xmalloc(0);
    AUTO(free) void *zero = xcalloc(0, 8);
    AUTO(free) void *shrunk = xrealloc(xmalloc(8), 0);
    assert_non_null(none);
    assert_non_null(zero);
    assert_non_null(shrunk);
}

static void copies_are_terminated(void **state)
{
    (void)state;
    AUTO(free) char *text = xstrndup("abcdef", 3);
    AUTO(free) char *shorter = xstrndup("ab", 30);
    AUTO(free) char *bytes = xmemdup("a\0b", 3);
    AUTO(free) char *none = xmemdup(NULL, 0);
    AUTO(free) char *formatted = xasprintf("%s-%d", "a", 5);
    assert_string_equal(text, "abc");
    assert_string_equal(shorter, "ab");
    assert_memory_equal(bytes, "a\0b", 4);
    assert_string_equal(none, "");
    assert_string_equal(formatted, "a-5");
}

static void fresh_arrays_are_zero(void **state)
{
    (void)state;
    AUTO(free) char *zeros = xcalloc(3, 5);
    for (int i = 0; i < 15; i++)
        assert_int_equal(zeros[i], 0);
}

static char *moved_out(void)
{
    AUTO(free) char *text = xstrdup("kept");
    return TAKE(text);
}

static void take_outlives_the_cleanup(void **state)
{
    (void)state;
    AUTO(free) char *text = moved_out();
    assert_string_equal(text, "kept"); /* freed already, a sanitizer would see it */
    AUTO(free) char *other = TAKE(text);
    assert_null(text);
    assert_string_equal(other, "kept");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_something),
        cmocka_unit_test(copies_are_terminated),
        cmocka_unit_test(fresh_arrays_are_zero),
        cmocka_unit_test(take_outlives_the_cleanup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
