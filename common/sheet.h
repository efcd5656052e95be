/* One sheet of all that an image says of itself: labels, annotations and the config's fields, what
 * means the same side by side, each with the place it was found in. Pure. */
#ifndef MB_SHEET_H
#define MB_SHEET_H

#include <jansson.h>

#define SHEET_PLACES_MAX 1000
#define SHEET_VALUE_MAX_BYTES 4096
#define SHEET_VALUES_MAX_BYTES 65536

/* Objects of texts as labels_texts gives them; each may be NULL. */
struct sheet_sources {
    const json_t *labels;      /* of the config */
    const json_t *manifest;    /* the image manifest's annotations */
    const json_t *descriptor;  /* annotations of its entry in the index */
    const json_t *index;       /* the index's own annotations */
    const char *author;        /* the config's; NULL or "" if none, as created */
    const char *created;       /* RFC 3339; a date before 1981 is a builder's "none" */
    const json_t *base_labels; /* of the base image, where it is known */
};

/* One row for each meaning (sheet_meaning.h), then one for each other key, both in order:
 *
 *   Key, Value, Source  of the place that counts most: label, manifest, descriptor, index, config;
 *                       within one of these the OCI key, the label-schema key, others
 *   Inherited           true where it is a label that the base image has with the same value
 *   Truncated           true where Value is cut at a character: at SHEET_VALUE_MAX_BYTES, or
 *                       shorter where all together are over SHEET_VALUES_MAX_BYTES
 *   Meaning             absent where the key means only itself
 *   Others              [{Key, Value, Source, Inherited, Truncated}]: further places
 *   Conflict            true where one of Others does not agree with Value
 *
 * What is not true or empty is absent. At most SHEET_PLACES_MAX places. Caller owns; never NULL. */
json_t *sheet_rows(const struct sheet_sources *sources);

#endif
