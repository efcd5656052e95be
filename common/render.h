/* From what workers keep (store.h) to the document that the api serves (document.h). */
#ifndef MB_RENDER_H
#define MB_RENDER_H

#include <jansson.h>

#include "reference.h"
#include "store.h"

/* image and groups as store.h describes them; the facts of versions come from the store. Publishes
 * under the image's revision: 0, ERR_CONFLICT, ERR_TOOBIG or what the store says. */
int render_and_publish(struct store *store, const struct reference *repository, const json_t *image,
                       const json_t *groups, enum image_status status, enum image_stage stage);

#endif
