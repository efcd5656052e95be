#include "unit.h"

#include <string.h>

#include "mem.h"
#include "sheet_meaning.h"

#define OCI "org.opencontainers.image."
#define SCHEMA "org.label-schema."

static const struct {
    const char *key;
    const char *value;
    const char *meaning; /* NULL: its own */
    enum key_family family;
} keys[] = {
    {OCI "authors", "x", "authors", FAMILY_OCI},
    {OCI "base.digest", "x", "base.digest", FAMILY_OCI},
    {OCI "base.name", "x", "base.name", FAMILY_OCI},
    {OCI "created", "x", "created", FAMILY_OCI},
    {OCI "description", "x", "description", FAMILY_OCI},
    {OCI "documentation", "x", "documentation", FAMILY_OCI},
    {OCI "licenses", "x", "licenses", FAMILY_OCI},
    {OCI "ref.name", "x", "ref.name", FAMILY_OCI},
    {OCI "revision", "x", "revision", FAMILY_OCI},
    {OCI "source", "x", "source", FAMILY_OCI},
    {OCI "title", "x", "title", FAMILY_OCI},
    {OCI "url", "x", "url", FAMILY_OCI},
    {OCI "vendor", "x", "vendor", FAMILY_OCI},
    {OCI "version", "x", "version", FAMILY_OCI},
    {SCHEMA "build-date", "x", "created", FAMILY_LABEL_SCHEMA},
    {SCHEMA "description", "x", "description", FAMILY_LABEL_SCHEMA},
    {SCHEMA "license", "x", "licenses", FAMILY_LABEL_SCHEMA},
    {SCHEMA "name", "x", "title", FAMILY_LABEL_SCHEMA},
    {SCHEMA "url", "x", "url", FAMILY_LABEL_SCHEMA},
    {SCHEMA "usage", "https://example.org", "documentation", FAMILY_LABEL_SCHEMA},
    {SCHEMA "usage", "docker run x", NULL, FAMILY_LABEL_SCHEMA},
    {SCHEMA "usage", "javascript:alert(1)", NULL, FAMILY_LABEL_SCHEMA},
    {SCHEMA "vcs-ref", "x", "revision", FAMILY_LABEL_SCHEMA},
    {SCHEMA "vcs-url", "x", "source", FAMILY_LABEL_SCHEMA},
    {SCHEMA "vendor", "x", "vendor", FAMILY_LABEL_SCHEMA},
    {SCHEMA "version", "x", "version", FAMILY_LABEL_SCHEMA},
    {SCHEMA "schema-version", "1.0", NULL, FAMILY_LABEL_SCHEMA},
    {SCHEMA "title", "x", NULL, FAMILY_LABEL_SCHEMA},
    {OCI "license", "x", NULL, FAMILY_OCI},
    {"maintainer", "x", "authors", FAMILY_OTHER},
    {"version", "x", NULL, FAMILY_OTHER},
    {"", "x", NULL, FAMILY_OTHER},
};

static void keys_have_their_meanings(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        enum key_family family;
        const char *meaning = sheet_meaning(keys[i].key, keys[i].value, &family);
        if (!keys[i].meaning != !meaning || (meaning && strcmp(meaning, keys[i].meaning) != 0))
            fail_msg("%s means %s", keys[i].key, meaning ? meaning : "itself");
        assert_int_equal(family, keys[i].family);
    }
}

static const struct {
    const char *meaning;
    const char *a;
    const char *b;
    bool agree;
} values[] = {
    {NULL, "x", " x\n", true},
    {NULL, "x", "X", false},
    {NULL, "", "", true},
    {NULL, "", "x", false},
    {"title", "a", "b", false},
    {"created", "2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00", true},
    {"created", "2026-03-01T12:00:00Z", "2026-03-02T11:59:59Z", true},
    {"created", "2026-03-01T12:00:00Z", "2026-03-02T12:00:01Z", false},
    {"created", "2026-03-01T12:00:00Z", "yesterday", false},
    {"revision", "9f2c1ab", "9F2C1AB77D0312", true},
    {"revision", "9f2c1a", "9f2c1ab77d0312", false}, /* too short to tell */
    {"revision", "9f2c1ab77d", "9f2c1ab77e", false},
    {"source", "git@github.com:org/repo.git", "https://github.com/Org/repo/", true},
    {"source", "https://github.com/org/repo", "https://gitlab.com/org/repo", false},
    {"source", "javascript:a", "javascript:b", false},
    {"licenses", "apache-2.0 or mit", "Apache-2.0 OR MIT", true},
    {"licenses", "MIT", "ISC", false},
    {"licenses", "Ours", "ours", false},
    {"version", "v1.2", "1.2", true},
    {"version", "1.2", "1.2.0", false},
    {"version", "v", "", true},
    {"url", "https://a.example/", "https://a.example", true},
    {"url", "https://a.example/x", "https://a.example", false},
    {"documentation", "https://a.example/", "https://a.example", true},
    {"title", "https://a.example/", "https://a.example", false},
};

static void values_agree_by_meaning(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        bool there = sheet_values_agree(values[i].meaning, values[i].a, values[i].b);
        bool back = sheet_values_agree(values[i].meaning, values[i].b, values[i].a);
        if (there != values[i].agree || back != values[i].agree)
            fail_msg("%s and %s", values[i].a, values[i].b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_their_meanings),
        cmocka_unit_test(values_agree_by_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
