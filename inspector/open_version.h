/* Opening one version of an image whose record is fresh: just that version is brought. */
#ifndef MB_OPEN_VERSION_H
#define MB_OPEN_VERSION_H

#include <jansson.h>

#include "inspect.h"

/* name is canonical, image and groups are its records (store.h); groups may gain a version without
 * tags. JOB_DONE where it is there. */
struct job_result open_version(const struct inspector *inspector,
                               const struct reference *repository, const char *name,
                               const json_t *image, json_t *groups, const char *digest);

#endif
