/* The part of store.h that is about versions, whoever's they are: facts, records, provenance. */
#include "store.h"

#include <stdlib.h>
#include <string.h>

#include "badge_facts.h"
#include "dockerfile.h"
#include "err.h"
#include "flight.h"
#include "fragment.h"
#include "jsonx.h"
#include "mem.h"
#include "redis.h"
#include "redis_keys.h"
#include "version_facts.h"

int store_get_provenance(struct store *store, const char *digest, json_t **ret_provenance)
{
    struct redis_reply *reply = NULL;
    size_t len;
    int err = redis_call(store_link(store).redis, REDIS_WORKER_TIMEOUT_MS, &reply,
                         "HGET " KEY_VERSION "%s provenance", digest);
    if (err == 0 && redis_is_nil(reply))
        err = ERR_NOTFOUND;
    const char *text = redis_str(reply, &len);
    if (err == 0)
        err = jsonx_parse(text, len, ret_provenance);
    redis_reply_free(reply);
    return err;
}

int store_put_provenance(struct store *store, const char *digest, const json_t *provenance)
{
    AUTO(free) char *text = jsonx_dump(provenance);
    struct redis_reply *reply = NULL;
    int err = redis_call(store_link(store).redis, REDIS_WORKER_TIMEOUT_MS, &reply,
                         "HSET " KEY_VERSION "%s provenance %b", digest, text, strlen(text));
    redis_reply_free(reply);
    return err;
}

/* Many HMGETs in one flight. */
struct version_get {
    struct flight *flight;
    json_t **ret_version;
};

static void on_version(void *arg, int err, struct redis_reply *reply)
{
    struct version_get *get = arg;
    for (size_t i = 0; err == 0 && i < redis_len(reply); i++) {
        size_t len;
        const char *text = redis_str(redis_at(reply, i), &len);
        if (len && !*get->ret_version)
            (void)jsonx_parse(text, len, get->ret_version); /* unreadable counts as unknown */
    }
    flight_on_reply(get->flight, err, reply);
}

int store_get_versions(struct store *store, const char *const *digests, size_t count,
                       json_t **ret_versions)
{
    struct store_link link = store_link(store);
    struct flight flight = {.loop = link.loop, .pending = count};
    AUTO(free) struct version_get *gets = xcalloc(count, sizeof(*gets));
    for (size_t i = 0; i < count; i++) {
        ret_versions[i] = NULL;
        gets[i] = (struct version_get){&flight, &ret_versions[i]};
        redis_command(link.redis, REDIS_WORKER_TIMEOUT_MS, on_version, &gets[i],
                      "HMGET " KEY_VERSION "%s facts record", digests[i]);
    }
    int err = flight_wait(&flight);
    for (size_t i = 0; err && i < count; i++) {
        json_decref(ret_versions[i]);
        ret_versions[i] = NULL;
    }
    return err;
}

static void expire_version(const struct store_link *link, const char *digest, struct flight *flight)
{
    redis_command(link->redis, REDIS_WORKER_TIMEOUT_MS, flight_on_reply, flight,
                  "EXPIRE " KEY_VERSION "%s %lld", digest, (long long)link->keep_seconds);
}

int store_put_facts(struct store *store, const char *digest, const json_t *facts)
{
    AUTO(free) char *text = jsonx_dump(facts);
    AUTO(strbuf) struct strbuf top = STRBUF_INIT(VERSION_FACTS_MAX_BYTES);
    AUTO(strbuf) struct strbuf version = STRBUF_INIT(VERSION_FACTS_MAX_BYTES);
    version_facts_top(facts, &top);
    AUTO(strbuf) struct strbuf layers = STRBUF_INIT(VERSION_FACTS_MAX_BYTES);
    version_facts_version(facts, &version);
    version_facts_layers(jsonx_array(facts, "Layers"), &layers);
    AUTO(strbuf) struct strbuf badge = STRBUF_INIT(BADGE_LINES_MAX_BYTES);
    badge_facts_image(facts, &badge);
    AUTO(free)
    char *text_form = dockerfile_text(jsonx_array(facts, "Layers"), jsonx_str(facts, "Platform"));
    AUTO(strbuf) struct strbuf dockerfile = STRBUF_INIT(VERSION_FACTS_MAX_BYTES);
    fragment_pack(text_form, strlen(text_form), &dockerfile);
    if (strbuf_err(&top) || strbuf_err(&version) || strbuf_err(&layers) || strbuf_err(&dockerfile))
        return ERR_TOOBIG;
    struct store_link link = store_link(store);
    struct flight flight = {.loop = link.loop, .pending = 2};
    redis_command(link.redis, REDIS_WORKER_TIMEOUT_MS, flight_on_reply, &flight,
                  "HSET " KEY_VERSION
                  "%s facts %b top %b version %b layers %b dockerfile %b badge %b",
                  digest, text, strlen(text), strbuf_str(&top), top.len, strbuf_str(&version),
                  version.len, strbuf_str(&layers), layers.len, strbuf_str(&dockerfile),
                  dockerfile.len, strbuf_str(&badge), badge.len);
    expire_version(&link, digest, &flight);
    return flight_wait(&flight);
}

int store_put_record(struct store *store, const char *digest, const json_t *record)
{
    AUTO(free) char *text = jsonx_dump(record);
    struct store_link link = store_link(store);
    struct flight flight = {.loop = link.loop, .pending = 2};
    redis_command(link.redis, REDIS_WORKER_TIMEOUT_MS, flight_on_reply, &flight,
                  "HSET " KEY_VERSION "%s record %b", digest, text, strlen(text));
    expire_version(&link, digest, &flight);
    return flight_wait(&flight);
}
