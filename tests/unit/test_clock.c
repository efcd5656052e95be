#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "err.h"

static void now_is_the_wall_clock(void **state)
{
    (void)state;
    int64_t before = (int64_t)time(NULL) - 1;
    int64_t now_ms = clock_ms();
    assert_in_range(now_ms / 1000, before, (int64_t)time(NULL) + 1);
}

static void assert_format(int64_t time_ms, const char *expected)
{
    char text[CLOCK_TEXT_BYTES];
    clock_format(time_ms, text);
    assert_string_equal(text, expected);
}

static void times_are_written_as_rfc3339(void **state)
{
    (void)state;
    assert_format(1, "1970-01-01T00:00:00.001Z");
    assert_format(1000, "1970-01-01T00:00:01Z");
    assert_format(1456704000050, "2016-02-29T00:00:00.050Z");
    assert_format(253402300799999, "9999-12-31T23:59:59.999Z");
}

static void unset_and_negative_times_are_the_zero_time(void **state)
{
    (void)state;
    assert_format(0, "0001-01-01T00:00:00Z");
    assert_format(-1, "0001-01-01T00:00:00Z");
    assert_format(INT64_MIN, "0001-01-01T00:00:00Z");
}

static void times_after_year_9999_stay_in_it(void **state)
{
    (void)state;
    assert_format(253402300800000, "9999-12-31T23:59:59.999Z");
    assert_format(INT64_MAX, "9999-12-31T23:59:59.999Z");
}

static void assert_parse(const char *text, int64_t expected)
{
    int64_t time_ms = -1;
    if (clock_parse(text, &time_ms) != 0)
        fail_msg("\"%s\" was refused", text);
    assert_int_equal(time_ms, expected);
}

static void fractions_of_any_length_are_read(void **state)
{
    (void)state;
    assert_parse("2016-02-29T12:34:56Z", 1456749296000);
    assert_parse("2016-02-29T12:34:56.7Z", 1456749296700);
    assert_parse("2016-02-29T12:34:56.78Z", 1456749296780);
    assert_parse("2016-02-29T12:34:56.789Z", 1456749296789);
    assert_parse("2016-02-29T12:34:56.789999999Z", 1456749296789);
    assert_parse("2016-02-29T12:34:56.000999999Z", 1456749296000);
}

static void zones_are_taken_into_account(void **state)
{
    (void)state;
    assert_parse("2016-02-29T12:00:00", 1456747200000);
    assert_parse("2016-02-29T12:00:00z", 1456747200000);
    assert_parse("2016-02-29T12:00:00+00:00", 1456747200000);
    assert_parse("2016-02-29T14:00:00+02:00", 1456747200000);
    assert_parse("2016-02-29T06:30:00-0530", 1456747200000);
    assert_parse("2016-03-01T01:15:00.5+13:15", 1456747200500);
    assert_parse("2016-02-29 12:00:00Z", 1456747200000);
}

static void years_before_1970_count_as_not_set(void **state)
{
    (void)state;
    assert_parse("0001-01-01T00:00:00Z", 0);
    assert_parse("1969-12-31T23:59:59.999Z", 0);
    assert_parse("1970-01-01T00:00:00Z", 0);
    assert_parse("1970-01-01T01:00:00+02:00", 0);
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    const char *bad[] = {"",
                         "yesterday",
                         "2016",
                         "2016-02-29",
                         "2016-13-01T00:00:00Z",
                         "2016-02-29T24:61:00Z",
                         "2016-02-29T12:00Z",
                         "2016-02-29T12:00:00ZZ",
                         "2016-02-29T12:00:00 UTC",
                         "2016-02-29T12:00:00+24:00",
                         "2016-02-29T12:00:00+02:60",
                         "2016-02-29T12:00:00+02",
                         "2016-02-29T12:00:00+",
                         "2016-02-29T12:00:00+02:00Z",
                         "2016-02-29T12:00:00.5x",
                         "2016-02-29T12:00:00,5Z",
                         "2016-02-29T12:00:00+-2:00"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t time_ms = 42;
        if (clock_parse(bad[i], &time_ms) != ERR_INVALID)
            fail_msg("\"%s\" was read as a time", bad[i]);
        assert_int_equal(time_ms, 42);
    }
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    const int64_t times[] = {1000, 1001, 951782400999, 1456749296789, 253402300799999};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        char text[CLOCK_TEXT_BYTES];
        clock_format(times[i], text);
        assert_parse(text, times[i]);
    }
}

static void backoff_grows_to_its_cap_and_is_spread(void **state)
{
    (void)state;
    int64_t smallest = INT64_MAX;
    int64_t largest = -1;
    for (int i = 0; i < 500; i++) {
        assert_in_range(clock_backoff_ms(0, 100, 10000), 0, 100);
        assert_in_range(clock_backoff_ms(3, 100, 10000), 0, 800);
        int64_t delay = clock_backoff_ms(1000000, 100, 10000);
        assert_in_range(delay, 0, 10000);
        smallest = delay < smallest ? delay : smallest;
        largest = delay > largest ? delay : largest;
    }
    assert_true(smallest < 2000); /* by chance not so once in 10^48 runs */
    assert_true(largest > 8000);
}

static void backoff_of_nothing_is_nothing(void **state)
{
    (void)state;
    assert_int_equal(clock_backoff_ms(5, 0, 1000), 0);
    assert_int_equal(clock_backoff_ms(5, 100, 0), 0);
    for (int i = 0; i < 100; i++)
        assert_in_range(clock_backoff_ms(-1, 3, 1000), 0, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(now_is_the_wall_clock),
        cmocka_unit_test(times_are_written_as_rfc3339),
        cmocka_unit_test(unset_and_negative_times_are_the_zero_time),
        cmocka_unit_test(times_after_year_9999_stay_in_it),
        cmocka_unit_test(fractions_of_any_length_are_read),
        cmocka_unit_test(zones_are_taken_into_account),
        cmocka_unit_test(years_before_1970_count_as_not_set),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(backoff_grows_to_its_cap_and_is_spread),
        cmocka_unit_test(backoff_of_nothing_is_nothing),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
