/* What mb:1:rel holds of one image (document.h). Pure. */
#ifndef MB_RELATIONS_COMPOSE_H
#define MB_RELATIONS_COMPOSE_H

#include <jansson.h>
#include <stddef.h>

#include "relations_write.h"

/* Adds to fields what the image's facts (image.h) and the places that were found for it
 * (relations_places.h) tell; layer_count as in its chain. What a version claims of the image goes
 * into fields of its own place. Sets "Facts" in the image's own places. */
void relations_compose(const char *digest, const json_t *facts, size_t layer_count, json_t *places,
                       struct relations_fields *fields);

#endif
