/* The reverse index and the relations (relations_index.h, relations_write.h) in hashes, for a store
 * in memory: under the same keys, found in the same order, but neither bounded nor forgotten, since
 * they end with the process. Layers and config digests are not registered: only the api asks. */
#ifndef MB_RELATIONS_MEMORY_H
#define MB_RELATIONS_MEMORY_H

#include <jansson.h>
#include <stddef.h>

#include "relations_index.h"
#include "relations_write.h"

struct hashes;

/* As relations_index_put, relations_index_find for one image, relations_index_holders. Caller owns
 * the arrays. */
void relations_memory_put(struct hashes *hashes, struct index_image *images, size_t count);
json_t *relations_memory_find(const struct hashes *hashes, const struct index_image *image);
json_t *relations_memory_holders(const struct hashes *hashes, const char *child,
                                 const json_t *facts);

/* As relations_write, without notices; fields stay the caller's. */
void relations_memory_write(struct hashes *hashes, const char *digest,
                            const struct relations_fields *fields);

#endif
