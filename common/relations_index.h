/* The reverse index: from a layer digest, a diff ID, the ChainID of all of an image's layers and a
 * config digest to images, and from an image manifest to the places where it is found.
 *
 *   mb:1:idx:<kind>:<digest>   sorted set of image manifests' digests, of sha256 the hex alone; the
 *                              score is when they were last seen, official images rank above all
 *   mb:1:idx:image:<digest>    hash "<name> <version digest>": "<first seen ms> <last seen ms>
 *                              <platform>", names canonical
 *
 * Bounded: only the lowest INDEX_MAX_LAYERS layers of an image are registered, a key keeps the
 * INDEX_MAX_IMAGES or INDEX_MAX_PLACES that were seen last, and all keys have the store's lifetime.
 *
 * A place, as the functions give it: {"Child","Name","Version","Platform","FirstMs"}. Waiting calls
 * for workers, but for the last one; errors are those of redis_call. */
#ifndef MB_RELATIONS_INDEX_H
#define MB_RELATIONS_INDEX_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chain.h"

struct redis;
struct store;

#define INDEX_MAX_LAYERS 256
#define INDEX_MAX_IMAGES 32
#define INDEX_MAX_PLACES 16
#define INDEX_MAX_FOUND 64 /* places given at most, for one ChainID or one digest's kind */

struct index_image {
    const char *name;    /* canonical */
    const char *version; /* the digest that tags point to */
    const char *child;   /* the image manifest */
    const char *platform;
    const json_t *facts;
    const struct chain *chain;
    bool is_new; /* set by relations_index_put: it was not known at this place */
};

/* Registers them all, or renews them. One flight. */
int relations_index_put(struct store *store, struct index_image *images, size_t count);

/* For each image (its child and chain) its own places, those of images that have all its layers,
 * and of those that have the most of its lowest ones; each place has "Layers", how many. One
 * flight. Caller owns the arrays. */
int relations_index_find(struct store *store, const struct index_image *images, size_t count,
                         json_t **ret_places);

/* Digests of images that hold one of facts' layers, the rarest, last seen first: candidates for
 * being built on it. At most INDEX_MAX_IMAGES, without its own. Caller owns the array. */
int relations_index_holders(struct store *store, const char *child, const json_t *facts,
                            json_t **ret_digests);

/* What a digest stands for, for the api: places with "As": "layer", "diff-id", "chain", "config",
 * "manifest" or "index". places is NULL when err is not 0, and borrowed. One round trip. */
typedef void relations_index_done(void *arg, int err, const json_t *places);
void relations_index_lookup(struct redis *redis, const char *digest, relations_index_done *done,
                            void *arg);

#endif
