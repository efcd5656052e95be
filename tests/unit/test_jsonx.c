#include "unit.h"

#include <string.h>

#include "err.h"
#include "jsonx.h"
#include "mem.h"

static json_t *parse(const char *text)
{
    json_t *json = NULL;
    if (jsonx_parse(text, strlen(text), &json) != 0)
        fail_msg("refused: %s", text);
    return json;
}

static void expect_label(const char *text, const char *label)
{
    JSON_AUTO
    json_t *json = parse(text);
    assert_string_equal(jsonx_str(json, "l"), label);
}

static void bad_bytes_are_replaced(void **state)
{
    (void)state;
    expect_label("{\"l\":\"a\xff"
                 "b\"}",
                 "a\xef\xbf\xbd"
                 "b");
    expect_label("{\"l\":\"\xc3\"}", "\xef\xbf\xbd");
    expect_label("{\"l\":\"\xc0\xaf\"}", "\xef\xbf\xbd\xef\xbf\xbd"); /* overlong */
    expect_label("{\"l\":\"\xed\xa0\x80!\"}",
                 "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd!"); /* surrogate */
    expect_label("{\"l\":\"\xf4\x90\x80\x80\"}",
                 "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* beyond U+10FFFF */
    expect_label("{\"l\":\"\xf0\x9f\x90\xb3 \xc3\xa9\"}", "\xf0\x9f\x90\xb3 \xc3\xa9");
}

static void bad_escapes_are_replaced(void **state)
{
    (void)state;
    expect_label("{\"l\":\"a\\u0000b\"}", "ab");
    expect_label("{\"l\":\"\\ud800\"}", "\xef\xbf\xbd");
    expect_label("{\"l\":\"\\uDC00x\"}", "\xef\xbf\xbdx");
    expect_label("{\"l\":\"\\ud800\\ud83d\\udc33\"}", "\xef\xbf\xbd\xf0\x9f\x90\xb3");
    expect_label("{\"l\":\"\\ud800\\n\"}", "\xef\xbf\xbd\n");
    /* An escaped backslash in front: no escape at all. */
    expect_label("{\"l\":\"\\\\u0000 \\u0000\"}", "\\u0000 ");
    expect_label("{\"l\":\"\\\\ud800 \\ud800\"}", "\\ud800 \xef\xbf\xbd");
}

static void one_oddity_does_not_hide_the_rest(void **state)
{
    (void)state;
    expect_label("\xef\xbb\xbf{\"l\":\"bom\"}", "bom");
    JSON_AUTO
    json_t *json = parse("{\"big\":99999999999999999999,\"size\":12,\"l\":\"\\u0000\"}");
    assert_int_equal(jsonx_int(json, "size"), 12);
    assert_int_equal(jsonx_int(json, "big"), 0);
}

static void what_is_no_json_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",      "null", "\"text\"",       "{",      "{\"a\":1}x", "<html>",
        "{a:1}", "[1,]", "{\"l\":\"\\ud8", "\\u0000"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        json_t *json = NULL;
        assert_int_equal(jsonx_parse(bad[i], strlen(bad[i]), &json), ERR_PROTO);
        assert_null(json);
    }
}

static void depth_is_bounded(void **state)
{
    (void)state;
    size_t len = 100000;
    AUTO(free) char *deep = xmalloc(len);
    memset(deep, '[', len);
    json_t *json = NULL;
    assert_int_equal(jsonx_parse(deep, len, &json), ERR_PROTO);
}

static void members_have_defaults(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *json = parse("{\"s\":\"x\",\"i\":-5,\"r\":1417566161.9,\"huge\":1e300,\"n\":null,"
                         "\"o\":{},\"a\":[]}");
    assert_string_equal(jsonx_str(json, "s"), "x");
    assert_string_equal(jsonx_str(json, "i"), "");
    assert_string_equal(jsonx_str(json, "missing"), "");
    assert_string_equal(jsonx_str(NULL, "s"), "");
    assert_int_equal(jsonx_int(json, "i"), -5);
    assert_int_equal(jsonx_int(json, "r"), 1417566161);
    assert_int_equal(jsonx_int(json, "huge"), 0);
    assert_int_equal(jsonx_int(json, "s"), 0);
    assert_int_equal(jsonx_int(NULL, "s"), 0);
    assert_non_null(jsonx_object(json, "o"));
    assert_null(jsonx_object(json, "a"));
    assert_null(jsonx_object(json, "n"));
    assert_non_null(jsonx_array(json, "a"));
    assert_null(jsonx_array(json, "o"));
    assert_null(jsonx_array(NULL, "a"));
}

static void dumps_are_compact_and_plain(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *json = parse("{ \"l\" : \"<a> & b\", \"n\" : [ 1, 2 ] }");
    AUTO(free) char *text = jsonx_dump(json);
    assert_string_equal(text, "{\"l\":\"<a> & b\",\"n\":[1,2]}");
    AUTO(free) char *scalar = jsonx_dump(json_object_get(json, "l"));
    assert_string_equal(scalar, "\"<a> & b\"");
}

static void texts_are_repaired(void **state)
{
    (void)state;
    AUTO(free) char *text = jsonx_repair_utf8("a\0b\xff", 4);
    assert_string_equal(text, "ab\xef\xbf\xbd");
    AUTO(free) char *empty = jsonx_repair_utf8("", 0);
    assert_string_equal(empty, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_bytes_are_replaced),
        cmocka_unit_test(bad_escapes_are_replaced),
        cmocka_unit_test(one_oddity_does_not_hide_the_rest),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(members_have_defaults),
        cmocka_unit_test(dumps_are_compact_and_plain),
        cmocka_unit_test(texts_are_repaired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
