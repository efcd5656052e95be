#include "sheet_meaning.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "license.h"
#include "mem.h"
#include "vcs.h"

#define OCI "org.opencontainers.image."
#define SCHEMA "org.label-schema."
#define BLANKS " \t\r\n"
#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define SHORT_REVISION_MIN_BYTES 7

static const struct {
    const char *meaning;
    const char *schema; /* NULL where label-schema has no such key */
} meanings[] = {
    {"authors", NULL},
    {"base.digest", NULL},
    {"base.name", NULL},
    {"created", "build-date"},
    {"description", "description"},
    {"documentation", "usage"},
    {"licenses", "license"},
    {"ref.name", NULL},
    {"revision", "vcs-ref"},
    {"source", "vcs-url"},
    {"title", "name"},
    {"url", "url"},
    {"vendor", "vendor"},
    {"version", "version"},
};

static const char *behind(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

static bool is_web_address(const char *value)
{
    return strncasecmp(value, "https://", 8) == 0 || strncasecmp(value, "http://", 7) == 0;
}

const char *sheet_meaning(const char *key, const char *value, enum key_family *ret_family)
{
    const char *oci = behind(key, OCI);
    const char *schema = behind(key, SCHEMA);
    *ret_family = oci ? FAMILY_OCI : schema ? FAMILY_LABEL_SCHEMA : FAMILY_OTHER;
    if (strcmp(key, "maintainer") == 0)
        return "authors";
    if (schema && strcmp(schema, "usage") == 0 && !is_web_address(value))
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
        bool is_oci = oci && strcmp(oci, meanings[i].meaning) == 0;
        bool is_schema = schema && meanings[i].schema && strcmp(schema, meanings[i].schema) == 0;
        if (is_oci || is_schema)
            return meanings[i].meaning;
    }
    return NULL;
}

static char *trimmed(const char *text)
{
    text += strspn(text, BLANKS);
    size_t len = strlen(text);
    while (len > 0 && strchr(BLANKS, text[len - 1]))
        len--;
    return xstrndup(text, len);
}

static bool same_day(const char *a, const char *b)
{
    int64_t a_ms;
    int64_t b_ms;
    return clock_parse(a, &a_ms) == 0 && clock_parse(b, &b_ms) == 0 &&
           llabs((long long)(a_ms - b_ms)) <= DAY_MS;
}

static bool same_revision(const char *a, const char *b)
{
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    size_t len = a_len < b_len ? a_len : b_len;
    return len >= SHORT_REVISION_MIN_BYTES && strncasecmp(a, b, len) == 0;
}

/* True where both have the form that read gives them, and it is the same. */
static bool same_as_read(char *read(const char *text), const char *a, const char *b)
{
    AUTO(free) char *a_read = read(a);
    AUTO(free) char *b_read = read(b);
    return a_read && b_read && strcasecmp(a_read, b_read) == 0;
}

static bool same_version(const char *a, const char *b)
{
    return strcmp(a + (*a == 'v'), b + (*b == 'v')) == 0;
}

static bool same_page(const char *a, const char *b)
{
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    a_len -= a_len > 0 && a[a_len - 1] == '/';
    b_len -= b_len > 0 && b[b_len - 1] == '/';
    return a_len == b_len && memcmp(a, b, a_len) == 0;
}

bool sheet_values_agree(const char *meaning, const char *a, const char *b)
{
    AUTO(free) char *left = trimmed(a);
    AUTO(free) char *right = trimmed(b);
    if (strcmp(left, right) == 0)
        return true;
    if (!meaning)
        return false;
    if (strcmp(meaning, "created") == 0)
        return same_day(left, right);
    if (strcmp(meaning, "revision") == 0)
        return same_revision(left, right);
    if (strcmp(meaning, "source") == 0)
        return same_as_read(vcs_repository, left, right);
    if (strcmp(meaning, "licenses") == 0)
        return same_as_read(license_expression, left, right);
    if (strcmp(meaning, "version") == 0)
        return same_version(left, right);
    bool is_page = strcmp(meaning, "url") == 0 || strcmp(meaning, "documentation") == 0;
    return is_page && same_page(left, right);
}
