/* What is known of places (relations_index.h) beside the reverse index: facts, tags, what a version
 * claims of its images. Waiting calls for workers. */
#ifndef MB_RELATIONS_PLACES_H
#define MB_RELATIONS_PLACES_H

#include <jansson.h>

struct store;

/* Sets in each place of what was found for the image `digest`: "Tags" and "Tag"; in those of other
 * images "Facts", where they are kept still; in its own what that version claims of it:
 * "Descriptor" and "Index" (annotations of its entry and of the index), "Provenance" (only if it is
 * about this image), each only if there is one. Two flights. known: facts that are at hand already,
 * by digest, so that images of one version do not read each other's again and again. */
int relations_places_fill(struct store *store, const json_t *known, const char *digest,
                          json_t *places);

/* The version of a repository that an image manifest belongs to: itself, or an index if it is no
 * version of its own. Caller frees. */
int relations_owner(struct store *store, const char *name, const char *digest, char **ret_version);

#endif
