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

/* Licenses */

static void expect_license(const char *labels, const char *code, const char *url)
{
    JSON_AUTO
    json_t *json = unit_json(labels);
    JSON_AUTO
    json_t *license = labels_license(json);
    if (!code) {
        assert_null(license);
        return;
    }
    assert_string_equal(jsonx_str(license, "Code"), code);
    assert_string_equal(jsonx_str(license, "URL"), url);
    assert_int_equal(json_object_size(license), *url ? 2 : 1);
}

static void licenses_of_both_families(void **state)
{
    (void)state;
    expect_license("{'org.label-schema.license':'MIT','org.opencontainers.image.licenses':'ISC'}",
                   "MIT", "https://spdx.org/licenses/MIT.html");
    expect_license("{'org.opencontainers.image.licenses':'Apache-2.0'}", "Apache-2.0",
                   "https://spdx.org/licenses/Apache-2.0.html");
    expect_license("{'z.license':'ISC','a.license.x':'mit'}", "mit",
                   "https://spdx.org/licenses/MIT.html");
    expect_license("{'org.label-schema.license':'','license':'GPLv3'}", "GPLv3",
                   "https://spdx.org/licenses/GPL-3.0-only.html");
    expect_license("{'org.label-schema.license':'GPL-2.0-or-later'}", "GPL-2.0-or-later",
                   "https://spdx.org/licenses/GPL-2.0-or-later.html");
}

static void codes_that_have_no_page(void **state)
{
    (void)state;
    expect_license("{'license':'MIT OR Apache-2.0'}", "MIT OR Apache-2.0", "");
    expect_license("{'license':'Proprietary'}", "Proprietary", "");
    expect_license("{'license':'LicenseRef-1'}", "LicenseRef-1", "");
    expect_license("{'license':'../../evil-1'}", "../../evil-1", "");
    expect_license("{'license':'<script>-1'}", "<script>-1", "");
    expect_license("{'license':5}", NULL, NULL);
    expect_license("{'other':'x'}", NULL, NULL);
    expect_license("{}", NULL, NULL);
    assert_null(labels_license(NULL));
}

/* Version control */

static void expect_url(const char *source, const char *url)
{
    JSON_AUTO
    json_t *labels = json_object();
    json_object_set_new(labels, "org.opencontainers.image.source", json_string(source));
    json_object_set_new(labels, "org.opencontainers.image.revision", json_string("abc123"));
    JSON_AUTO
    json_t *control = labels_version_control(labels);
    if (!url) {
        if (control)
            fail_msg("%s gives %s", source, jsonx_str(control, "URL"));
        return;
    }
    assert_string_equal(jsonx_str(control, "Type"), "git");
    assert_string_equal(jsonx_str(control, "URL"), url);
    assert_string_equal(jsonx_str(control, "Commit"), "abc123");
    assert_int_equal(json_object_size(control), 3);
}

static void urls_lead_to_the_commit(void **state)
{
    (void)state;
    static const char github[] = "https://github.com/org/repo/tree/abc123";
    expect_url("https://github.com/org/repo", github);
    expect_url("https://github.com/org/repo.git", github);
    expect_url("https://github.com/org/repo/", github);
    expect_url("http://github.com/org/repo", github);
    expect_url("git@github.com:org/repo.git", github);
    expect_url("ssh://git@github.com/org/repo.git", github);
    expect_url("git://github.com/org/repo.git", github);
    expect_url("git+https://github.com/org/repo.git", github);
    expect_url("https://github.com/org/repo.git#0123abcd:sub/folder", github);
    expect_url("https://github.com/org/repo/tree/main/docker", github);
    expect_url("https://user:token@github.com/org/repo", github);
    expect_url("https://gitlab.com/group/sub/repo.git",
               "https://gitlab.com/group/sub/repo/-/tree/abc123");
    expect_url("git@bitbucket.org:org/repo.git", "https://bitbucket.org/org/repo/src/abc123");
    expect_url("https://git.example.org/org/repo.git", "https://git.example.org/org/repo");
    expect_url("git@git.example.org:org/repo.git", "https://git.example.org/org/repo");
    expect_url("https://github.com.evil.example/org/repo",
               "https://github.com.evil.example/org/repo");
}

static void what_is_no_address_is_left_out(void **state)
{
    (void)state;
    expect_url("javascript:alert(1)", NULL);
    expect_url("data:text/html,x", NULL);
    expect_url("https://", NULL);
    expect_url("https://github.com", NULL);
    expect_url("https:///path", NULL);
    expect_url("https://github.com/org/re po", NULL);
    expect_url("https://github.com/org/\"onload=x", NULL);
    expect_url("https://github.com/org/<b>", NULL);
    expect_url("git@github.com", NULL);
    expect_url("just text", NULL);
}

static void expect_commit(const char *labels, const char *url, const char *commit)
{
    JSON_AUTO
    json_t *json = unit_json(labels);
    JSON_AUTO
    json_t *control = labels_version_control(json);
    assert_string_equal(jsonx_str(control, "URL"), url);
    assert_string_equal(jsonx_str(control, "Commit"), commit);
}

#define SCHEMA_URL "'org.label-schema.vcs-url':'https://github.com/a/b'"
#define SCHEMA_REF "'org.label-schema.vcs-ref':'1111'"
#define OCI_URL "'org.opencontainers.image.source':'https://github.com/c/d'"
#define OCI_REF "'org.opencontainers.image.revision':'2222'"

static void families_are_not_mixed_without_need(void **state)
{
    (void)state;
    expect_commit("{" SCHEMA_URL "," SCHEMA_REF "," OCI_URL "," OCI_REF "}",
                  "https://github.com/a/b/tree/1111", "1111");
    expect_commit("{" SCHEMA_URL "," OCI_URL "," OCI_REF "}", "https://github.com/c/d/tree/2222",
                  "2222");
    expect_commit("{" SCHEMA_URL "," OCI_REF "}", "https://github.com/a/b/tree/2222", "2222");
    expect_commit("{" OCI_URL "," SCHEMA_REF "}", "https://github.com/c/d/tree/1111", "1111");
    expect_commit("{'my.vcs-url':'https://github.com/e/f','my.vcs-ref':'3333'}",
                  "https://github.com/e/f/tree/3333", "3333");
    expect_commit("{" OCI_URL ",'org.opencontainers.image.revision':'../../x y'}",
                  "https://github.com/c/d", "../../x y");
}

static void half_or_other_facts_give_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{" SCHEMA_URL "}",
        "{" OCI_REF "}",
        "{" SCHEMA_URL "," SCHEMA_REF ",'org.label-schema.vcs-type':'svn'}",
        "{}",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        JSON_AUTO
        json_t *json = unit_json(texts[i]);
        assert_null(labels_version_control(json));
    }
    assert_null(labels_version_control(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_become_texts),
        cmocka_unit_test(long_values_are_cut_at_a_character),
        cmocka_unit_test(all_together_are_bounded),
        cmocka_unit_test(endless_keys_are_left_out),
        cmocka_unit_test(licenses_of_both_families),
        cmocka_unit_test(codes_that_have_no_page),
        cmocka_unit_test(urls_lead_to_the_commit),
        cmocka_unit_test(what_is_no_address_is_left_out),
        cmocka_unit_test(families_are_not_mixed_without_need),
        cmocka_unit_test(half_or_other_facts_give_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
