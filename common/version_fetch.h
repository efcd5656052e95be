/* Brings versions into the store: manifest, the images of an index, their configs; each wave's
 * requests side by side. What the store knows by its digest is not fetched again. */
#ifndef MB_VERSION_FETCH_H
#define MB_VERSION_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "reference.h"
#include "registry.h"

struct store;

#define VERSION_FETCH_BATCH 16

/* Zero it, then set reference (and, for one image of an index only, nothing else). */
struct version_fetch {
    char reference[DIGEST_BYTES]; /* a tag or a digest */
    bool all_platforms;           /* else only the default one of an index */

    int err; /* of the manifest, or of the default image where that failed */
    char error_text[REGISTRY_ERROR_BYTES];
    int64_t retry_at_ms;
    char digest[DIGEST_BYTES]; /* valid where err is 0 */
};

/* Fetches count versions (any number; in batches) and stores their facts and records. Returns 0,
 * or the store's error; a version's own failure is in its err. each may be NULL; it is told after
 * every batch how many are done. */
int version_fetch_all(struct loop *loop, struct registry *registry, struct store *store,
                      const struct reference *repository, struct version_fetch *fetches,
                      size_t count, void (*each)(void *arg, size_t done), void *arg);

#endif
