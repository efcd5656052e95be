#include "relations_write.h"

#include <stdlib.h>
#include <string.h>

#include "fragment.h"
#include "jsonx.h"
#include "mem.h"
#include "redis.h"
#include "redis_keys.h"
#include "relations_memory.h"
#include "store.h"
#include "version_facts.h"

/* KEYS: 1 relations; ARGV: 1 keep, 2 channel, 3 how many names follow, names, then fields and their
 * values. */
static const char write_script[] =
    "local key,first=KEYS[1],4+tonumber(ARGV[3]) "
    "local same=redis.call('HLEN',key)==(#ARGV-first+1)/2 "
    "for i=first,#ARGV,2 do same=same and redis.call('HGET',key,ARGV[i])==ARGV[i+1] end "
    "if not same then redis.call('DEL',key) "
    "for i=first,#ARGV,2 do redis.call('HSET',key,ARGV[i],ARGV[i+1]) end "
    "for i=4,first-1 do redis.call('PUBLISH',ARGV[2],ARGV[i]) end end "
    "redis.call('EXPIRE',key,ARGV[1])";

#define MAX_ARGS (8 + INDEX_MAX_PLACES + 2 * RELATIONS_MAX_FIELDS)

static void add(struct relations_fields *fields, char *name, const char *value, size_t len)
{
    if (fields->count == RELATIONS_MAX_FIELDS) {
        free(name);
        return;
    }
    struct strbuf *copy = &fields->values[fields->count];
    *copy = (struct strbuf)STRBUF_INIT(VERSION_FACTS_MAX_BYTES);
    strbuf_add(copy, value, len);
    fields->names[fields->count++] = name;
}

void relations_fields_add(struct relations_fields *fields, char *name, const struct strbuf *text)
{
    AUTO(strbuf) struct strbuf packed = STRBUF_INIT(VERSION_FACTS_MAX_BYTES);
    if (strbuf_err(text) == 0)
        fragment_pack(strbuf_str(text), text->len, &packed);
    relations_fields_add_packed(fields, name, &packed);
}

void relations_fields_add_packed(struct relations_fields *fields, char *name,
                                 const struct strbuf *packed)
{
    if (packed->len && strbuf_err(packed) == 0)
        add(fields, name, strbuf_str(packed), packed->len);
    else
        free(name);
}

void relations_fields_add_text(struct relations_fields *fields, char *name, const char *text)
{
    add(fields, name, text, strlen(text));
}

static void fields_release(struct relations_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        free(fields->names[i]);
        strbuf_release(&fields->values[i]);
    }
    fields->count = 0;
}

static int write_to_redis(const struct store_link *link, const char *digest,
                          const struct relations_fields *fields, const json_t *places)
{
    AUTO(free) char *key = xasprintf(KEY_RELATIONS "%s", digest);
    AUTO(free) char *keep = xasprintf("%lld", (long long)link->keep_seconds);
    const char *argv[MAX_ARGS] = {"EVAL", write_script, "1", key, keep, link->channel, ""};
    size_t lens[MAX_ARGS];
    int argc = 7;
    size_t i;
    json_t *place;
    json_array_foreach(places, i, place)
    {
        const char *child = jsonx_str(place, "Child");
        if (argc < 7 + INDEX_MAX_PLACES && strcmp(child, digest) == 0)
            argv[argc++] = jsonx_str(place, "Name");
    }
    AUTO(free) char *names = xasprintf("%d", argc - 7);
    argv[6] = names;
    for (int arg = 0; arg < argc; arg++)
        lens[arg] = strlen(argv[arg]);
    for (i = 0; i < fields->count; i++) {
        argv[argc] = fields->names[i];
        lens[argc++] = strlen(fields->names[i]);
        argv[argc] = strbuf_str(&fields->values[i]);
        lens[argc++] = fields->values[i].len;
    }
    return redis_call_argv(link->redis, REDIS_WORKER_TIMEOUT_MS, NULL, argc, argv, lens);
}

int relations_write(struct store *store, const char *digest, struct relations_fields *fields,
                    const json_t *places)
{
    struct store_link link = store_link(store);
    int err = 0;
    if (link.memory)
        relations_memory_write(link.memory, digest, fields);
    else
        err = write_to_redis(&link, digest, fields, places);
    fields_release(fields);
    return err;
}
