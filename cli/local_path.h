/* What a path of the public API asks for, as far as it can be answered without a server. */
#ifndef MB_LOCAL_PATH_H
#define MB_LOCAL_PATH_H

#include <stdbool.h>

#include "digest.h"
#include "document.h"
#include "reference.h"

struct local_path {
    bool is_status;
    enum document_answer answer; /* else */
    struct reference image;      /* of a version: with its digest */
    char *platform;              /* NULL if none was asked for */
};

/* 0; ERR_UNSUPPORTED: something else, for a server; ERR_INVALID with ret_why. Both are static.
 * Caller releases. */
int local_path_parse(const char *path, struct local_path *ret_path, const char **ret_why);
/* Likewise of "/v1/compare?a=...&b=...", as versions. */
int local_path_parse_compare(const char *path, struct local_path ret_sides[2],
                             const char **ret_why);
void local_path_release(struct local_path *path);

static inline void local_path_cleanup(struct local_path *path)
{
    local_path_release(path);
}

#endif
