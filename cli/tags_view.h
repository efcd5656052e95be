/* A repository's tags, grouped by the digest that they point to. */
#ifndef MB_TAGS_VIEW_H
#define MB_TAGS_VIEW_H

#include "view.h"

/* image: the answer of /v1/images/{ref}. */
void tags_view(const struct view *view, const char *shown, const json_t *image);

#endif
