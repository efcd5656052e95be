#include "relations_view.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "jsonx.h"
#include "mem.h"
#include "place.h"
#include "reference.h"

static void copy(json_t *to, const json_t *from, const char *key, const char *otherwise)
{
    json_t *value = json_object_get(from, key);
    if (value)
        json_object_set(to, key, value);
    else if (otherwise)
        json_object_set_new(to, key, json_string(otherwise));
}

/* The page of the version, relative to where this answer came from. */
static json_t *page_url(const char *shown, const json_t *place)
{
    const char *tag = jsonx_str(place, "Tag");
    return *tag ? json_sprintf("/images/%s:%s", shown, tag)
                : json_sprintf("/images/%s@%s", shown, jsonx_str(place, "Version"));
}

/* v1's ImageVersion; names keep `library/` here, as v1 gave them. */
static json_t *image_version(const json_t *place, bool has_layers)
{
    const json_t *facts = jsonx_object(place, "Facts");
    struct reference reference = {0};
    if (reference_parse(jsonx_str(place, "Name"), &reference, NULL) != 0)
        return NULL;
    AUTO(free) char *name = reference_message_name(&reference);
    AUTO(free) char *shown = reference_shown(&reference);
    json_t *tags = jsonx_array(place, "Tags");
    json_t *version = json_object();
    json_object_set_new(version, "SHA", json_string(digest_hex(jsonx_str(place, "Version"))));
    json_object_set_new(version, "Tags", tags ? json_incref(tags) : json_array());
    json_object_set_new(version, "ImageName", json_string(name));
    copy(version, facts, "Author", "");
    json_object_set_new(version, "LayerCount", json_integer(jsonx_int(facts, "LayerCount")));
    json_object_set_new(version, "DownloadSize", json_integer(jsonx_int(facts, "DownloadSize")));
    copy(version, facts, "Created", "0001-01-01T00:00:00Z");
    if (has_layers)
        copy(version, facts, "Layers", NULL);
    json_object_set_new(version, "MicrobadgerURL", page_url(shown, place));
    json_object_set_new(version, "Digest", json_string(jsonx_str(place, "Version")));
    copy(version, place, "Platform", "");
    reference_release(&reference);
    return version;
}

json_t *relations_parents(const json_t *parents)
{
    json_t *list = json_array();
    bool only_official = place_is_official(json_array_get(parents, 0));
    size_t i;
    json_t *place;
    json_array_foreach(parents, i, place)
    {
        if (json_array_size(list) == RELATIONS_MAX_PARENTS)
            break;
        if (!only_official || place_is_official(place))
            json_array_append_new(list, image_version(place, true));
    }
    return list;
}

struct same {
    const json_t *place;
    bool has_config;
};

/* The same config first. */
static int same_order(const void *left, const void *right)
{
    const struct same *a = left;
    const struct same *b = right;
    if (a->has_config != b->has_config)
        return a->has_config ? -1 : 1;
    return place_order(a->place, b->place);
}

json_t *relations_identical(const json_t *places, const json_t *self, const char *config)
{
    size_t count = 0;
    AUTO(free) struct same *same = xcalloc(json_array_size(places), sizeof(*same));
    size_t i;
    json_t *place;
    json_array_foreach(places, i, place)
    {
        const char *theirs = jsonx_str(jsonx_object(place, "Facts"), "ConfigDigest");
        if (place != self)
            same[count++] = (struct same){place, *config && strcmp(theirs, config) == 0};
    }
    if (count)
        qsort(same, count, sizeof(*same), same_order);
    json_t *list = json_array();
    for (i = 0; i < count && i < RELATIONS_MAX_IDENTICAL; i++) {
        json_t *version = image_version(same[i].place, false);
        if (!version)
            continue;
        json_object_set_new(version, "Match",
                            json_string(same[i].has_config ? "config" : "layers"));
        json_array_append_new(list, version);
    }
    return list;
}

json_t *relations_layers(const json_t *facts, size_t base_steps)
{
    json_t *layers = json_deep_copy(jsonx_array(facts, "Layers"));
    for (size_t i = 0; i < base_steps && i < json_array_size(layers); i++)
        json_object_set_new(json_array_get(layers, i), "Base", json_true());
    return layers;
}
