/* The layers of two versions side by side (compare.h). */
#ifndef MB_COMPARE_LAYERS_H
#define MB_COMPARE_LAYERS_H

#include <jansson.h>
#include <stdbool.h>

/* The member "Layers" for the arrays "Layers" of two versions, which may be NULL; ret_is_same: both
 * have layers with content, and the same ones in the same order. Caller owns. */
json_t *compare_layers(const json_t *a, const json_t *b, bool *ret_is_same);

#endif
