/* The facts of one image manifest, in the public vocabulary (DESIGN 4.1): what a worker stores
 * under the manifest's digest, once, and never changes. */
#ifndef MB_IMAGE_H
#define MB_IMAGE_H

#include <jansson.h>

#include "manifest.h"

/* {"Digest","MediaType","ArtifactType","ConfigDigest","Platform","Created","Author","Labels",
 *  "Annotations","Config","LayerCount","DownloadSize","License","VersionControl",
 *  "Layers":[{"BlobSum","Command","DownloadSize","CreatedBy","DiffID","MediaType","Empty",
 *  "Certainty","BuildArgs","Note","FlattenedFrom","PredicateType","Unverified"}]}
 * ArtifactType (of an artifact), Author, Labels, Annotations, Config (image_config.h), License and
 * VersionControl are left out where there is nothing; Created is "0001-01-01T00:00:00Z" where not
 * set. Layers: base first; BuildArgs, Note and FlattenedFrom (history.h), PredicateType (of an
 * in-toto statement) only where there is something, Unverified only where it is true: nobody here
 * can check a digest of that algorithm. An empty step has BlobSum "" and
 * DownloadSize 0, a layer that repeats an earlier blob has DownloadSize 0, so they add up to
 * DownloadSize. config is the parsed image config, NULL where it could not be had or the manifest
 * is an artifact's. Caller owns. Never NULL.
 */
json_t *image_facts(const char *digest, const struct manifest *manifest, const json_t *config);

/* Facts of the same shape for what cannot be read, with "Unreadable" saying why, for a person: no
 * layers, all else unset. Caller owns. */
json_t *image_facts_unreadable(const char *digest, const char *media_type, const char *why);

#endif
