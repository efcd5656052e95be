/* Which layer each history entry made (OCI image-spec, config.md "history"). */
#ifndef MB_HISTORY_ALIGN_H
#define MB_HISTORY_ALIGN_H

#include <jansson.h>

#include "history.h"

/* A config whose diff_ids are not as many as the layers is not this manifest's; without any it says
 * nothing about that. */
bool history_belongs(const json_t *config, size_t layer_count);

/* Gives layers to the steps in order; more steps than layers: the later ones count as empty, as
 * BuildKit does it. Returns the first layer that no step explains. Where the entries cannot be told
 * to which of too many layers they belong, no step gets one and 0 is returned. */
size_t history_align(const json_t *config, struct history_step *steps, size_t count,
                     size_t layer_count);

/* Says at a step how many others its layer holds: builders that write one layer for all mark the
 * others empty. */
void history_note_squashed(struct history_step *steps, size_t count);

#endif
