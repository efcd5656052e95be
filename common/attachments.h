/* What is attached to an image: attestations within its index, referrers (distribution-spec
 * "Listing Referrers") and cosign's tags, as the array "Attachments" of a version's answer:
 *
 *   {"Type","MediaType","ArtifactType","PredicateType","Digest","Size","Platform","Tag"}
 *
 * Type is provenance, sbom, signature, attestation or artifact; everything else only where it is
 * known: Platform of the image within the version that it is about, Tag where the name of cosign's
 * tag is all that is known. Pure. */
#ifndef MB_ATTACHMENTS_H
#define MB_ATTACHMENTS_H

#include <jansson.h>
#include <stdbool.h>

#include "manifest.h"

#define ATTACHMENTS_MAX 256

/* True for the tags that registries without a referrers API and cosign keep such things under:
 * sha256-<hex>, sha256-<hex>.sig, .att, .sbom. They are no versions. */
bool attachment_tag(const char *tag);
/* The tag of the list of referrers of a digest. Caller frees. */
char *attachment_tag_of(const char *digest);

/* The functions append to list, up to ATTACHMENTS_MAX. */

/* One row for each attestation of an index's record (index_record.h): what is known without
 * fetching any. */
void attachments_add_record(json_t *list, const json_t *record);
/* A row for each statement of an attestation manifest; row is of the record's Attestations,
 * attestation the facts of the manifest (image.h). */
void attachments_add_statements(json_t *list, const json_t *record, const json_t *row,
                                const json_t *attestation);
/* A row for each referrer of an index of them. */
void attachments_add_referrers(json_t *list, const struct manifest *referrers);
/* A row for a tag of cosign's; nothing for others. */
void attachments_add_tag(json_t *list, const char *tag);

#endif
