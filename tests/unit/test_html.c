#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "html.h"
#include "mem.h"

static void check_text(const char *text, const char *wanted)
{
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(4096);
    html_text(&out, text);
    assert_string_equal(strbuf_str(&out), wanted);
}

static void foreign_text_stays_text(void **state)
{
    (void)state;
    check_text("<script>alert('&\"')</script>",
               "&lt;script&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;");
    check_text("caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x90\xb3",
               "caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x90\xb3");
    check_text("two\nlines\tand a tab", "two\nlines\tand a tab");
    check_text(NULL, "");
}

static void what_hides_is_shown(void **state)
{
    (void)state;
    check_text("a\x1b[31mb", "a\\u{1b}[31mb");
    check_text("user\xe2\x80\xaetxt.exe", "user\\u{202e}txt.exe");
    check_text("\xe2\x81\xa6x\xe2\x81\xa9", "\\u{2066}x\\u{2069}");
    check_text("zero\xe2\x80\x8bwidth", "zero\\u{200b}width");
    check_text("\x7f", "\\u{7f}");
}

static void broken_utf8_is_replaced(void **state)
{
    (void)state;
    check_text("a\xc3(b", "a\xef\xbf\xbd(b");
    check_text("\xf0\x9f", "\xef\xbf\xbd\xef\xbf\xbd");
    check_text("\xc0\xbc", "\xef\xbf\xbd\xef\xbf\xbd"); /* "<", too long */
    check_text("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    check_text("\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    check_text("\xf8x", "\xef\xbf\xbdx");
}

static void templates_escape_what_they_take(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(4096);
    html_add(&out, "<b title=\"%s\">%lld of %lld, 5%%</b>", "\"x\"", 3LL, 1LL << 40);
    assert_string_equal(strbuf_str(&out), "<b title=\"&quot;x&quot;\">3 of 1099511627776, 5%</b>");
}

static void only_web_addresses_are_links(void **state)
{
    (void)state;
    assert_true(html_is_link("https://example.org/a?b=c#d"));
    assert_true(html_is_link("HTTP://example.org"));
    assert_false(html_is_link("javascript:alert(1)"));
    assert_false(html_is_link("data:text/html,x"));
    assert_false(html_is_link("//example.org"));
    assert_false(html_is_link("https://example.org/a b"));
    assert_false(html_is_link(" https://example.org/"));
}

static void check_size(int64_t bytes, const char *wanted)
{
    char text[HTML_SIZE_BYTES];
    html_size(bytes, text);
    assert_string_equal(text, wanted);
}

static void sizes_read_well(void **state)
{
    (void)state;
    check_size(0, "0 B");
    check_size(1023, "1023 B");
    check_size(1024, "1.0 KB");
    check_size(1048575, "1.0 MB");
    check_size(33255, "32.5 KB");
    check_size(INT64_C(5) << 40, "5.0 TB");
}

static void check_time(const char *time, const char *wanted)
{
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(4096);
    html_time(&out, time);
    assert_string_equal(strbuf_str(&out), wanted);
}

static void times_read_well(void **state)
{
    (void)state;
    check_time("2026-02-14T10:15:30.123Z",
               "<time datetime=\"2026-02-14T10:15:30.123Z\">2026-02-14 10:15</time>");
    check_time("0001-01-01T00:00:00Z", "unknown");
    check_time("yesterday", "unknown");
    check_time("", "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_text_stays_text),
        cmocka_unit_test(what_hides_is_shown),
        cmocka_unit_test(broken_utf8_is_replaced),
        cmocka_unit_test(templates_escape_what_they_take),
        cmocka_unit_test(only_web_addresses_are_links),
        cmocka_unit_test(sizes_read_well),
        cmocka_unit_test(times_read_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
