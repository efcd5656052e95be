/* A version's layers: size, share, command; base first. */
#ifndef MB_LAYERS_VIEW_H
#define MB_LAYERS_VIEW_H

#include "view.h"

enum layers_detail {
    LAYERS_SHORT, /* one line each */
    LAYERS_FULL,  /* whole commands, digests, how certain the command is */
};

/* version: an answer of /v1/images/{ref}/version/{sha}. */
void layers_view(const struct view *view, const json_t *version, enum layers_detail detail);

/* Layers with content: not the steps that made none. */
size_t layers_count(const json_t *version);

#endif
