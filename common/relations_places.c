#include "relations_places.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fragment.h"
#include "jsonx.h"
#include "mem.h"
#include "redis_keys.h"
#include "store.h"

/* Facts and records */

static bool is_own(const json_t *place, const char *digest)
{
    return strcmp(jsonx_str(place, "Child"), digest) == 0;
}

/* Of another image its facts are of interest, of the image itself what the version adds. */
static const char *wanted_of(const json_t *place, const char *digest)
{
    return jsonx_str(place, is_own(place, digest) ? "Version" : "Child");
}

static void set_annotations(json_t *place, const json_t *record, const char *digest)
{
    json_t *annotations = jsonx_object(record, "Annotations");
    size_t i;
    json_t *child;
    json_array_foreach(jsonx_array(record, "Children"), i, child)
    {
        json_t *entry = jsonx_object(child, "Annotations");
        if (entry && strcmp(jsonx_str(child, "Digest"), digest) == 0)
            json_object_set(place, "Descriptor", entry);
    }
    if (annotations && jsonx_array(record, "Children"))
        json_object_set(place, "Index", annotations);
}

static void set_known(json_t *place, json_t *known, const char *digest)
{
    if (is_own(place, digest))
        set_annotations(place, known, digest);
    else if (jsonx_array(known, "Layers"))
        json_object_set(place, "Facts", known);
}

static int fill_facts(struct store *store, const json_t *known, const char *digest, json_t *places)
{
    size_t count = json_array_size(places);
    AUTO(free) const char **digests = xcalloc(count, sizeof(*digests));
    AUTO(free) json_t **found = xcalloc(count, sizeof(json_t *));
    JSON_AUTO
    json_t *seen = json_object(); /* digest: where it is found, so each is read once */
    size_t wanted_count = 0;
    size_t i;
    json_t *place;
    json_array_foreach(places, i, place)
    {
        const char *wanted = wanted_of(place, digest);
        if (json_object_get(known, wanted) || json_object_get(seen, wanted))
            continue;
        json_object_set_new(seen, wanted, json_integer((json_int_t)wanted_count));
        digests[wanted_count++] = wanted;
    }
    int err = store_get_versions(store, digests, wanted_count, found);
    json_array_foreach(places, i, place)
    {
        const char *wanted = wanted_of(place, digest);
        json_t *at_hand = json_object_get(known, wanted);
        set_known(place, at_hand ? at_hand : found[jsonx_int(seen, wanted)], digest);
    }
    for (i = 0; i < wanted_count; i++)
        json_decref(found[i]);
    return err;
}

/* Tags and provenance */

/* The members of a stored fragment; NULL where there is none. Caller owns. */
static json_t *fragment_members(const struct store_get *got, size_t at)
{
    struct fragment fragment;
    if (!got->values[at] || fragment_unpack(got->values[at], got->value_bytes[at], &fragment) != 0)
        return NULL;
    AUTO(free) char *text = xasprintf("{%.*s}", (int)fragment.text_bytes, fragment.text);
    json_t *members = NULL;
    (void)jsonx_parse(text, strlen(text), &members);
    return members;
}

static void set_tags(json_t *place, const struct store_get *got)
{
    JSON_AUTO
    json_t *tags = fragment_members(got, 0);
    JSON_AUTO
    json_t *shared = fragment_members(got, 1);
    json_t *list = jsonx_array(tags, "Tags");
    if (list)
        json_object_set(place, "Tags", list);
    json_object_set_new(place, "Tag", json_string(jsonx_str(shared, "LatestVersion")));
}

static void set_provenance(json_t *place, const struct store_get *got)
{
    JSON_AUTO
    json_t *provenance = NULL;
    if (got->values[0])
        (void)jsonx_parse(got->values[0], got->value_bytes[0], &provenance);
    if (is_own(place, jsonx_str(provenance, "Image")))
        json_object_set(place, "Provenance", provenance);
}

/* Two for each place; the second one only of the image's own. */
static size_t add_gets(const char *digest, const json_t *place, struct store_get *gets)
{
    const char *version = jsonx_str(place, "Version");
    gets[0] = (struct store_get){
        .key = xasprintf(KEY_DOCUMENT "%s", jsonx_str(place, "Name")),
        .fields = {xasprintf("g:%s", version), xasprintf("p:%s", version)},
    };
    if (!is_own(place, digest))
        return 1;
    gets[1] = (struct store_get){
        .key = xasprintf(KEY_VERSION "%s", version),
        .fields = {xstrdup("provenance")},
    };
    return 2;
}

static int fill_beside(struct store *store, const char *digest, json_t *places)
{
    AUTO(free)
    struct store_get *gets = xcalloc(2 * json_array_size(places), sizeof(*gets));
    size_t count = 0;
    size_t i;
    json_t *place;
    json_array_foreach(places, i, place) count += add_gets(digest, place, &gets[count]);
    int err = store_get_fields(store, gets, count);
    const struct store_get *got = gets;
    json_array_foreach(places, i, place)
    {
        set_tags(place, got++);
        if (is_own(place, digest))
            set_provenance(place, got++);
    }
    store_get_release(gets, count);
    return err;
}

int relations_places_fill(struct store *store, const json_t *known, const char *digest,
                          json_t *places)
{
    int err = fill_facts(store, known, digest, places);
    return err ? err : fill_beside(store, digest, places);
}

int relations_owner(struct store *store, const char *name, const char *digest, char **ret_version)
{
    struct store_get get = {
        .key = xasprintf(KEY_DOCUMENT "%s", name),
        .fields = {xasprintf("v:%s", digest), xasprintf("c:%s", digest)},
    };
    int err = store_get_fields(store, &get, 1);
    if (err == 0) {
        bool is_child = !get.values[0] && get.values[1];
        *ret_version = xstrdup(is_child ? get.values[1] : digest);
    }
    store_get_release(&get, 1);
    return err;
}
