/* License and VersionControl as v1 gives them, from label-schema and OCI labels. */
#ifndef MB_LABELS_H
#define MB_LABELS_H

#include <jansson.h>

/* {"Code","URL"} or NULL; caller owns. labels may be NULL. */
json_t *labels_license(const json_t *labels);
/* {"Type","URL","Commit"} or NULL; caller owns. */
json_t *labels_version_control(const json_t *labels);

#endif
