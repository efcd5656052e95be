/* Where an image is found, as the reverse index gives it (relations_index.h). Pure functions. */
#ifndef MB_PLACE_H
#define MB_PLACE_H

#include <jansson.h>
#include <stdbool.h>

#define PLACE_OFFICIAL "docker.io/library/" /* names of official images begin with it */

/* From the texts that the index keeps: an image, its place and that one's value. NULL where they
 * are no UTF-8. Caller owns. */
json_t *place_of_texts(const char *child, const char *place, const char *value);

bool place_is_official(const json_t *place);
/* Below, equal to or above 0: official images first, then what was seen first, then by name. */
int place_order(const json_t *a, const json_t *b);
/* The name as answers show it. Caller frees. */
char *place_shown_name(const json_t *place);

#endif
