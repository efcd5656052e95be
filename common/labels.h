/* Labels and annotations as the texts that v1 gives. */
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

/* v1's way to find what has no well-known key: the value of a key that contains word, "" if there
 * is none; of several the shortest key, then the first by bytes. Empty values do not count. labels
 * may be NULL. Borrowed. */
const char *labels_value_containing(const json_t *labels, const char *word);

#endif
