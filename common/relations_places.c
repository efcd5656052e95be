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

/* Facts */

static int fill_facts(struct store *store, const char *digest, const char *version, json_t *places,
                      json_t *beside)
{
    size_t count = json_array_size(places) + 1;
    AUTO(free) const char **digests = xcalloc(count, sizeof(*digests));
    AUTO(free) json_t **facts = xcalloc(count, sizeof(json_t *));
    JSON_AUTO
    json_t *seen = json_object(); /* digest: where its facts are, so each is read once */
    size_t wanted = 0;
    size_t i;
    json_t *place;
    json_array_foreach(places, i, place)
    {
        const char *child = jsonx_str(place, "Child");
        if (strcmp(child, digest) == 0) {
            version = version ? version : jsonx_str(place, "Version");
            continue;
        }
        if (json_object_get(seen, child))
            continue;
        json_object_set_new(seen, child, json_integer((json_int_t)wanted));
        digests[wanted++] = child;
    }
    digests[wanted] = version ? version : digest;
    int err = store_get_versions(store, digests, wanted + 1, facts);
    json_array_foreach(places, i, place)
    {
        const json_t *at = json_object_get(seen, jsonx_str(place, "Child"));
        json_t *found = at ? facts[json_integer_value(at)] : NULL;
        if (jsonx_array(found, "Layers"))
            json_object_set(place, "Facts", found);
    }
    if (jsonx_array(facts[wanted], "Children") && jsonx_object(facts[wanted], "Annotations"))
        json_object_set(beside, "Annotations", jsonx_object(facts[wanted], "Annotations"));
    for (i = 0; i <= wanted; i++)
        json_decref(facts[i]);
    return err;
}

/* Tags and provenance */

struct filling {
    struct flight *flight;
    json_t *object;
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
        json_object_set(filling->object, "Tags", list);
    json_object_set_new(filling->object, "Tag", json_string(jsonx_str(shared, "LatestVersion")));
    flight_on_reply(filling->flight, err, reply);
}

static void on_provenance(void *arg, int err, struct redis_reply *reply)
{
    struct filling *filling = arg;
    size_t len;
    const char *text = redis_str(reply, &len);
    json_t *provenance = NULL;
    if (len && jsonx_parse(text, len, &provenance) == 0)
        json_object_set_new(filling->object, "Provenance", provenance);
    flight_on_reply(filling->flight, err, reply);
}

static int fill_tags(struct store *store, const char *digest, json_t *places, json_t *beside)
{
    struct store_link link = store_link(store);
    size_t count = json_array_size(places);
    struct flight flight = {.loop = link.loop, .pending = count + 1};
    AUTO(free) struct filling *fillings = xcalloc(count + 1, sizeof(*fillings));
    for (size_t i = 0; i < count; i++) {
        json_t *place = json_array_get(places, i);
        const char *version = jsonx_str(place, "Version");
        fillings[i] = (struct filling){&flight, place};
        redis_command(link.redis, REDIS_WORKER_TIMEOUT_MS, on_tags, &fillings[i],
                      "HMGET " KEY_DOCUMENT "%s g:%s p:%s", jsonx_str(place, "Name"), version,
                      version);
    }
    fillings[count] = (struct filling){&flight, beside};
    redis_command(link.redis, REDIS_WORKER_TIMEOUT_MS, on_provenance, &fillings[count],
                  "HGET " KEY_VERSION "%s provenance", digest);
    return flight_wait(&flight);
}

int relations_places_fill(struct store *store, const char *digest, const char *version,
                          json_t *places, json_t **ret_beside)
{
    json_t *beside = json_object();
    int err = fill_facts(store, digest, version, places, beside);
    if (err == 0)
        err = fill_tags(store, digest, places, beside);
    if (err)
        json_decref(beside);
    else
        *ret_beside = beside;
    return err;
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
