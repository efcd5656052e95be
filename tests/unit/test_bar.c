#include "unit.h"

#include "bar.h"
#include "mem.h"
#include "terminal.h"
#include "text.h"

static void assert_bar(int64_t part, int64_t whole, bool is_utf8, const char *expected)
{
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(1024);
    bar_add(&out, part, whole, 4, is_utf8);
    assert_string_equal(strbuf_str(&out), expected);
}

static void bars_show_shares(void **state)
{
    (void)state;
    assert_bar(0, 100, true, "░░░░");
    assert_bar(1, 1000000, true, "▏░░░"); /* more than nothing shows */
    assert_bar(50, 100, true, "██░░");
    assert_bar(45, 100, true, "█▊░░");
    assert_bar(999999, 1000000, true, "███▉"); /* only the whole fills it */
    assert_bar(100, 100, true, "████");
    assert_bar(200, 100, true, "████");
    assert_bar(5, 0, true, "░░░░");
    assert_bar(-5, 100, true, "░░░░");
    assert_bar(INT64_MAX / 2, INT64_MAX, true, "██░░");
}

static void bars_in_ascii(void **state)
{
    (void)state;
    assert_bar(0, 100, false, "----");
    assert_bar(1, 100, false, "#---");
    assert_bar(99, 100, false, "###-");
    assert_bar(100, 100, false, "####");
}

static void bars_are_as_wide_as_asked(void **state)
{
    (void)state;
    for (int part = 0; part <= 100; part++) {
        AUTO(strbuf) struct strbuf out = STRBUF_INIT(1024);
        bar_add(&out, part, 100, 12, true);
        assert_int_equal(text_width(strbuf_str(&out)), 12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bars_show_shares),
        cmocka_unit_test(bars_in_ascii),
        cmocka_unit_test(bars_are_as_wide_as_asked),
    };
    terminal_init();
    return cmocka_run_group_tests_name("bar", tests, NULL, NULL);
}
