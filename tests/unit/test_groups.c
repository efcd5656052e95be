#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "groups.h"
#include "jsonx.h"
#include "mem.h"

static struct groups groups;

static int start(void **state)
{
    (void)state;
    groups_init(&groups);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    groups_release(&groups);
    return 0;
}

static void assert_json(json_t *json, const char *expected)
{
    AUTO(free) char *text = jsonx_dump(json);
    assert_string_equal(text, expected);
}

static void nothing_makes_an_empty_record(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *record = groups_record(&groups, 0, 0);
    assert_json(record, "{\"Revision\":0,\"Next\":0,\"Versions\":[],\"Rest\":[]}");
}

static void tags_are_grouped_in_the_order_of_arrival(void **state)
{
    (void)state;
    groups_add(&groups, "sha256:b", "latest");
    groups_add(&groups, "sha256:a", "1");
    groups_add(&groups, "sha256:b", "2");
    groups_add(&groups, "sha256:c", NULL);
    groups_add(&groups, "sha256:b", "0");
    groups_add_rest(&groups, "old");
    groups_add_rest(&groups, "older");
    JSON_AUTO
    json_t *record = groups_record(&groups, 5000000000, 6);
    assert_json(record, "{\"Revision\":5000000000,\"Next\":6,\"Versions\":["
                        "{\"Digest\":\"sha256:b\",\"Tags\":[\"latest\",\"2\",\"0\"]},"
                        "{\"Digest\":\"sha256:a\",\"Tags\":[\"1\"]},"
                        "{\"Digest\":\"sha256:c\",\"Tags\":[]}],\"Rest\":[\"old\",\"older\"]}");
}

static void version_without_tag_may_get_one_later(void **state)
{
    (void)state;
    groups_add(&groups, "sha256:a", NULL);
    groups_add(&groups, "sha256:a", "1");
    groups_add(&groups, "sha256:a", NULL);
    JSON_AUTO
    json_t *record = groups_record(&groups, 1, 1);
    assert_json(json_object_get(record, "Versions"),
                "[{\"Digest\":\"sha256:a\",\"Tags\":[\"1\"]}]");
}

static void record_outlives_its_groups(void **state)
{
    (void)state;
    struct groups other;
    groups_init(&other);
    groups_add(&other, "sha256:a", "1");
    groups_add_rest(&other, "2");
    JSON_AUTO
    json_t *record = groups_record(&other, 1, 2);
    groups_release(&other);
    assert_json(record, "{\"Revision\":1,\"Next\":2,\"Versions\":[{\"Digest\":\"sha256:a\","
                        "\"Tags\":[\"1\"]}],\"Rest\":[\"2\"]}");
}

static void digests_are_found_by_tag(void **state)
{
    (void)state;
    groups_add(&groups, "sha256:a", "1");
    groups_add(&groups, "sha256:a", "2");
    groups_add(&groups, "sha256:b", "3");
    groups_add_rest(&groups, "4");
    JSON_AUTO
    json_t *record = groups_record(&groups, 1, 4);
    JSON_AUTO
    json_t *by_tag = groups_by_tag(record);
    assert_json(by_tag, "{\"1\":\"sha256:a\",\"2\":\"sha256:a\",\"3\":\"sha256:b\",\"4\":\"\"}");
}

static void versions_of_a_record_are_known(void **state)
{
    (void)state;
    groups_add(&groups, "sha256:a", "1");
    groups_add(&groups, "sha256:b", NULL);
    JSON_AUTO
    json_t *record = groups_record(&groups, 1, 1);
    assert_true(groups_has_version(record, "sha256:a"));
    assert_true(groups_has_version(record, "sha256:b"));
    assert_false(groups_has_version(record, "sha256:"));
    assert_false(groups_has_version(record, "1"));
    assert_false(groups_has_version(record, ""));
}

static void no_record_or_a_broken_one_holds_nothing(void **state)
{
    (void)state;
    const char *broken[] = {"null", "[]", "{}", "{\"Versions\":{},\"Rest\":7}",
                            "{\"Versions\":[1,null,[],{\"Tags\":[\"1\"]},{\"Digest\":\"d\"},"
                            "{\"Digest\":\"e\",\"Tags\":[null,{}]}],\"Rest\":[1,null]}"};
    assert_false(groups_has_version(NULL, "x"));
    JSON_AUTO
    json_t *none = groups_by_tag(NULL);
    assert_json(none, "{}");
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        JSON_AUTO
        json_t *record = json_loads(broken[i], JSON_DECODE_ANY, NULL);
        assert_non_null(record);
        JSON_AUTO
        json_t *by_tag = groups_by_tag(record);
        assert_json(by_tag, "{}");
        assert_false(groups_has_version(record, "x"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_makes_an_empty_record, start, stop),
        cmocka_unit_test_setup_teardown(tags_are_grouped_in_the_order_of_arrival, start, stop),
        cmocka_unit_test_setup_teardown(version_without_tag_may_get_one_later, start, stop),
        cmocka_unit_test_setup_teardown(record_outlives_its_groups, start, stop),
        cmocka_unit_test_setup_teardown(digests_are_found_by_tag, start, stop),
        cmocka_unit_test_setup_teardown(versions_of_a_record_are_known, start, stop),
        cmocka_unit_test_setup_teardown(no_record_or_a_broken_one_holds_nothing, start, stop),
    };
    return cmocka_run_group_tests_name("groups", tests, NULL, NULL);
}
