#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "err.h"
#include "mem.h"
#include "strbuf.h"

static void empty_buffer_reads_as_empty_text(void **state)
{
    (void)state;
    struct strbuf sb = STRBUF_INIT(10);
    assert_string_equal(strbuf_str(&sb), "");
    assert_int_equal(strbuf_err(&sb), 0);
    strbuf_add(&sb, NULL, 0);
    strbuf_adds(&sb, "");
    strbuf_addf(&sb, "%s", "");
    assert_string_equal(strbuf_str(&sb), "");
    assert_int_equal(sb.len, 0);
    strbuf_release(&sb);
    strbuf_release(&sb);
    assert_string_equal(strbuf_str(&sb), "");
}

static void pieces_are_appended_in_order(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf sb = STRBUF_INIT(100);
    strbuf_adds(&sb, "a=");
    strbuf_addf(&sb, "%d,%s", 7, "x");
    strbuf_addc(&sb, ';');
    strbuf_add(&sb, "\0z", 2);
    assert_int_equal(sb.len, 8);
    assert_memory_equal(strbuf_str(&sb), "a=7,x;\0z", 9);
}

static void growing_keeps_what_was_there(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf sb = STRBUF_INIT(100000);
    for (int i = 0; i < 20000; i++)
        strbuf_addf(&sb, "%05d", i);
    assert_int_equal(sb.len, 100000);
    assert_int_equal(strbuf_err(&sb), 0);
    assert_memory_equal(sb.buf, "0000000001", 10);
    assert_string_equal(sb.buf + 99990, "1999819999");
}

static void limit_is_reached_but_not_passed(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf sb = STRBUF_INIT(4);
    strbuf_adds(&sb, "abcd");
    assert_int_equal(strbuf_err(&sb), 0);
    strbuf_addc(&sb, 'e');
    assert_int_equal(strbuf_err(&sb), ERR_TOOBIG);
    assert_string_equal(strbuf_str(&sb), "abcd");
}

static void overflow_sticks_so_that_no_hole_appears(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf sb = STRBUF_INIT(4);
    strbuf_adds(&sb, "ab");
    strbuf_addf(&sb, "%s", "too long");
    strbuf_addc(&sb, 'c'); /* would fit */
    strbuf_adds(&sb, "");
    assert_string_equal(strbuf_str(&sb), "ab");
    assert_int_equal(strbuf_err(&sb), ERR_TOOBIG);
}

static void absurd_lengths_do_not_wrap_around(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf sb = STRBUF_INIT(10);
    strbuf_adds(&sb, "abc");
    strbuf_add(&sb, "x", SIZE_MAX);
    assert_int_equal(strbuf_err(&sb), ERR_TOOBIG);
    strbuf_reset(&sb);
    strbuf_adds(&sb, "abc");
    strbuf_add(&sb, "x", SIZE_MAX - 2);
    assert_int_equal(strbuf_err(&sb), ERR_TOOBIG);
    assert_string_equal(strbuf_str(&sb), "abc");
}

static void limit_of_nothing_takes_nothing(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf sb = STRBUF_INIT(0);
    strbuf_adds(&sb, "");
    assert_int_equal(strbuf_err(&sb), 0);
    strbuf_addc(&sb, 'a');
    assert_int_equal(strbuf_err(&sb), ERR_TOOBIG);
    assert_string_equal(strbuf_str(&sb), "");
}

static void reset_empties_and_forgives(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf sb = STRBUF_INIT(4);
    strbuf_reset(&sb);
    strbuf_adds(&sb, "abc");
    strbuf_adds(&sb, "de");
    const char *memory = sb.buf;
    strbuf_reset(&sb);
    assert_ptr_equal(sb.buf, memory);
    assert_string_equal(strbuf_str(&sb), "");
    assert_int_equal(strbuf_err(&sb), 0);
    strbuf_adds(&sb, "new");
    assert_string_equal(strbuf_str(&sb), "new");
}

static void detached_text_is_the_callers(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf sb = STRBUF_INIT(100);
    AUTO(free) char *nothing = strbuf_detach(&sb);
    assert_string_equal(nothing, "");
    strbuf_adds(&sb, "one");
    AUTO(free) char *one = strbuf_detach(&sb);
    assert_string_equal(strbuf_str(&sb), "");
    strbuf_adds(&sb, "two");
    assert_string_equal(one, "one");
    assert_string_equal(strbuf_str(&sb), "two");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_buffer_reads_as_empty_text),
        cmocka_unit_test(pieces_are_appended_in_order),
        cmocka_unit_test(growing_keeps_what_was_there),
        cmocka_unit_test(limit_is_reached_but_not_passed),
        cmocka_unit_test(overflow_sticks_so_that_no_hole_appears),
        cmocka_unit_test(absurd_lengths_do_not_wrap_around),
        cmocka_unit_test(limit_of_nothing_takes_nothing),
        cmocka_unit_test(reset_empties_and_forgives),
        cmocka_unit_test(detached_text_is_the_callers),
    };
    return cmocka_run_group_tests_name("strbuf", tests, NULL, NULL);
}
