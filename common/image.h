/* The facts of one image manifest, in the public vocabulary (DESIGN 4.1): what a worker stores
 * under the manifest's digest, once, and never changes. */
#ifndef MB_IMAGE_H
#define MB_IMAGE_H

#include <jansson.h>

#include "manifest.h"

/* {"Digest","MediaType","Platform","Created","Author","Labels","Annotations","LayerCount",
 *  "DownloadSize","License","VersionControl","Layers":[{"BlobSum","Command","DownloadSize",
 *  "CreatedBy","DiffID","MediaType","Empty","Certainty","BuildArgs","Note","FlattenedFrom"}],
 *  "ConfigDigest"}
 * ConfigDigest is an image's only. Author, Labels, Annotations, License, VersionControl are left
 * out where there is nothing, and so are BuildArgs, Note and FlattenedFrom (history.h); Created is
 * "0001-01-01T00:00:00Z" where not set. Layers: base first, an empty step has BlobSum "" and
 * DownloadSize 0, a layer that repeats an earlier blob has DownloadSize 0, so they add up to
 * DownloadSize. config is the parsed image config, NULL where it could not be had or the manifest
 * is an artifact's. Caller owns. Never NULL.
 */
json_t *image_facts(const char *digest, const struct manifest *manifest, const json_t *config);

#endif
