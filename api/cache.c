#include "cache.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define BUCKETS 8192 /* a power of two */

#define MAX_NAMES 2

/* An image that an entry tells of. */
struct entry_name {
    struct entry_name *next;  /* in its bucket of names */
    struct entry_name **link; /* what points here in it: a name's targets may be thousands */
    struct entry *entry;
    uint32_t hash;
    char *text; /* NULL: there is none */
};

struct entry {
    struct entry *next_target; /* in its bucket of targets */
    struct entry *newer, *older;
    uint32_t target_hash;
    struct answer *answer;
    int64_t read_ms;
    unsigned epoch;
    size_t bytes;
    struct entry_name names[MAX_NAMES];
    char target[];
};

struct cache {
    struct entry *by_target[BUCKETS];
    struct entry_name *by_name[BUCKETS];
    struct entry *newest, *oldest; /* by use */
    size_t bytes, max_bytes;
    unsigned epoch;
};

/* FNV-1a, 32 bit. Buckets are only cut short by it: targets are compared whole. */
static uint32_t hash_of(const char *text)
{
    uint32_t hash = 2166136261u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

struct cache *cache_new(size_t max_bytes)
{
    struct cache *cache = xcalloc(1, sizeof(*cache));
    cache->max_bytes = max_bytes;
    return cache;
}

static void unlink_use(struct cache *cache, struct entry *entry)
{
    if (entry->newer)
        entry->newer->older = entry->older;
    else
        cache->newest = entry->older;
    if (entry->older)
        entry->older->newer = entry->newer;
    else
        cache->oldest = entry->newer;
}

static void link_use(struct cache *cache, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    if (cache->newest)
        cache->newest->newer = entry;
    else
        cache->oldest = entry;
    cache->newest = entry;
}

static void link_name(struct cache *cache, struct entry_name *name)
{
    name->link = &cache->by_name[name->hash % BUCKETS];
    name->next = *name->link;
    if (name->next)
        name->next->link = &name->next;
    *name->link = name;
}

static void unlink_name(struct entry_name *name)
{
    *name->link = name->next;
    if (name->next)
        name->next->link = name->link;
    free(name->text);
}

static void entry_free(struct cache *cache, struct entry *entry)
{
    struct entry **at = &cache->by_target[entry->target_hash % BUCKETS];
    while (*at != entry)
        at = &(*at)->next_target;
    *at = entry->next_target;
    for (size_t i = 0; i < MAX_NAMES && entry->names[i].text; i++)
        unlink_name(&entry->names[i]);
    unlink_use(cache, entry);
    cache->bytes -= entry->bytes;
    answer_unref(entry->answer);
    free(entry);
}

void cache_free(struct cache *cache)
{
    if (!cache)
        return;
    struct entry *next;
    for (struct entry *entry = cache->newest; entry; entry = next) {
        next = entry->older;
        entry_free(cache, entry);
    }
    free(cache);
}

static struct entry *find(struct cache *cache, const char *target, uint32_t hash)
{
    for (struct entry *entry = cache->by_target[hash % BUCKETS]; entry; entry = entry->next_target)
        if (entry->target_hash == hash && strcmp(entry->target, target) == 0)
            return entry;
    return NULL;
}

struct answer *cache_get(struct cache *cache, const char *target, int64_t now_ms, bool any_age)
{
    struct entry *entry = find(cache, target, hash_of(target));
    if (!entry)
        return NULL;
    bool counts = entry->epoch == cache->epoch && now_ms - entry->read_ms < CACHE_AGE_MS;
    if (!counts && !any_age)
        return NULL;
    if (entry != cache->newest) {
        unlink_use(cache, entry);
        link_use(cache, entry);
    }
    return entry->answer;
}

static void make_room(struct cache *cache, size_t bytes)
{
    struct entry *newer;
    for (struct entry *entry = cache->oldest; entry && cache->bytes + bytes > cache->max_bytes;
         entry = newer) {
        newer = entry->newer;
        entry_free(cache, entry);
    }
}

void cache_put(struct cache *cache, const char *target, const char *const names[2],
               struct answer *answer, int64_t now_ms)
{
    uint32_t hash = hash_of(target);
    struct entry *entry = find(cache, target, hash);
    size_t len = strlen(target);
    size_t bytes =
        answer->bytes + sizeof(*entry) + len + strlen(names[0]) + (names[1] ? strlen(names[1]) : 0);
    if (entry)
        entry_free(cache, entry);
    if (bytes > cache->max_bytes)
        return;
    make_room(cache, bytes);
    entry = xcalloc(1, sizeof(*entry) + len + 1);
    memcpy(entry->target, target, len + 1);
    entry->target_hash = hash;
    entry->read_ms = now_ms;
    entry->epoch = cache->epoch;
    entry->bytes = bytes;
    entry->answer = answer;
    answer_ref(answer);
    entry->next_target = cache->by_target[hash % BUCKETS];
    cache->by_target[hash % BUCKETS] = entry;
    for (size_t i = 0; i < MAX_NAMES && names[i]; i++) {
        entry->names[i] = (struct entry_name){
            .entry = entry, .hash = hash_of(names[i]), .text = xstrdup(names[i])};
        link_name(cache, &entry->names[i]);
    }
    cache->bytes += bytes;
    link_use(cache, entry);
}

void cache_expire(struct cache *cache, const char *name)
{
    uint32_t hash = hash_of(name);
    const struct entry_name *at = cache->by_name[hash % BUCKETS];
    for (; at; at = at->next)
        if (at->hash == hash && strcmp(at->text, name) == 0)
            at->entry->epoch = cache->epoch - 1;
}

void cache_next_epoch(struct cache *cache)
{
    cache->epoch++;
}
