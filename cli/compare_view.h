/* What differs between two images (compare.h has the answer's shape). */
#ifndef MB_COMPARE_VIEW_H
#define MB_COMPARE_VIEW_H

#include "view.h"

void compare_view(const struct view *view, const json_t *comparison);

#endif
