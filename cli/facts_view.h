/* The table of facts that `inspect` begins with. */
#ifndef MB_FACTS_VIEW_H
#define MB_FACTS_VIEW_H

#include "view.h"

/* image: the answer of /v1/images/{ref}; version: of its version, whose Layers count. */
void facts_view(const struct view *view, const char *shown, const json_t *image,
                const json_t *version);

#endif
