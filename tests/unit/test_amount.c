#include "unit.h"

#include "amount.h"
#include "err.h"
#include "mem.h"

static void sizes_are_1024_based(void **state)
{
    (void)state;
    const struct {
        int64_t size_bytes;
        const char *text;
    } cases[] = {
        {0, "0 B"},
        {1023, "1023 B"},
        {1024, "1.0 KB"},
        {33255, "32.5 KB"},
        {1048524, "1023.9 KB"},
        {1048575, "1.0 MB"}, /* never 1024.0 KB */
        {INT64_C(5) << 30, "5.0 GB"},
        {INT64_C(3000) << 40, "3000.0 TB"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[AMOUNT_BYTES];
        amount_size_text(cases[i].size_bytes, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void counts_are_grouped(void **state)
{
    (void)state;
    const struct {
        int64_t count;
        const char *text;
    } cases[] = {{0, "0"}, {999, "999"}, {1000, "1,000"}, {1234567, "1,234,567"}, {-100, "-100"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[AMOUNT_BYTES];
        amount_count_text(cases[i].count, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void times_are_utc_and_none_is_empty(void **state)
{
    (void)state;
    char text[AMOUNT_BYTES];
    amount_time_text("2026-02-14T10:15:30.123456789Z", text);
    assert_string_equal(text, "2026-02-14 10:15 UTC");
    amount_time_text("2026-02-14T00:15:30+02:00", text);
    assert_string_equal(text, "2026-02-13 22:15 UTC");
    const char *none[] = {"", "soon", "0001-01-01T00:00:00Z"};
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        amount_time_text(none[i], text);
        assert_string_equal(text, "");
    }
}

static void sizes_are_read(void **state)
{
    (void)state;
    const struct {
        const char *text;
        int64_t size_bytes;
    } cases[] = {
        {"0", 0},           {"1000", 1000},      {"1000B", 1000},        {"800k", 819200},
        {"50MB", 52428800}, {"50 MB", 52428800}, {"1.5GiB", 1610612736}, {"2g", 2147483648}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t size_bytes = -1;
        assert_int_equal(amount_parse_size(cases[i].text, &size_bytes), 0);
        assert_int_equal(size_bytes, cases[i].size_bytes);
    }
    const char *wrong[] = {"",         "MB",  "-1",   "+1",  "1e5", "0x10", "1.2.3",
                           "5 apples", "5XB", "5MBs", "nan", "inf", " 5MB", "99999999999999999",
                           "1s"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        int64_t size_bytes = -1;
        assert_int_equal(amount_parse_size(wrong[i], &size_bytes), ERR_INVALID);
        assert_int_equal(size_bytes, -1);
    }
}

static void times_are_read(void **state)
{
    (void)state;
    const struct {
        const char *text;
        int64_t time_ms;
    } cases[] = {{"0", 0},         {"60", 60000},   {"60s", 60000},
                 {"500ms", 500},   {"1.5s", 1500},  {"2m", 120000},
                 {"2min", 120000}, {"1h", 3600000}, {"168h", 604800000}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t time_ms = -1;
        assert_int_equal(amount_parse_time(cases[i].text, &time_ms), 0);
        assert_int_equal(time_ms, cases[i].time_ms);
    }
    const char *wrong[] = {"", "s", "-1s", "1d", "169h", "soon", "1m30s"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        int64_t time_ms = -1;
        assert_int_equal(amount_parse_time(wrong[i], &time_ms), ERR_INVALID);
    }
}

static void counts_are_read(void **state)
{
    (void)state;
    int64_t count = -1;
    assert_int_equal(amount_parse_count("12", &count), 0);
    assert_int_equal(count, 12);
    const char *wrong[] = {"", "-1", "1.5", "12x", "1000001", " 1"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(amount_parse_count(wrong[i], &count), ERR_INVALID);
    assert_int_equal(count, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_1024_based),
        cmocka_unit_test(counts_are_grouped),
        cmocka_unit_test(times_are_utc_and_none_is_empty),
        cmocka_unit_test(sizes_are_read),
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(counts_are_read),
    };
    return cmocka_run_group_tests_name("amount", tests, NULL, NULL);
}
