#include "shown_versions.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "jsonx.h"
#include "mem.h"
#include "natural.h"
#include "store.h"

#define STORE_CHUNK 256
#define DAY_MS (INT64_C(24) * 3600 * 1000)

static int get_chunked(struct store *store, const char **digests, size_t count, json_t **ret)
{
    for (size_t i = 0; i < count; i += STORE_CHUNK) {
        size_t chunk = count - i < STORE_CHUNK ? count - i : STORE_CHUNK;
        int err = store_get_versions(store, digests + i, chunk, ret + i);
        if (err)
            return err;
    }
    return 0;
}

static const char *greatest_tag(const json_t *tags)
{
    const char *greatest = "";
    size_t i;
    json_t *tag;
    json_array_foreach(tags, i, tag) if (natural_compare(json_string_value(tag), greatest) > 0)
        greatest = json_string_value(tag);
    return greatest;
}

static void children_of_image(struct shown_version *version)
{
    version->child_count = 1;
    version->children = xcalloc(1, sizeof(char *));
    version->platforms = xcalloc(1, sizeof(char *));
    version->child_facts = xcalloc(1, sizeof(json_t *));
    version->children[0] = version->digest;
    version->platforms[0] = jsonx_str(version->known, "Platform");
    version->child_facts[0] = version->known;
}

static void swap_first_child(struct shown_version *version, size_t other)
{
    const char *digest = version->children[0];
    const char *platform = version->platforms[0];
    json_t *facts = version->child_facts[0];
    version->children[0] = version->children[other];
    version->platforms[0] = version->platforms[other];
    version->child_facts[0] = version->child_facts[other];
    version->children[other] = digest;
    version->platforms[other] = platform;
    version->child_facts[other] = facts;
}

/* Where the default image is not to be had (version_fetch.c), one that is stands first; an image
 * tells its platform where the index does not. */
static void settle_children(struct shown_version *version)
{
    size_t shown = 0;
    while (shown < version->child_count && !version->child_facts[shown])
        shown++;
    if (shown > 0 && shown < version->child_count)
        swap_first_child(version, shown);
    for (size_t i = 0; i < version->child_count; i++)
        if (version->child_facts[i] && strcmp(version->platforms[i], "unknown") == 0)
            version->platforms[i] = jsonx_str(version->child_facts[i], "Platform");
}

static int children_of_index(struct store *store, struct shown_version *version)
{
    json_t *children = jsonx_array(version->known, "Children");
    size_t count = json_array_size(children);
    version->child_count = count;
    version->owns_child_facts = true;
    version->children = xcalloc(count, sizeof(char *));
    version->platforms = xcalloc(count, sizeof(char *));
    version->child_facts = xcalloc(count, sizeof(json_t *));
    for (size_t i = 0; i < count; i++) {
        version->children[i] = jsonx_str(json_array_get(children, i), "Digest");
        version->platforms[i] = jsonx_str(json_array_get(children, i), "Platform");
    }
    int err = get_chunked(store, version->children, count, version->child_facts);
    settle_children(version);
    return err;
}

const json_t *shown_facts(const struct shown_version *version)
{
    return version->child_count ? version->child_facts[0] : NULL;
}

static bool has_tag(const json_t *tags, const char *name)
{
    size_t i;
    json_t *tag;
    json_array_foreach(tags, i, tag) if (strcmp(json_string_value(tag), name) == 0) return true;
    return false;
}

/* Builders that leave the date out write one of these instead, and clocks go wrong: a day ahead is
 * no newer version. */
static int64_t created_for_order(const json_t *facts)
{
    static const int64_t dos_epoch_ms = INT64_C(315619200) * 1000; /* 1980-01-02 */
    int64_t created_ms = 0;
    (void)clock_parse(jsonx_str(facts, "Created"), &created_ms);
    bool is_set = created_ms >= dos_epoch_ms && created_ms < clock_ms() + DAY_MS;
    return is_set ? created_ms : 0;
}

static int64_t last_pushed(const json_t *tags, const json_t *pushed)
{
    int64_t last_ms = 0;
    size_t i;
    json_t *tag;
    json_array_foreach(tags, i, tag) if (jsonx_int(pushed, json_string_value(tag)) > last_ms)
        last_ms = jsonx_int(pushed, json_string_value(tag));
    return last_ms;
}

static int complete_version(struct store *store, const json_t *pushed,
                            struct shown_version *version)
{
    int err = 0;
    if (jsonx_array(version->known, "Children"))
        err = children_of_index(store, version);
    else if (version->known)
        children_of_image(version);
    const json_t *facts = shown_facts(version);
    if (facts)
        version->created_ms = created_for_order(facts);
    version->pushed_ms = last_pushed(version->tags, pushed);
    version->is_latest = has_tag(version->tags, "latest");
    version->greatest_tag = greatest_tag(version->tags);
    return err;
}

/* Latest first, then by the newest push, then by the newest creation; what has no date comes after,
 * by its greatest tag. */
static int version_order(const void *left, const void *right)
{
    const struct shown_version *a = left;
    const struct shown_version *b = right;
    if (a->is_latest != b->is_latest)
        return a->is_latest ? -1 : 1;
    if (a->pushed_ms != b->pushed_ms)
        return a->pushed_ms > b->pushed_ms ? -1 : 1;
    if (a->created_ms != b->created_ms)
        return a->created_ms > b->created_ms ? -1 : 1;
    return natural_compare(b->greatest_tag, a->greatest_tag);
}

int shown_versions_read(struct store *store, const json_t *image, const json_t *groups,
                        struct shown_versions *versions)
{
    json_t *list = jsonx_array(groups, "Versions");
    size_t count = json_array_size(list);
    struct shown_version *rows = xcalloc(count, sizeof(*rows));
    *versions = (struct shown_versions){rows, count};
    AUTO(free) const char **digests = xcalloc(count, sizeof(char *));
    AUTO(free) json_t **known = xcalloc(count, sizeof(json_t *));
    for (size_t i = 0; i < count; i++) {
        rows[i].digest = digests[i] = jsonx_str(json_array_get(list, i), "Digest");
        rows[i].tags = jsonx_array(json_array_get(list, i), "Tags");
    }
    int err = get_chunked(store, digests, count, known);
    for (size_t i = 0; i < count; i++)
        rows[i].known = known[i];
    for (size_t i = 0; i < count && err == 0; i++)
        err = complete_version(store, jsonx_object(image, "Pushed"), &rows[i]);
    if (err == 0)
        qsort(rows, count, sizeof(*rows), version_order);
    return err;
}

void shown_versions_release(struct shown_versions *versions)
{
    for (size_t i = 0; i < versions->count; i++) {
        struct shown_version *version = &versions->rows[i];
        for (size_t c = 0; version->owns_child_facts && c < version->child_count; c++)
            json_decref(version->child_facts[c]);
        json_decref(version->known);
        free(version->children);
        free(version->platforms);
        free(version->child_facts);
    }
    free(versions->rows);
    *versions = (struct shown_versions){0};
}
