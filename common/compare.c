#include "compare.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "compare_layers.h"
#include "compare_lines.h"
#include "compare_table.h"
#include "jsonx.h"
#include "mem.h"

/* Sides */

static json_t *side_object(const struct compare_side *side)
{
    static const char *const members[] = {"ImageName", "SHA",          "Digest",    "LatestVersion",
                                          "Platform",  "MediaType",    "Created",   "Author",
                                          "License",   "DownloadSize", "LayerCount"};
    json_t *object = json_pack("{s:s}", "Reference", side->reference);
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        json_t *value = json_object_get(side->version, members[i]);
        if (value)
            json_object_set(object, members[i], value);
    }
    if (*side->image_digest)
        json_object_set_new(object, "ImageDigest", json_string(side->image_digest));
    return object;
}

static bool is_same_text(const char *a, const char *b)
{
    return *a && strcmp(a, b) == 0;
}

static const char *match_of(const struct compare_side *a, const struct compare_side *b,
                            bool has_same_layers)
{
    const char *config = jsonx_str(a->version, "ConfigDigest");
    if (is_same_text(a->image_digest, b->image_digest))
        return "manifest";
    if (is_same_text(config, jsonx_str(b->version, "ConfigDigest")))
        return "config";
    return has_same_layers ? "layers" : "none";
}

static json_int_t size_of(const json_t *version)
{
    json_int_t bytes = jsonx_int(version, "DownloadSize");
    return bytes > 0 ? bytes : 0;
}

static json_t *size_object(const json_t *a, const json_t *b)
{
    json_int_t a_bytes = size_of(a);
    json_int_t b_bytes = size_of(b);
    return json_pack("{s:I,s:I,s:I}", "A", a_bytes, "B", b_bytes, "Difference", b_bytes - a_bytes);
}

/* Tables */

static json_t *labels_table(const json_t *a, const json_t *b)
{
    AUTO(compare_entries) struct compare_entries left = {0};
    AUTO(compare_entries) struct compare_entries right = {0};
    const char *name;
    json_t *value;
    json_object_foreach(jsonx_object(a, "Labels"), name, value)
        compare_entries_add(&left, xstrdup(name), json_incref(value));
    json_object_foreach(jsonx_object(b, "Labels"), name, value)
        compare_entries_add(&right, xstrdup(name), json_incref(value));
    return compare_table(&left, &right, NULL, false);
}

/* "NAME=value"; what has no sign has no value. */
static void add_variables(const json_t *version, struct compare_entries *entries)
{
    size_t i;
    json_t *item;
    json_array_foreach(jsonx_array(jsonx_object(version, "Config"), "Env"), i, item)
    {
        const char *text = json_is_string(item) ? json_string_value(item) : "";
        size_t len = strcspn(text, "=");
        compare_entries_add(entries, xstrndup(text, len), json_string(text + len + !!text[len]));
    }
}

static json_t *env_table(const json_t *a, const json_t *b)
{
    AUTO(compare_entries) struct compare_entries left = {0};
    AUTO(compare_entries) struct compare_entries right = {0};
    add_variables(a, &left);
    add_variables(b, &right);
    return compare_table(&left, &right, NULL, false);
}

static void add_settings(const json_t *version, struct compare_entries *entries)
{
    const char *name;
    json_t *value;
    json_object_foreach(jsonx_object(version, "Config"), name, value)
    {
        if (strcmp(name, "Env") != 0)
            compare_entries_add(entries, xstrdup(name), json_incref(value));
    }
}

static json_t *config_table(const json_t *a, const json_t *b)
{
    AUTO(compare_entries) struct compare_entries left = {0};
    AUTO(compare_entries) struct compare_entries right = {0};
    add_settings(a, &left);
    add_settings(b, &right);
    return compare_table(&left, &right, NULL, false);
}

