/* Manifests and indexes: what is accepted is within the caps, and every text is fit to be shown.
 * The first line is the Content-Type. */
#include "fuzz.h"

#include <string.h>

#include "digest.h"
#include "manifest.h"
#include "mem.h"

#define MAX_BYTES_OF_A_LAYER (INT64_C(1) << 50)

static void check_descriptor(const struct descriptor *descriptor)
{
    fuzz_check_utf8(descriptor->media_type);
    FUZZ_CHECK(digest_is_valid(descriptor->digest));
    FUZZ_CHECK(descriptor->size_bytes >= 0 && descriptor->size_bytes <= MAX_BYTES_OF_A_LAYER);
}

static void check_layers(const struct manifest *manifest)
{
    int64_t total_bytes = 0;
    FUZZ_CHECK(manifest->layer_count <= MANIFEST_MAX_LAYERS);
    for (size_t i = 0; i < manifest->layer_count; i++) {
        check_descriptor(&manifest->layers[i]);
        int is_repeat = 0;
        for (size_t j = 0; j < i; j++)
            is_repeat |= strcmp(manifest->layers[i].digest, manifest->layers[j].digest) == 0;
        FUZZ_CHECK(is_repeat == manifest_layer_repeats(manifest, i));
        total_bytes += is_repeat ? 0 : manifest->layers[i].size_bytes;
    }
    FUZZ_CHECK(manifest_download_size(manifest) == total_bytes);
}

static void check_children(const struct manifest *manifest)
{
    const struct manifest_child *images[MANIFEST_MAX_CHILDREN];
    size_t count = 0;
    FUZZ_CHECK(manifest->child_count <= MANIFEST_MAX_CHILDREN);
    for (size_t i = 0; i < manifest->child_count; i++) {
        const struct manifest_child *child = &manifest->children[i];
        check_descriptor(&child->descriptor);
        FUZZ_CHECK(!strpbrk(child->platform, " \n\"<>")); /* one word of a line in Redis */
        FUZZ_CHECK(!*child->attests || digest_is_valid(child->attests));
        if (!child->is_attestation && !child->is_artifact && !child->is_index)
            images[count++] = child;
    }
    FUZZ_CHECK(manifest_default_child(images, count) <= (count ? count - 1 : 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(free) char *media_type = fuzz_first_line(data, size);
    size_t skipped = strlen(media_type);
    skipped += skipped < size;
    struct manifest *manifest = NULL;
    if (manifest_parse(data + skipped, size - skipped, *media_type ? media_type : NULL,
                       &manifest) != 0)
        return 0;
    if (manifest->kind != MANIFEST_INDEX && manifest->config.digest)
        check_descriptor(&manifest->config);
    check_layers(manifest);
    check_children(manifest);
    if (manifest->annotations)
        fuzz_check_json(manifest->annotations);
    manifest_free(manifest);
    return 0;
}
