#include "unit.h"

#include <string.h>

#include "err.h"
#include "mem.h"
#include "strbuf.h"

static void text_grows(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf sb = STRBUF_INIT(10000);
    assert_string_equal(strbuf_str(&sb), "");
    for (int i = 0; i < 1000; i++)
        strbuf_addc(&sb, (char)('a' + i % 26));
    strbuf_adds(&sb, "|");
    strbuf_addf(&sb, "%d-%s", 42, "x");
    strbuf_add(&sb, "\0z", 2);
    assert_int_equal(sb.len, 1000 + 1 + 4 + 2);
    assert_memory_equal(sb.buf + 1000, "|42-x\0z", 8);
    assert_int_equal(strbuf_err(&sb), 0);
}

static void nothing_can_be_added(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf sb = STRBUF_INIT(10);
    strbuf_add(&sb, NULL, 0);
    strbuf_adds(&sb, "");
    strbuf_addf(&sb, "%s", "");
    assert_int_equal(sb.len, 0);
    assert_string_equal(strbuf_str(&sb), "");
}

static void the_maximum_is_exact_and_sticky(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf sb = STRBUF_INIT(8);
    strbuf_adds(&sb, "12345678");
    assert_int_equal(strbuf_err(&sb), 0);
    strbuf_addc(&sb, '9');
    assert_int_equal(strbuf_err(&sb), ERR_TOOBIG);
    assert_string_equal(strbuf_str(&sb), "12345678");
    strbuf_reset(&sb);
    assert_int_equal(strbuf_err(&sb), 0);
    strbuf_adds(&sb, "123456");
    strbuf_addf(&sb, "%d", 1000); /* does not fit */
    strbuf_adds(&sb, "7");        /* would fit, but something is missing before it */
    assert_string_equal(strbuf_str(&sb), "123456");
    assert_int_equal(strbuf_err(&sb), ERR_TOOBIG);
}

static void absurd_lengths_do_not_wrap(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf sb = STRBUF_INIT(100);
    strbuf_adds(&sb, "abc");
    strbuf_add(&sb, "x", SIZE_MAX);
    assert_int_equal(strbuf_err(&sb), ERR_TOOBIG);
    assert_string_equal(strbuf_str(&sb), "abc");
}

static void detached_text_is_the_callers(void **state)
{
    (void)state;
    struct strbuf sb = STRBUF_INIT(100);
    AUTO(free) char *empty = strbuf_detach(&sb);
    assert_string_equal(empty, "");
    strbuf_adds(&sb, "text");
    AUTO(free) char *text = strbuf_detach(&sb);
    assert_string_equal(text, "text");
    assert_string_equal(strbuf_str(&sb), "");
    strbuf_adds(&sb, "again");
    assert_string_equal(strbuf_str(&sb), "again");
    strbuf_release(&sb);
    assert_int_equal(sb.len, 0);
    strbuf_release(&sb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows),
        cmocka_unit_test(nothing_can_be_added),
        cmocka_unit_test(the_maximum_is_exact_and_sticky),
        cmocka_unit_test(absurd_lengths_do_not_wrap),
        cmocka_unit_test(detached_text_is_the_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
