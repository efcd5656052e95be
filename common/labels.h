/* Labels and annotations as v1 gives them, and what License and VersionControl make of label-schema
 * and OCI ones. */
#ifndef MB_LABELS_H
#define MB_LABELS_H

#include <jansson.h>

#define LABELS_MAX 1000
#define LABEL_VALUE_MAX_BYTES 65536
#define LABELS_TOTAL_MAX_BYTES 100000

/* Sorted by key, all values texts: other scalars as JSON writes them, what is none is left out.
 * Longer values are cut at a character, and all long ones shorter where together they are over
 * LABELS_TOTAL_MAX_BYTES. object may be NULL; caller owns, never NULL. */
json_t *labels_texts(const json_t *object);

/* {"Code","URL"} or NULL; caller owns. labels may be NULL. URL is left out where the code is no
 * SPDX identifier. */
json_t *labels_license(const json_t *labels);
/* {"Type","URL","Commit"} or NULL; caller owns. URL is https, without credentials, and shows the
 * commit where the host is known to have a page for it. */
json_t *labels_version_control(const json_t *labels);

#endif
