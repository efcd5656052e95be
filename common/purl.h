/* Package URLs (purl-spec) as BuildKit names images in provenance. Pure. */
#ifndef MB_PURL_H
#define MB_PURL_H

/* "pkg:docker/ghcr.io/org/name@1.2?platform=linux%2Famd64" gives "ghcr.io/org/name:1.2"; a digest
 * as the version gives "name@sha256:...". NULL for what names no image that layers come from:
 * another type, the Dockerfile frontend, a text that is no reference. Caller frees. */
char *purl_docker_image(const char *purl);

#endif
