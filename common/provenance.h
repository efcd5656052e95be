/* Reading build provenance: an in-toto statement with a SLSA predicate v0.2 or v1, as BuildKit
 * attaches it to images. Pure parsing. */
#ifndef MB_PROVENANCE_H
#define MB_PROVENANCE_H

#include <jansson.h>
#include <stddef.h>

#define PROVENANCE_MAX_BYTES (8u << 20) /* a longer statement is not read */

/* {"BuildType","Builder","Materials":[{"URI","Digest"}],"Dockerfile","DockerfileName","Source",
 *  "Revision"}
 * All but Materials are left out where the statement does not tell. Materials are what the build
 * used, at most 1000: base images as purls (`pkg:docker/alpine@3.19?platform=...`), Digest
 * "sha256:..." or of another algorithm (git's sha1), "" where none is told that is well-formed.
 * Dockerfile is the build's main Dockerfile, text, only where provenance was made with mode=max;
 * DockerfileName its path. Source and Revision are the version control's, as the builder saw them.
 * NULL if the bytes are no such provenance. Caller owns. */
json_t *provenance_facts(const void *statement, size_t len);

#endif
