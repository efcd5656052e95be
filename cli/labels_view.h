/* What an image says of itself: labels, annotations, the config's fields, with where it says so. */
#ifndef MB_LABELS_VIEW_H
#define MB_LABELS_VIEW_H

#include "view.h"

/* image: any answer with Metadata (sheet.h). Nothing where there is none. */
void labels_view(const struct view *view, const json_t *image);

#endif
