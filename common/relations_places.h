/* What is known of places (relations_index.h) beside the index: facts, tags, provenance. Waiting
 * calls for workers. */
#ifndef MB_RELATIONS_PLACES_H
#define MB_RELATIONS_PLACES_H

#include <jansson.h>

struct store;

/* Sets "Facts" (where they are kept still; the image's own places are left out), "Tags" and "Tag"
 * in each place of what was found for the image `digest` of a version (NULL: the first of its own
 * places tells). ret_beside: {"Annotations" (of the version's index),"Provenance"}, each only if
 * there is one; caller owns. Two flights. */
int relations_places_fill(struct store *store, const char *digest, const char *version,
                          json_t *places, json_t **ret_beside);

/* The version of a repository that an image manifest belongs to: itself, or an index if it is no
 * version of its own. Caller frees. */
int relations_owner(struct store *store, const char *name, const char *digest, char **ret_version);

#endif
