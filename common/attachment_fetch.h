/* Finds out what is attached to the version that an image was last asked for (attachments.h) and
 * what its provenance says. At most: one request for referrers (each page is one), one for the tag
 * that stands in for them where the tag list names it, one for each attestation manifest (of 16,
 * the default image's first) and one for the provenance; what is known by its digest is not fetched
 * again. */
#ifndef MB_ATTACHMENT_FETCH_H
#define MB_ATTACHMENT_FETCH_H

#include <jansson.h>

#include "reference.h"

struct loop;
struct registry;
struct store;

/* image: the record of store.h. Returns 0 or the store's error. A registry that fails takes nothing
 * away: what was known before stays. */
int attachments_fetch(struct loop *loop, struct registry *registry, struct store *store,
                      const struct reference *repository, const json_t *image);

#endif
