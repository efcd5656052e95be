#include "relations_places.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "flight.h"
#include "fragment.h"
#include "jsonx.h"
#include "mem.h"
#include "redis.h"
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

static int fill_facts(struct store *store, const char *digest, json_t *places)
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
        if (json_object_get(seen, wanted))
            continue;
        json_object_set_new(seen, wanted, json_integer((json_int_t)wanted_count));
        digests[wanted_count++] = wanted;
    }
    int err = store_get_versions(store, digests, wanted_count, found);
    json_array_foreach(places, i, place)
    {
        json_t *known = found[jsonx_int(seen, wanted_of(place, digest))];
        if (is_own(place, digest))
            set_annotations(place, known, digest);
        else if (jsonx_array(known, "Layers"))
            json_object_set(place, "Facts", known);
    }
    for (i = 0; i < wanted_count; i++)
        json_decref(found[i]);
    return err;
}

/* Tags and provenance */

struct filling {
    struct flight *flight;
    json_t *place;
};

/* The members of a stored fragment; NULL where there is none. Caller owns. */
static json_t *fragment_members(const struct redis_reply *reply)
{
    struct fragment fragment;
    size_t len;
    const char *data = redis_str(reply, &len);
    if (!len || fragment_unpack(data, len, &fragment) != 0)
        return NULL;
    AUTO(free) char *text = xasprintf("{%.*s}", (int)fragment.text_bytes, fragment.text);
    json_t *members = NULL;
    (void)jsonx_parse(text, strlen(text), &members);
    return members;
}

static void on_tags(void *arg, int err, struct redis_reply *reply)
{
    struct filling *filling = arg;
    JSON_AUTO
    json_t *tags = fragment_members(redis_at(reply, 0));
    JSON_AUTO
    json_t *shared = fragment_members(redis_at(reply, 1));
    json_t *list = jsonx_array(tags, "Tags");
    if (list)
        json_object_set(filling->place, "Tags", list);
    json_object_set_new(filling->place, "Tag", json_string(jsonx_str(shared, "LatestVersion")));
    flight_on_reply(filling->flight, err, reply);
}

static void on_provenance(void *arg, int err, struct redis_reply *reply)
{
    struct filling *filling = arg;
    size_t len;
    const char *text = redis_str(reply, &len);
    JSON_AUTO
    json_t *provenance = NULL;
    if (len)
        (void)jsonx_parse(text, len, &provenance);
    if (is_own(filling->place, jsonx_str(provenance, "Image")))
        json_object_set(filling->place, "Provenance", provenance);
    flight_on_reply(filling->flight, err, reply);
}

static int fill_beside(struct store *store, const char *digest, json_t *places)
{
    struct store_link link = store_link(store);
    struct flight flight = {.loop = link.loop, .pending = json_array_size(places)};
    AUTO(free) struct filling *fillings = xcalloc(json_array_size(places), sizeof(*fillings));
    size_t i;
    json_t *place;
    json_array_foreach(places, i, place)
    {
        const char *version = jsonx_str(place, "Version");
        fillings[i] = (struct filling){&flight, place};
        redis_command(link.redis, REDIS_WORKER_TIMEOUT_MS, on_tags, &fillings[i],
                      "HMGET " KEY_DOCUMENT "%s g:%s p:%s", jsonx_str(place, "Name"), version,
                      version);
        if (!is_own(place, digest))
            continue;
        flight.pending++;
        redis_command(link.redis, REDIS_WORKER_TIMEOUT_MS, on_provenance, &fillings[i],
                      "HGET " KEY_VERSION "%s provenance", version);
    }
    return flight_wait(&flight);
}

int relations_places_fill(struct store *store, const char *digest, json_t *places)
{
    int err = fill_facts(store, digest, places);
    return err ? err : fill_beside(store, digest, places);
}

int relations_owner(struct store *store, const char *name, const char *digest, char **ret_version)
{
    struct store_link link = store_link(store);
    struct redis_reply *reply = NULL;
    int err = redis_call(link.redis, REDIS_WORKER_TIMEOUT_MS, &reply,
                         "HMGET " KEY_DOCUMENT "%s v:%s c:%s", name, digest, digest);
    if (err == 0) {
        bool is_child = redis_is_nil(redis_at(reply, 0)) && !redis_is_nil(redis_at(reply, 1));
        *ret_version = xstrdup(is_child ? redis_str(redis_at(reply, 1), NULL) : digest);
    }
    redis_reply_free(reply);
    return err;
}
