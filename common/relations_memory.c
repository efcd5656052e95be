#include "relations_memory.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "hashes.h"
#include "jsonx.h"
#include "mem.h"
#include "place.h"
#include "redis_keys.h"

static const char *text_of(const struct hashes *hashes, const char *key, const char *field)
{
    const char *text = hashes_get(hashes, key, field, NULL);
    return text ? text : "";
}

/* Registering */

static void set_text(struct hashes *hashes, const char *key, const char *field, const char *text)
{
    hashes_set(hashes, key, field, text, strlen(text));
}

/* A set of images: the value is the rank that relations_index.h tells of. */
static void add_to_set(struct hashes *hashes, const char *prefix, const char *id,
                       const struct index_image *image)
{
    AUTO(free) char *key = xasprintf("%s%s", prefix, id);
    bool is_official = strncmp(image->name, PLACE_OFFICIAL, strlen(PLACE_OFFICIAL)) == 0;
    AUTO(free) char *rank = xasprintf("%d%020lld", is_official, (long long)clock_ms());
    if (strcmp(rank, text_of(hashes, key, image->child)) > 0)
        set_text(hashes, key, image->child, rank);
}

static void add_layers(struct hashes *hashes, const struct index_image *image)
{
    size_t i;
    json_t *layer;
    json_array_foreach(jsonx_array(image->facts, "Layers"), i, layer)
    {
        const char *diff_id = jsonx_str(layer, "DiffID");
        if (!json_is_true(json_object_get(layer, "Empty")) && digest_is_valid(diff_id))
            add_to_set(hashes, KEY_INDEX_DIFF, diff_id, image);
    }
}

static void put_image(struct hashes *hashes, struct index_image *image)
{
    const struct chain *chain = image->chain;
    AUTO(free) char *key = xasprintf(KEY_INDEX_IMAGE "%s", image->child);
    AUTO(free) char *place = xasprintf("%s %s", image->name, image->version);
    image->is_new = !hashes_get(hashes, key, place, NULL);
    if (image->is_new) {
        AUTO(free)
        char *value = xasprintf("%lld 0 %s", (long long)clock_ms(), image->platform);
        set_text(hashes, key, place, value);
    }
    if (chain->count && chain->count >= chain->first_telling)
        add_to_set(hashes, KEY_INDEX_CHAIN, chain->ids[chain->count - 1], image);
    add_layers(hashes, image);
}

void relations_memory_put(struct hashes *hashes, struct index_image *images, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put_image(hashes, &images[i]);
}

/* Sets, highest rank first */

struct member {
    const char *child;
    const char *rank;
};

struct members {
    struct member *list;
    size_t count;
};

static void add_member(void *arg, const char *field, const char *value)
{
    struct members *members = arg;
    members->list[members->count++] = (struct member){field, value};
}

static int compare_members(const void *left, const void *right)
{
    const struct member *a = left;
    const struct member *b = right;
    int order = strcmp(b->rank, a->rank);
    return order ? order : strcmp(b->child, a->child);
}

/* Caller frees the list. */
static struct members members_of(const struct hashes *hashes, const char *key)
{
    struct members members = {xcalloc(hashes_count(hashes, key), sizeof(struct member)), 0};
    hashes_each(hashes, key, add_member, &members);
    if (members.count)
        qsort(members.list, members.count, sizeof(*members.list), compare_members);
    return members;
}

/* Finding */

struct finding {
    const struct hashes *hashes;
    json_t *places;
    const char *child; /* whose places are added */
    size_t layers;
    size_t found; /* for this chain */
};

static void add_place(void *arg, const char *field, const char *value)
{
    struct finding *finding = arg;
    if (finding->found >= INDEX_MAX_FOUND)
        return;
    json_t *place = place_of_texts(finding->child, field, value);
    if (!place)
        return;
    finding->found++;
    json_object_set_new(place, "Layers", json_integer((json_int_t)finding->layers));
    json_array_append_new(finding->places, place);
}

static void add_places(struct finding *finding, const char *child)
{
    AUTO(free) char *key = xasprintf(KEY_INDEX_IMAGE "%s", child);
    finding->child = child;
    hashes_each(finding->hashes, key, add_place, finding);
}

static void add_chain(struct finding *finding, const struct index_image *image, size_t layers)
{
    AUTO(free) char *key = xasprintf(KEY_INDEX_CHAIN "%s", image->chain->ids[layers - 1]);
    struct members members = members_of(finding->hashes, key);
    finding->layers = layers;
    for (size_t i = 0; i < members.count; i++)
        if (strcmp(members.list[i].child, image->child) != 0)
            add_places(finding, members.list[i].child);
    free(members.list);
}

json_t *relations_memory_find(const struct hashes *hashes, const struct index_image *image)
{
    const struct chain *chain = image->chain;
    struct finding finding = {.hashes = hashes, .places = json_array(), .layers = chain->count};
    add_places(&finding, image->child);
    for (size_t k = chain->count; k > 0 && k >= chain->first_telling; k--) {
        if (k < chain->count)
            finding.found = 0;
        add_chain(&finding, image, k);
        if (k < chain->count && finding.found)
            break;
    }
    return finding.places;
}

/* The key of the layer that the fewest images hold; NULL if nobody holds any. */
static char *rarest_layer(const struct hashes *hashes, const json_t *facts)
{
    char *rarest = NULL;
    size_t least = 0;
    size_t i;
    json_t *layer;
    json_array_foreach(jsonx_array(facts, "Layers"), i, layer)
    {
        AUTO(free) char *key = xasprintf(KEY_INDEX_DIFF "%s", jsonx_str(layer, "DiffID"));
        size_t count = hashes_count(hashes, key);
        if (!count || (rarest && count >= least))
            continue;
        free(rarest);
        rarest = TAKE(key);
        least = count;
    }
    return rarest;
}

json_t *relations_memory_holders(const struct hashes *hashes, const char *child,
                                 const json_t *facts)
{
    AUTO(free) char *key = rarest_layer(hashes, facts);
    json_t *digests = json_array();
    if (!key)
        return digests;
    struct members members = members_of(hashes, key);
    for (size_t i = 0; i < members.count && json_array_size(digests) < INDEX_MAX_IMAGES; i++)
        if (strcmp(members.list[i].child, child) != 0)
            json_array_append_new(digests, json_string(members.list[i].child));
    free(members.list);
    return digests;
}

/* Writing */

void relations_memory_write(struct hashes *hashes, const char *digest,
                            const struct relations_fields *fields)
{
    AUTO(free) char *key = xasprintf(KEY_RELATIONS "%s", digest);
    hashes_delete(hashes, key);
    for (size_t i = 0; i < fields->count; i++)
        hashes_set(hashes, key, fields->names[i], strbuf_str(&fields->values[i]),
                   fields->values[i].len);
}
