/* The api's own memory: answers ready to send, by the request's target. An entry counts for
 * CACHE_AGE_MS and in the subscription's epoch in which it was read, until a notice about its
 * image. While Redis is down old entries are better than none. */
#ifndef MB_CACHE_H
#define MB_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer.h"

struct cache;

#define CACHE_AGE_MS 10000

struct cache *cache_new(size_t max_bytes);
void cache_free(struct cache *cache);

/* NULL where there is none that counts; any_age: one of any age and epoch. Borrowed. */
struct answer *cache_get(struct cache *cache, const char *target, int64_t now_ms, bool any_age);
/* Keeps a reference. names are the canonical names of the images that it tells of: one, or two of
 * which the second may be NULL. */
void cache_put(struct cache *cache, const char *target, const char *const names[2],
               struct answer *answer, int64_t now_ms);
/* A notice about this image: what is here of it counts only while Redis is down. */
void cache_expire(struct cache *cache, const char *name);
/* Notices may have been missed: what is here counts only while Redis is down. */
void cache_next_epoch(struct cache *cache);

#endif
