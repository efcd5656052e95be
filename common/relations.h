/* How images relate to what else was inspected: base image, parents, identical ones. Written as
 * mb:1:rel (document.h) by workers, read by the api; the reverse index (relations_index.h) is what
 * it is found by. */
#ifndef MB_RELATIONS_H
#define MB_RELATIONS_H

#include <stddef.h>

#include "reference.h"

struct store;
struct version_fetch;

/* After versions of a repository were fetched: registers their images, writes their relations, and
 * those of known images that turn out to be built on them or to have the same layers (a bounded
 * number). What could not be fetched is left out. 0 or what the store says. */
int relations_update(struct store *store, const struct reference *repository,
                     const struct version_fetch *fetches, size_t count);

#endif
