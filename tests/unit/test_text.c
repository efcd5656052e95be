#include "unit.h"

#include "mem.h"
#include "strbuf.h"
#include "terminal.h"
#include "text.h"

static int start(void **state)
{
    (void)state;
    terminal_init();
    return 0;
}

static void assert_escaped(const char *text, const char *keep, bool is_utf8, const char *expected)
{
    AUTO(free) char *escaped = text_escape(text, keep, is_utf8);
    assert_string_equal(escaped, expected);
}

static void nothing_reaches_a_terminal_that_it_would_obey(void **state)
{
    (void)state;
    assert_escaped("plain \"text\"", "", true, "plain \"text\"");
    assert_escaped("\033[2J\a\b\r\n\t\x7f", "", true, "␛[2J␇␈␍␊␉␡");
    assert_escaped("a\nb\tc\r", "\n\t", true, "a\nb\tc␍");
    assert_escaped("\xc2\x9b"
                   "31m",
                   "", true, "<U+009B>31m");
    assert_escaped("abc\u202etxt.exe\u2066\u200b\ufeff", "", true,
                   "abc<U+202E>txt.exe<U+2066><U+200B><U+FEFF>");
    assert_escaped("bad \xff\xc3 end", "", true, "bad \ufffd\ufffd end");
    assert_escaped("Grüße 日本", "", true, "Grüße 日本");
}

static void a_terminal_of_another_encoding_gets_ascii(void **state)
{
    (void)state;
    assert_escaped("Gr\u00fc\u00dfe", "", false, "Gr<U+00FC><U+00DF>e");
    assert_escaped("\033[0m\x7f\n", "", false, "<U+001B>[0m<U+007F><U+000A>");
    assert_escaped("\u202e\U0001f600", "", false, "<U+202E><U+1F600>");
}

static void widths_are_columns(void **state)
{
    (void)state;
    assert_int_equal(text_width(""), 0);
    assert_int_equal(text_width("abc"), 3);
    assert_int_equal(text_width("Grüße"), 5);
    assert_int_equal(text_width("日本"), 4);
    assert_int_equal(text_width("e\u0301"), 1); /* a combining accent */
    assert_int_equal(text_fit("日本語", 5), 6);
    assert_int_equal(text_fit("abc", 9), 3);
}

static void assert_cut(const char *text, size_t columns, bool is_utf8, const char *expected)
{
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(1024);
    text_add_cut(&out, text, columns, is_utf8);
    assert_string_equal(strbuf_str(&out), expected);
}

static void cut_text_says_so(void **state)
{
    (void)state;
    assert_cut("exactly", 7, true, "exactly");
    assert_cut("too long", 7, true, "too lo…");
    assert_cut("too long", 5, true, "too…"); /* no blank before it */
    assert_cut("too long", 7, false, "too...");
    assert_cut("日本語", 4, true, "日…"); /* a wide character is not halved */
    assert_cut("abc", 0, true, "");
    assert_cut("abc", 2, false, "");
}

static void assert_wrapped(const char *text, size_t columns, const char *expected)
{
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(1024);
    text_add_wrapped(&out, text, columns, 2);
    assert_string_equal(strbuf_str(&out), expected);
}

static void lines_break_at_blanks_only(void **state)
{
    (void)state;
    assert_wrapped("", 5, "");
    assert_wrapped("one", 5, "one");
    assert_wrapped("one two three", 7, "one two\n  three");
    assert_wrapped("one two three", 8, "one two\n  three");
    assert_wrapped("a sha256:0123456789 b", 6, "a\n  sha256:0123456789\n  b");
    assert_wrapped("sha256:0123456789", 6, "sha256:0123456789");
    assert_wrapped("日本 語", 4, "日本\n  語");
    assert_wrapped("   x   y  ", 4, "   x\n  y  ");
}

static void padding_counts_columns(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(1024);
    text_add_padded(&out, "日", 4);
    text_add_padded(&out, "longer", 3);
    assert_string_equal(strbuf_str(&out), "日  longer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_reaches_a_terminal_that_it_would_obey),
        cmocka_unit_test(a_terminal_of_another_encoding_gets_ascii),
        cmocka_unit_test(widths_are_columns),
        cmocka_unit_test(cut_text_says_so),
        cmocka_unit_test(lines_break_at_blanks_only),
        cmocka_unit_test(padding_counts_columns),
    };
    return cmocka_run_group_tests_name("text", tests, start, NULL);
}
