/* What the size worker has found attached to an image's versions (store.h), as the document shows
 * it. */
#ifndef MB_ATTACHED_H
#define MB_ATTACHED_H

#include <jansson.h>

struct store;

/* {digest: attachments} of the versions that were looked at. 0 or the store's error; caller owns.
 */
int attached_read(struct store *store, const char *name, json_t **ret_attached);

/* The member Attachments of a version, of whose facts or record it is: of one that was not looked
 * at what its index says itself. NULL where nothing is known; caller owns. */
json_t *attached_list(const json_t *attached, const json_t *known);

/* The Dockerfile that a version's provenance carries, as text to be served, and the digest of the
 * image that it is about. ERR_NOTFOUND where there is none. Caller frees. */
int attached_dockerfile(struct store *store, const json_t *attached, const char *digest,
                        char **ret_image, char **ret_dockerfile);

#endif
