#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "err.h"
#include "jsonx.h"
#include "mem.h"

#define FFFD "\xef\xbf\xbd"

/* The bytes are copied to a block of just their length, so that reading beyond is seen. */
static int parse(const char *data, size_t len, json_t **ret_json)
{
    AUTO(free) char *copy = xmalloc(len);
    memcpy(copy, data, len);
    return jsonx_parse(copy, len, ret_json);
}

static void assert_member(const char *text, size_t len, const char *expected)
{
    JSON_AUTO
    json_t *json = NULL;
    if (parse(text, len, &json) != 0)
        fail_msg("refused: %s", text);
    assert_string_equal(jsonx_str(json, "a"), expected);
}

#define ASSERT_MEMBER(text, expected) assert_member(text, sizeof(text) - 1, expected)

static void good_json_passes_unchanged(void **state)
{
    (void)state;
    ASSERT_MEMBER("{\"a\":\"b\"}", "b");
    ASSERT_MEMBER(" \n{\"a\":\"\\u00e9\\ud83d\\ude00\"}\r\n", "é😀");
    ASSERT_MEMBER("{\"a\":\"\xc3\xa9\xf0\x9f\x98\x80\"}", "é😀");
    ASSERT_MEMBER("\xef\xbb\xbf{\"a\":\"behind a byte order mark\"}", "behind a byte order mark");
    ASSERT_MEMBER("{\"a\":\"\\\\u0000 \\\\ud800\"}", "\\u0000 \\ud800");
}

static void bytes_that_are_no_utf8_are_replaced(void **state)
{
    (void)state;
    ASSERT_MEMBER("{\"a\":\"x\xff\x80y\"}", "x" FFFD FFFD "y");
    ASSERT_MEMBER("{\"a\":\"\xc3\"}", FFFD);
    ASSERT_MEMBER("{\"a\":\"\xc0\xaf\"}", FFFD FFFD);                   /* overlong */
    ASSERT_MEMBER("{\"a\":\"\xed\xa0\x80\"}", FFFD FFFD FFFD);          /* a surrogate */
    ASSERT_MEMBER("{\"a\":\"\xf4\x90\x80\x80\"}", FFFD FFFD FFFD FFFD); /* beyond U+10FFFF */
    ASSERT_MEMBER("{\"a\":\"é\xff😀\"}", "é" FFFD "😀");
}

static void lone_surrogates_are_replaced_and_nuls_dropped(void **state)
{
    (void)state;
    ASSERT_MEMBER("{\"a\":\"x\\ud800y\"}", "x" FFFD "y");
    ASSERT_MEMBER("{\"a\":\"\\uDC00\"}", FFFD);
    ASSERT_MEMBER("{\"a\":\"\\ud800\\ud83d\\ude00\\udead\"}", FFFD "😀" FFFD);
    ASSERT_MEMBER("{\"a\":\"\\ud800\\\\udc00\"}", FFFD "\\udc00");
    ASSERT_MEMBER("{\"a\":\"x\\u0000\\\"y\"}", "x\"y");
}

static void what_is_no_json_is_refused(void **state)
{
    (void)state;
    const char *bad[] = {"",
                         "x",
                         "null",
                         "1",
                         "\"text\"",
                         "{",
                         "[1,]",
                         "{\"a\":1}}",
                         "{\"a\":1} x",
                         "{\"a\":\"\\",
                         "{\"a\":\"\\u",
                         "{\"a\":\"\\ud800",
                         "{\"a\":\"\\ud800\\",
                         "{\"a\":\"\\ud800\\udc0",
                         "{\"a\":\"\\u12\"}",
                         "{\"a\":\"\\u\x10\x10\x10\x10\"}",
                         "{\"a\":\"line\nbreak\"}",
                         "{\"a\":123456789012345678901234567890}",
                         "{\"a\":1e999}",
                         "\xef\xbb\xbf",
                         "\xff\xff"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        json_t *json = NULL;
        if (parse(bad[i], strlen(bad[i]), &json) != ERR_PROTO)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_null(json);
    }
}

static void bottomless_nesting_is_refused(void **state)
{
    (void)state;
    size_t len = 1000000;
    AUTO(free) char *text = xmalloc(len);
    memset(text, '[', len);
    json_t *json = NULL;
    assert_int_equal(jsonx_parse(text, len, &json), ERR_PROTO);
    for (size_t i = 0; i < len; i += 5)
        memcpy(text + i, "{\"a\":", 5);
    assert_int_equal(jsonx_parse(text, len, &json), ERR_PROTO);
}

