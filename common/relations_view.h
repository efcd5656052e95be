/* What answers show of an image's relations, beside "Base" (base_image.h). Pure functions; places
 * are those of relations_index.h with "Facts" (image.h), "Tags" ([{"tag"}]) and "Tag". */
#ifndef MB_RELATIONS_VIEW_H
#define MB_RELATIONS_VIEW_H

#include <jansson.h>
#include <stddef.h>

#define RELATIONS_MAX_PARENTS 5
#define RELATIONS_MAX_IDENTICAL 32

/* v1's "Parents": an ImageVersion with its Layers for each, official ones only if the first is one.
 * Caller owns. */
json_t *relations_parents(const json_t *parents);

/* v1's "Identical": an ImageVersion for each place with the same layers, but for `self` (NULL:
 * none is left out), with Match: "config" where the config is the same too, else "layers". config
 * is the image's own. Caller owns. */
json_t *relations_identical(const json_t *places, const json_t *self, const char *config);

/* A copy of facts' Layers whose lowest steps have Base: true. Caller owns. */
json_t *relations_layers(const json_t *facts, size_t base_steps);

#endif
