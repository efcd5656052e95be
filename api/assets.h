/* The page's own files (api/web), held in the program. Each is served under a name that carries the
 * hash of its content, so that a browser need never ask again. */
#ifndef MB_ASSETS_H
#define MB_ASSETS_H

#include "answer.h"

enum asset { ASSET_STYLE, ASSET_SCRIPT, ASSET_ICON, ASSET_COUNT };

/* "/assets/page-1f2e3d4c5b6a.css". Borrowed, for good. */
const char *asset_path(enum asset asset);
/* The answer for a file name, "page-1f2e3d4c5b6a.css"; NULL where there is none. Borrowed. */
struct answer *asset_find(const char *name);

#endif
