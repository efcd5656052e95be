#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "natural.h"

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

/* a before b, and so b after a. */
static void assert_before(const char *a, const char *b)
{
    if (sign(natural_compare(a, b)) != -1 || sign(natural_compare(b, a)) != 1)
        fail_msg("\"%s\" is not before \"%s\"", a, b);
}

static void same_text_is_equal(void **state)
{
    (void)state;
    const char *texts[] = {"", "a", "0", "007", "1.27-alpine", "\xff"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_int_equal(natural_compare(texts[i], texts[i]), 0);
}

static void runs_of_digits_count_as_numbers(void **state)
{
    (void)state;
    assert_before("1.9", "1.10");
    assert_before("v2", "v10");
    assert_before("1.9-alpine", "1.10-alpine");
    assert_before("a9b100", "a10b1");
    assert_before("2", "12345678901234567890123456789012345678901");
    assert_before("12345678901234567890123456789012345678901",
                  "12345678901234567890123456789012345678902");
}

static void start_comes_before_the_whole(void **state)
{
    (void)state;
    assert_before("", "a");
    assert_before("", "0");
    assert_before("1", "1.0");
    assert_before("1.2", "1.2-rc1");
}

static void other_text_goes_by_its_bytes(void **state)
{
    (void)state;
    assert_before("A", "a");
    assert_before("1-a", "1-b");
    assert_before("1", "a");
    assert_before("z", "\xc3\xa9");
}

static void leading_zeros_only_break_ties(void **state)
{
    (void)state;
    assert_before("01", "2");
    assert_before("2", "0010");
    assert_before("00", "1");
    assert_before("0", "00");
    assert_before("01a", "1b");
    assert_before("1a", "01b");
    assert_int_not_equal(natural_compare("01", "1"), 0);
    assert_int_equal(sign(natural_compare("01", "1")), -sign(natural_compare("1", "01")));
}

static int compare(const void *a, const void *b)
{
    return natural_compare(*(const char *const *)a, *(const char *const *)b);
}

static void order_is_total(void **state)
{
    (void)state;
    const char *texts[] = {"",    "0",   "00",  "1",    "01",  "10",   "2",    "a",  "a0",
                           "a1",  "a01", "a10", "a2",   "a1b", "a01b", "1.0",  "1.", "1.00",
                           "1-a", "1a",  "A1",  "1.10", "1.9", "-1",   "\xff", "_"};
    qsort(texts, ARRAY_LEN(texts), sizeof(texts[0]), compare);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        for (size_t j = i + 1; j < ARRAY_LEN(texts); j++)
            assert_before(texts[i], texts[j]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_text_is_equal),
        cmocka_unit_test(runs_of_digits_count_as_numbers),
        cmocka_unit_test(start_comes_before_the_whole),
        cmocka_unit_test(other_text_goes_by_its_bytes),
        cmocka_unit_test(leading_zeros_only_break_ties),
        cmocka_unit_test(order_is_total),
    };
    return cmocka_run_group_tests_name("natural", tests, NULL, NULL);
}
