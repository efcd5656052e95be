/* Manifests and indexes: Docker schema 2 and manifest lists, OCI manifests and indexes
 * (image-spec manifest.md, image-index.md). Pure functions over foreign bytes. */
#ifndef MB_MANIFEST_H
#define MB_MANIFEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MANIFEST_MAX_CHILDREN 256
#define MANIFEST_MAX_LAYERS 4096

/* The Accept header's value: everything that manifest_parse reads or tells apart. */
extern const char manifest_accept[];

enum manifest_kind {
    MANIFEST_IMAGE,    /* has a config of an image and layers */
    MANIFEST_INDEX,    /* has children */
    MANIFEST_ARTIFACT, /* config of no image, or layers of no file system, or OCI's old artifact */
};

struct descriptor {
    char *media_type;    /* "" if absent */
    char *artifact_type; /* "" if absent */
    char *digest;
    int64_t size_bytes;  /* 0 if absent or negative; at most 1 PiB, so that sums do not overflow */
    json_t *annotations; /* object or NULL */
    char *data;          /* the content itself where `data` holds it and it verifies, else NULL */
    size_t data_bytes;
};

struct manifest_child {
    struct descriptor descriptor;
    char *platform;      /* "linux/arm64"; os/arch[/variant]; arm64/v8 is arm64; "" if absent */
    char *os_version;    /* of Windows, "" if absent */
    bool is_index;       /* an index within the index */
    bool is_attestation; /* vnd.docker.reference.type, or platform unknown/unknown */
    bool is_artifact;    /* neither an image nor an index, as far as the index tells */
    char *attests;       /* vnd.docker.reference.digest, "" if absent */
};

struct manifest {
    enum manifest_kind kind;
    char *media_type;
    char *artifact_type; /* of an ARTIFACT: its own, its config's or its first layer's; or "" */
    struct descriptor config; /* IMAGE and ARTIFACT; all NULL where an artifact has none */
    struct descriptor *layers;
    bool *layer_repeats; /* an earlier layer is the same blob */
    size_t layer_count;
    struct manifest_child *children; /* INDEX: in the index's order */
    size_t child_count;
    json_t *annotations; /* object or NULL */
};

/* media_type is the Content-Type, used where the body says none; may be NULL. 0; ERR_PROTO: no
 * manifest, or one that fits two kinds or not its own media type; ERR_UNSUPPORTED: schema 1;
 * ERR_TOOBIG: too many children or layers.
 * Caller frees with manifest_free. */
int manifest_parse(const void *body, size_t len, const char *media_type,
                   struct manifest **ret_manifest);
void manifest_free(struct manifest *manifest);

/* True for the media types of images and of OCI's old artifacts: what manifest_parse takes apart
 * and is no index. */
bool manifest_is_readable(const char *media_type);

/* Which of an index's images is shown when nobody asks for a platform: linux/amd64, else one of its
 * variants, else the first. 0 where there is none. */
size_t manifest_default_child(const struct manifest_child *const *images, size_t count);

/* "linux/arm/v7" from an os, an architecture and a variant (each may be NULL or ""), with
 * arm64/v8 shown as arm64. Caller frees. */
char *platform_format(const char *os, const char *architecture, const char *variant);
/* True where `have` ("linux/arm/v7") is what `wanted` ("linux/arm", "linux/arm64/v8") asks for. */
bool platform_matches(const char *have, const char *wanted);

/* True where an earlier layer is the same blob: it is downloaded once. */
bool manifest_layer_repeats(const struct manifest *manifest, size_t index);
/* Distinct layer descriptors' sizes added up. */
int64_t manifest_download_size(const struct manifest *manifest);

static inline void manifest_cleanup(struct manifest **manifest)
{
    manifest_free(*manifest);
}

#endif
