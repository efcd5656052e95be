/* The JSON objects that the document's fragments are made of (document.h). Pure; caller owns them.
 */
#ifndef MB_DOCUMENT_MEMBERS_H
#define MB_DOCUMENT_MEMBERS_H

#include <jansson.h>
#include <stddef.h>

#include "reference.h"
#include "shown_versions.h"

/* What is told of a repository. */
struct document_facts {
    const struct reference *repository;
    const char *shown_name;
    const json_t *image;    /* store.h */
    const json_t *attached; /* attached.h */
};

/* `head`. latest_digest: "" if there is no version. omitted_count: versions that the array
 * `versions` is without. */
json_t *document_head(const struct document_facts *facts, const char *latest_digest,
                      size_t omitted_count);
/* A row of `versions`; the digest is "" for tags whose digest is not known yet. */
json_t *document_entry(const struct document_facts *facts, const struct shown_version *version);
/* `p:` and `g:`. */
json_t *document_shared(const struct document_facts *facts, const struct shown_version *version);
json_t *document_tags(const struct document_facts *facts, const struct shown_version *version);

/* v1's LatestVersion: the longest tag, `latest` only where it is alone; "" of none. Borrowed. */
const char *document_longest_tag(const json_t *tags);

#endif