/* One that has not been looked at has no size yet. */
static json_t *platform_value(const json_t *platform)
{
    static const char *const members[] = {"Digest", "DownloadSize", "LayerCount"};
    bool is_pending = json_is_true(json_object_get(platform, "Pending"));
    json_t *value = json_object();
    for (size_t m = 0; m < (is_pending ? 1 : ARRAY_LEN(members)); m++)
        if (json_object_get(platform, members[m]))
            json_object_set(value, members[m], json_object_get(platform, members[m]));
    return value;
}

/* Windows images differ by OSVersion where their platform is the same. */
static void add_platforms(const json_t *version, struct compare_entries *entries)
{
    size_t i;
    json_t *platform;
    json_array_foreach(jsonx_array(version, "Platforms"), i, platform)
    {
        const char *os_version = jsonx_str(platform, "OSVersion");
        char *name = xasprintf("%s%s%s", jsonx_str(platform, "Platform"), *os_version ? " " : "",
                               os_version);
        compare_entries_add(entries, name, platform_value(platform));
    }
}

static json_t *platforms_table(const json_t *a, const json_t *b)
{
    AUTO(compare_entries) struct compare_entries left = {0};
    AUTO(compare_entries) struct compare_entries right = {0};
    add_platforms(a, &left);
    add_platforms(b, &right);
    return compare_table(&left, &right, "Digest", true);
}

/* Base */

static json_t *base_object(const json_t *base)
{
    static const char *const members[] = {"Name", "Tag", "Digest", "Layers", "Certainty"};
    json_t *object = json_object();
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (json_object_get(base, members[i]))
            json_object_set(object, members[i], json_object_get(base, members[i]));
    return object;
}

/* The same name and tag may have been another image then. */
static bool is_same_base(const json_t *a, const json_t *b)
{
    return strcmp(jsonx_str(a, "Name"), jsonx_str(b, "Name")) == 0 &&
           strcmp(jsonx_str(a, "Tag"), jsonx_str(b, "Tag")) == 0 &&
           strcmp(jsonx_str(a, "Digest"), jsonx_str(b, "Digest")) == 0;
}

static void set_base(json_t *answer, const json_t *a, const json_t *b)
{
    const json_t *left = jsonx_object(a, "Base");
    const json_t *right = jsonx_object(b, "Base");
    if (!left && !right)
        return;
    const char *change = !left                       ? COMPARE_ADDED
                         : !right                    ? COMPARE_REMOVED
                         : is_same_base(left, right) ? COMPARE_KEPT
                                                     : COMPARE_CHANGED;
    json_t *object = json_pack("{s:s}", "Change", change);
    if (left)
        json_object_set_new(object, "A", base_object(left));
    if (right)
        json_object_set_new(object, "B", base_object(right));
    json_object_set_new(answer, "Base", object);
}

json_t *compare_versions(const struct compare_side *a, const struct compare_side *b)
{
    const json_t *left = a->version;
    const json_t *right = b->version;
    bool has_same_layers = false;
    json_t *answer = json_object();
    json_t *layers =
        compare_layers(jsonx_array(left, "Layers"), jsonx_array(right, "Layers"), &has_same_layers);
    const char *match = match_of(a, b, has_same_layers);
    json_object_set_new(answer, "A", side_object(a));
    json_object_set_new(answer, "B", side_object(b));
    json_object_set_new(answer, "Match", json_string(match));
    json_object_set_new(answer, "Identical", json_boolean(strcmp(match, "manifest") == 0));
    json_object_set_new(answer, "DownloadSize", size_object(left, right));
    json_object_set_new(answer, "Layers", layers);
    set_base(answer, left, right);
    json_object_set_new(answer, "Platforms", platforms_table(left, right));
    json_object_set_new(answer, "Labels", labels_table(left, right));
    json_object_set_new(answer, "Env", env_table(left, right));
    json_object_set_new(answer, "Config", config_table(left, right));
    json_object_set_new(answer, "Dockerfile",
                        compare_lines(jsonx_array(left, "Layers"), jsonx_str(left, "Platform"),
                                      jsonx_array(right, "Layers"), jsonx_str(right, "Platform")));
    return answer;
}