static void members_have_defaults(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *json = json_pack("{s:s,s:i,s:f,s:n,s:b,s:[],s:{}}", "text", "t", "int", -5, "real", 7.9,
                             "null", "true", 1, "array", "object");
    assert_string_equal(jsonx_str(json, "text"), "t");
    assert_int_equal(jsonx_int(json, "int"), -5);
    assert_int_equal(jsonx_int(json, "real"), 7);
    assert_ptr_equal(jsonx_array(json, "array"), json_object_get(json, "array"));
    assert_ptr_equal(jsonx_object(json, "object"), json_object_get(json, "object"));
    const char *others[] = {"null", "true", "missing"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        assert_string_equal(jsonx_str(json, others[i]), "");
        assert_int_equal(jsonx_int(json, others[i]), 0);
        assert_null(jsonx_object(json, others[i]));
        assert_null(jsonx_array(json, others[i]));
    }
    assert_string_equal(jsonx_str(json, "int"), "");
    assert_int_equal(jsonx_int(json, "text"), 0);
    assert_null(jsonx_object(json, "array"));
    assert_null(jsonx_array(json, "object"));
}

static void members_of_nothing_have_defaults_too(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *array = json_array();
    assert_string_equal(jsonx_str(NULL, "a"), "");
    assert_int_equal(jsonx_int(NULL, "a"), 0);
    assert_null(jsonx_object(NULL, "a"));
    assert_null(jsonx_array(NULL, "a"));
    assert_string_equal(jsonx_str(array, "a"), "");
}

static void reals_out_of_range_count_as_nothing(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *json = json_pack("{s:f,s:f,s:f,s:I}", "big", 1e30, "small", -1e30, "fits", 1e15, "max",
                             (json_int_t)INT64_MAX);
    assert_int_equal(jsonx_int(json, "big"), 0);
    assert_int_equal(jsonx_int(json, "small"), 0);
    assert_int_equal(jsonx_int(json, "fits"), 1000000000000000);
    assert_true(jsonx_int(json, "max") == INT64_MAX);
}

static void dump_is_compact_and_leaves_markup_alone(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *json = json_pack("{s:s,s:[i,n]}", "a", "<b>&é\n\"", "c", 1);
    AUTO(free) char *text = jsonx_dump(json);
    assert_string_equal(text, "{\"a\":\"<b>&é\\n\\\"\",\"c\":[1,null]}");
}

static void dump_takes_every_kind_of_value(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *text = json_string("a\"b");
    JSON_AUTO
    json_t *number = json_integer(5);
    JSON_AUTO
    json_t *null = json_null();
    AUTO(free) char *text_dump = jsonx_dump(text);
    AUTO(free) char *number_dump = jsonx_dump(number);
    AUTO(free) char *null_dump = jsonx_dump(null);
    assert_string_equal(text_dump, "\"a\\\"b\"");
    assert_string_equal(number_dump, "5");
    assert_string_equal(null_dump, "null");
}

static void assert_repaired(const char *data, size_t len, const char *expected)
{
    AUTO(free) char *copy = xmalloc(len);
    memcpy(copy, data, len);
    AUTO(free) char *text = jsonx_repair_utf8(copy, len);
    assert_string_equal(text, expected);
}

static void any_bytes_become_text(void **state)
{
    (void)state;
    assert_repaired("", 0, "");
    assert_repaired("\0\0", 2, "");
    assert_repaired("a\0b", 3, "ab");
    assert_repaired("é€😀", 9, "é€😀");
    assert_repaired("\xe2\x82", 2, FFFD FFFD); /* cut off at the end */
    assert_repaired("\xf0\x9f\x98", 3, FFFD FFFD FFFD);
    assert_repaired("\xc3\0\xa9", 3, FFFD FFFD);
    assert_repaired("\xff\xfe\xfd", 3, FFFD FFFD FFFD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_json_passes_unchanged),
        cmocka_unit_test(bytes_that_are_no_utf8_are_replaced),
        cmocka_unit_test(lone_surrogates_are_replaced_and_nuls_dropped),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(bottomless_nesting_is_refused),
        cmocka_unit_test(members_have_defaults),
        cmocka_unit_test(members_of_nothing_have_defaults_too),
        cmocka_unit_test(reals_out_of_range_count_as_nothing),
        cmocka_unit_test(dump_is_compact_and_leaves_markup_alone),
        cmocka_unit_test(dump_takes_every_kind_of_value),
        cmocka_unit_test(any_bytes_become_text),
    };
    return cmocka_run_group_tests_name("jsonx", tests, NULL, NULL);
}
