/* The labels of the images that others were built on, as relations found them. */
#ifndef MB_BASE_LABELS_H
#define MB_BASE_LABELS_H

#include <jansson.h>
#include <stddef.h>

struct store;

/* For the images of one version of a repository (canonical name) the "Labels" of their bases, NULL
 * where no base is known, none is kept, or it has none. known is an object that the calls for one
 * document share; what is given is borrowed from it. A waiting call: 0 or the first error, then all
 * are NULL. Two flights at most. */
int base_labels_read(struct store *store, const char *name, const char *version,
                     const char *const *images, size_t count, json_t *known,
                     const json_t **ret_labels);

#endif
