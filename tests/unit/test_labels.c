#include "unit.h"

#include <string.h>

#include "jsonx.h"
#include "labels.h"
#include "mem.h"

/* Values as texts */

static void expect_texts(const char *object, const char *expected)
{
    JSON_AUTO
    json_t *json = unit_json(object);
    JSON_AUTO
    json_t *texts = labels_texts(json);
    AUTO(free) char *text = jsonx_dump(texts);
    assert_string_equal(text, expected);
}

static void values_become_texts(void **state)
{
    (void)state;
    expect_texts(
        "{'b':'x','a':'','n':5,'t':true,'f':false,'r':1.5}",
        "{\"a\":\"\",\"b\":\"x\",\"f\":\"false\",\"n\":\"5\",\"r\":\"1.5\",\"t\":\"true\"}");
    expect_texts("{'o':{},'l':[1],'z':null}", "{}");
    expect_texts("[]", "{}");
    JSON_AUTO
    json_t *none = labels_texts(NULL);
    assert_int_equal(json_object_size(none), 0);
    assert_true(json_is_object(none));
}

static json_t *long_text(size_t len)
{
    AUTO(free) char *text = xmalloc(len + 1);
    memset(text, 'x', len);
    text[len] = '\0';
    return json_string(text);
}

static void long_values_are_cut_at_a_character(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *labels = json_object();
    AUTO(free) char *text = xcalloc(1, 90001);
    for (size_t i = 0; i < 90000; i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3); /* 64 KiB fall inside one */
    json_object_set_new(labels, "euro", json_string(text));
    json_object_set_new(labels, "short", json_string("kept"));
    JSON_AUTO
    json_t *texts = labels_texts(labels);
    assert_string_equal(jsonx_str(texts, "short"), "kept");
    size_t len = strlen(jsonx_str(texts, "euro"));
    assert_int_equal(len, LABEL_VALUE_MAX_BYTES / 3 * 3);
}

static void all_together_are_bounded(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *labels = json_object();
    for (int i = 0; i < 1500; i++) {
        AUTO(free) char *key = xasprintf("k%04d", i);
        json_object_set_new(labels, key, long_text(3000));
    }
    json_object_set_new(labels, "a", json_string("small"));
    JSON_AUTO
    json_t *texts = labels_texts(labels);
    assert_int_equal(json_object_size(texts), LABELS_MAX);
    assert_string_equal(jsonx_str(texts, "a"), "small");
    size_t total_bytes = 0;
    const char *key;
    json_t *value;
    json_object_foreach(texts, key, value) total_bytes += json_string_length(value);
    assert_in_range(total_bytes, LABELS_TOTAL_MAX_BYTES / 4, LABELS_TOTAL_MAX_BYTES);

    JSON_AUTO
    json_t *few = json_object();
    json_object_set_new(few, "a", long_text(50000));
    json_object_set_new(few, "b", long_text(49999));
    JSON_AUTO
    json_t *whole = labels_texts(few);
    assert_int_equal(strlen(jsonx_str(whole, "a")), 50000);
    assert_int_equal(strlen(jsonx_str(whole, "b")), 49999);
}

static void endless_keys_are_left_out(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *labels = json_object();
    JSON_AUTO
    json_t *key = long_text(5000);
    json_object_set_new(labels, json_string_value(key), json_string("x"));
    JSON_AUTO
    json_t *texts = labels_texts(labels);
    assert_int_equal(json_object_size(texts), 0);
}

/* Finding by a word in the key */

static void expect_containing(const char *labels, const char *word, const char *value)
{
    JSON_AUTO
    json_t *json = unit_json(labels);
    assert_string_equal(labels_value_containing(json, word), value);
}

static void the_nearest_key_is_found(void **state)
{
    (void)state;
    expect_containing("{'com.x.license-url':'u','license':'MIT','a.license':'ISC'}", "license",
                      "MIT");
    expect_containing("{'b.license':'b','a.license':'a','c.license':'c'}", "license", "a");
    expect_containing("{'c.license':'c','a.license':'a','b.license':'b'}", "license", "a");
    expect_containing("{'license':'','x.license':'ISC'}", "license", "ISC");
    expect_containing("{'license':5,'License':'x'}", "license", "");
    expect_containing("{}", "license", "");
    assert_string_equal(labels_value_containing(NULL, "license"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_become_texts),
        cmocka_unit_test(long_values_are_cut_at_a_character),
        cmocka_unit_test(all_together_are_bounded),
        cmocka_unit_test(endless_keys_are_left_out),
        cmocka_unit_test(the_nearest_key_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
