/* From an index to the record that store.h keeps of it: indexes within it are replaced by the
 * images that they hold (image-spec image-index.md allows any nesting), attestations are kept
 * apart, each image once for a platform. Pure: somebody else fetches. */
#ifndef MB_INDEX_RECORD_H
#define MB_INDEX_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "manifest.h"

#define INDEX_MAX_DEPTH 4   /* indexes on the way to an image, the outermost counted */
#define INDEX_MAX_NESTED 64 /* that are read */
#define INDEX_MAX_IMAGES 256

struct index_record;

/* Takes the manifest, an index. */
struct index_record *index_record_new(const char *digest, struct manifest *index);
void index_record_free(struct index_record *record);

/* Up to max digests of indexes that are to be read next; 0: the record is whole. Borrowed until
 * index_record_add. */
size_t index_record_wanted(const struct index_record *record, const char **ret_digests, size_t max);
/* Takes the manifest with that digest; NULL where it cannot be had. What is no index is left
 * out. */
void index_record_add(struct index_record *record, const char *digest, struct manifest *nested);

/* {"Digest","MediaType","Annotations","Children":[{"Platform","Digest","OSVersion","Annotations"}],
 *  "Attestations":[{"Digest","Attests","MediaType","ArtifactType","Size"}],"Incomplete"}
 * Children: the default first (linux/amd64, else the first), then in the index's order; where there
 * is no image at all, artifacts. OSVersion and Annotations only where there are any. Incomplete:
 * true where an index within could not be had, else left out. Caller owns.
 */
json_t *index_record_json(const struct index_record *record);

static inline void index_record_cleanup(struct index_record **record)
{
    index_record_free(*record);
}

#endif
