#include "unit.h"

#include <stdbool.h>
#include <string.h>

#include "clock.h"
#include "err.h"

static void expect_text(int64_t time_ms, const char *expected)
{
    char text[CLOCK_TEXT_BYTES];
    clock_format(time_ms, text);
    assert_string_equal(text, expected);
}

static void times_are_written(void **state)
{
    (void)state;
    expect_text(0, "0001-01-01T00:00:00Z");
    expect_text(-5, "0001-01-01T00:00:00Z");
    expect_text(1, "1970-01-01T00:00:00.001Z");
    expect_text(1704164645678, "2024-01-02T03:04:05.678Z");
    expect_text(1704164645000, "2024-01-02T03:04:05Z");
    expect_text(1709164800000, "2024-02-29T00:00:00Z");
    expect_text(INT64_MAX, "9999-12-31T23:59:59.999Z");
}

static void expect_time(const char *text, int64_t expected_ms)
{
    int64_t time_ms = -1;
    if (clock_parse(text, &time_ms) != 0)
        fail_msg("refused: %s", text);
    assert_int_equal(time_ms, expected_ms);
}

static void times_are_read(void **state)
{
    (void)state;
    expect_time("2024-01-02T03:04:05Z", 1704164645000);
    expect_time("2024-01-02T03:04:05.678901234Z", 1704164645678);
    expect_time("2024-01-02T03:04:05.6z", 1704164645600);
    expect_time("2024-01-02T03:04:05.Z", 1704164645000);
    expect_time("2024-01-02T03:04:05", 1704164645000);
    expect_time("2024-01-02 03:04:05", 1704164645000);
    expect_time("2024-01-02T05:04:05+02:00", 1704164645000);
    expect_time("2024-01-01T21:34:05.5-05:30", 1704164645500);
    expect_time("2024-01-01T21:34:05-0530", 1704164645000);
}

static void times_before_1970_are_not_set(void **state)
{
    (void)state;
    expect_time("0001-01-01T00:00:00Z", 0);
    expect_time("1969-12-31T23:59:59.999Z", 0);
    expect_time("1970-01-01T00:00:00Z", 0);
    expect_time("1970-01-01T00:30:00+01:00", 0);
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "yesterday",
        "2024-01-02",
        "2024-13-02T03:04:05Z",
        "2024-01-02T25:04:05Z",
        "2024-01-02T03:04:05Zx",
        "2024-01-02T03:04:05 Z",
        "2024-01-02T03:04:05+99:00",
        "2024-01-02T03:04:05+1",
        "2024-01-02T03:04:05+02:00x",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t time_ms = 77;
        if (clock_parse(bad[i], &time_ms) != ERR_INVALID)
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(time_ms, 77);
    }
}

static void times_survive_both_ways(void **state)
{
    (void)state;
    static const int64_t times_ms[] = {1000, 951782400001, 1704164645678, 4102444800000};
    for (size_t i = 0; i < sizeof(times_ms) / sizeof(times_ms[0]); i++) {
        char text[CLOCK_TEXT_BYTES];
        clock_format(times_ms[i], text);
        expect_time(text, times_ms[i]);
    }
}

static void backoff_grows_up_to_the_cap(void **state)
{
    (void)state;
    static const struct {
        int attempt;
        int64_t limit_ms;
    } rows[] = {{0, 100}, {1, 200}, {3, 800}, {10, 5000}, {1000000, 5000}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t most_ms = 0;
        for (int k = 0; k < 400; k++) {
            int64_t delay_ms = clock_backoff_ms(rows[i].attempt, 100, 5000);
            assert_in_range(delay_ms, 0, rows[i].limit_ms);
            most_ms = delay_ms > most_ms ? delay_ms : most_ms;
        }
        /* Full jitter reaches the upper half, but for a chance of 1 in 2^400. */
        assert_true(most_ms > rows[i].limit_ms / 2);
    }
    assert_int_equal(clock_backoff_ms(3, 0, 0), 0);
}

static void the_clock_tells_milliseconds(void **state)
{
    (void)state;
    int64_t now_ms = clock_ms();
    assert_in_range(now_ms, 1700000000000, 4102444800000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_written),
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(times_before_1970_are_not_set),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(times_survive_both_ways),
        cmocka_unit_test(backoff_grows_up_to_the_cap),
        cmocka_unit_test(the_clock_tells_milliseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
