#include "manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "digest.h"
#include "err.h"
#include "jsonx.h"
#include "mem.h"

#define DOCKER "application/vnd.docker.distribution.manifest."
#define OCI "application/vnd.oci.image."

#define ARTIFACT_TYPE "application/vnd.oci.artifact.manifest.v1+json"

const char manifest_accept[] =
    OCI "index.v1+json, " OCI "manifest.v1+json, " DOCKER "list.v2+json, " DOCKER
        "v2+json, " ARTIFACT_TYPE ", " DOCKER "v1+prettyjws, " DOCKER "v1+json";

#define MAX_SIZE_BYTES (INT64_C(1) << 50)

static const char *const index_types[] = {OCI "index.v1+json", DOCKER "list.v2+json"};
static const char *const image_types[] = {OCI "manifest.v1+json", DOCKER "v2+json"};
static const char *const config_types[] = {OCI "config.v1+json",
                                           "application/vnd.docker.container.image.v1+json",
                                           "application/octet-stream"};

static bool is_one_of(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, list[i]) == 0)
            return true;
    return false;
}

static bool is_image_config(const char *media_type)
{
    return !*media_type || is_one_of(media_type, config_types, ARRAY_LEN(config_types));
}

static bool is_index_type(const char *media_type)
{
    return is_one_of(media_type, index_types, ARRAY_LEN(index_types));
}

static bool is_image_type(const char *media_type)
{
    return is_one_of(media_type, image_types, ARRAY_LEN(image_types));
}

/* `data` repeats the content within the descriptor (descriptor.md, "Embedded Content"). */
static void take_data(const json_t *json, struct descriptor *descriptor)
{
    const char *text = jsonx_str(json, "data");
    AUTO(free) char *data = NULL;
    size_t len;
    if (!*text || base64_decode(text, &data, &len) != 0)
        return;
    if ((int64_t)len != descriptor->size_bytes || digest_verify(descriptor->digest, data, len) != 0)
        return;
    descriptor->data = TAKE(data);
    descriptor->data_bytes = len;
}

static bool descriptor_parse(const json_t *json, struct descriptor *ret_descriptor)
{
    const char *digest = jsonx_str(json, "digest");
    int64_t size_bytes = jsonx_int(json, "size");
    if (!digest_is_valid(digest))
        return false;
    *ret_descriptor = (struct descriptor){
        .media_type = xstrdup(jsonx_str(json, "mediaType")),
        .artifact_type = xstrdup(jsonx_str(json, "artifactType")),
        .annotations = json_incref(jsonx_object(json, "annotations")),
        .digest = xstrdup(digest),
        .size_bytes = size_bytes < 0                ? 0
                      : size_bytes < MAX_SIZE_BYTES ? size_bytes
                                                    : MAX_SIZE_BYTES,
    };
    take_data(json, ret_descriptor);
    return true;
}

static void descriptor_release(struct descriptor *descriptor)
{
    free(descriptor->media_type);
    free(descriptor->artifact_type);
    free(descriptor->digest);
    free(descriptor->data);
    json_decref(descriptor->annotations);
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr("._-+", c);
}

/* Appends "/part" with what is foreign replaced, so that a platform is always one plain word. */
static char *with_part(char *text, const char *part)
{
    char *longer = xasprintf("%s%s%.64s", text, *text ? "/" : "", part);
    for (char *c = longer + strlen(text) + (*text ? 1 : 0); *c; c++)
        if (!is_plain(*c))
            *c = '_';
    free(text);
    return longer;
}

char *platform_format(const char *os, const char *architecture, const char *variant)
{
    char *text = xstrdup("");
    if (os && *os)
        text = with_part(text, os);
    if (architecture && *architecture)
        text = with_part(text, architecture);
    bool is_default =
        architecture && variant && strcmp(architecture, "arm64") == 0 && strcmp(variant, "v8") == 0;
    if (variant && *variant && !is_default)
        text = with_part(text, variant);
    return text;
}

bool platform_matches(const char *have, const char *wanted)
{
    size_t len = strlen(wanted);
    if (len > 9 && strcmp(wanted + len - 9, "/arm64/v8") == 0)
        len -= 3;
    return strncmp(have, wanted, len) == 0 && (have[len] == '\0' || have[len] == '/');
}

static bool child_parse(const json_t *json, struct manifest_child *ret_child)
{
    const json_t *platform = json_object_get(json, "platform");
    struct manifest_child child = {0};
    if (!descriptor_parse(json, &child.descriptor))
        return false;
    const json_t *annotations = child.descriptor.annotations;
    const char *os = jsonx_str(platform, "os");
    const char *architecture = jsonx_str(platform, "architecture");
    child.platform = platform_format(os, architecture, jsonx_str(platform, "variant"));
    child.os_version = platform_format(jsonx_str(platform, "os.version"), NULL, NULL);
    const char *attests = jsonx_str(annotations, "vnd.docker.reference.digest");
    child.attests = xstrdup(digest_is_valid(attests) ? attests : "");
    const char *type = child.descriptor.media_type;
    child.is_index = is_index_type(type);
    child.is_artifact = (*type && !is_index_type(type) && !is_image_type(type)) ||
                        !is_image_config(child.descriptor.artifact_type);
    child.is_attestation = *jsonx_str(annotations, "vnd.docker.reference.type") ||
                           (strcmp(os, "unknown") == 0 && strcmp(architecture, "unknown") == 0);
    *ret_child = child;
    return true;
}

static int index_parse(const json_t *json, struct manifest *manifest)
{
    const json_t *list = jsonx_array(json, "manifests");
    size_t count = json_array_size(list);
    if (count > MANIFEST_MAX_CHILDREN)
        return ERR_TOOBIG;
    manifest->kind = MANIFEST_INDEX;
    manifest->children = xcalloc(count, sizeof(*manifest->children));
    for (size_t i = 0; i < count; i++) {
        if (!child_parse(json_array_get(list, i), &manifest->children[manifest->child_count]))
            return ERR_PROTO;
        manifest->child_count++;
    }
    return 0;
}

/* All types of layers name tar in some way; SBOMs, signatures and attestations do not, though they
 * may pose as images by their config. */
static bool has_file_system(const struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->layer_count; i++) {
        const char *type = manifest->layers[i].media_type;
        if (!*type || strstr(type, "tar") || strcmp(type, "application/octet-stream") == 0)
            return true;
    }
    return manifest->layer_count == 0;
}

/* Layers of an image, blobs of OCI's withdrawn artifact manifest. */
static int layers_parse(const json_t *list, struct manifest *manifest)
{
    size_t count = json_array_size(list);
    if (count > MANIFEST_MAX_LAYERS)
        return ERR_TOOBIG;
    JSON_AUTO
    json_t *seen = json_object();
    manifest->layers = xcalloc(count, sizeof(*manifest->layers));
    manifest->layer_repeats = xcalloc(count, sizeof(*manifest->layer_repeats));
    for (size_t i = 0; i < count; i++) {
        struct descriptor *layer = &manifest->layers[i];
        if (!descriptor_parse(json_array_get(list, i), layer))
            return ERR_PROTO;
        manifest->layer_count++;
        manifest->layer_repeats[i] = json_object_get(seen, layer->digest) != NULL;
        json_object_set_new(seen, layer->digest, json_true());
    }
    return 0;
}

/* What an artifact says that it is; cosign's older ones pose as images but for their layers. */
static const char *artifact_type_of(const json_t *json, const struct manifest *manifest)
{
    const char *own = jsonx_str(json, "artifactType");
    const char *config = manifest->config.media_type ? manifest->config.media_type : "";
    if (*own)
        return own;
    if (!is_image_config(config) && strcmp(config, "application/vnd.oci.empty.v1+json") != 0)
        return config;
    return manifest->layer_count ? manifest->layers[0].media_type : "";
}

static int image_parse(const json_t *json, struct manifest *manifest)
{
    if (!descriptor_parse(json_object_get(json, "config"), &manifest->config))
        return ERR_PROTO;
    int err = layers_parse(jsonx_array(json, "layers"), manifest);
    bool is_image = is_image_config(manifest->config.media_type) && has_file_system(manifest);
    manifest->kind = is_image ? MANIFEST_IMAGE : MANIFEST_ARTIFACT;
    return err;
}

static int artifact_parse(const json_t *json, struct manifest *manifest)
{
    manifest->kind = MANIFEST_ARTIFACT;
    return layers_parse(jsonx_array(json, "blobs"), manifest);
}

/* What it is, by its members. A body that fits two kinds, or another than its media type names, is
 * somebody's trick: two readers would see two things. */
static int parse_by_shape(const json_t *json, struct manifest *manifest)
{
    const char *type = manifest->media_type;
    bool is_index = json_object_get(json, "manifests") != NULL;
    bool is_image = json_object_get(json, "config") || json_object_get(json, "layers");
    bool is_artifact = strcmp(type, ARTIFACT_TYPE) == 0;
    bool is_schema1 = json_object_get(json, "fsLayers") != NULL;
    if (is_index + is_image + is_artifact + is_schema1 != 1)
        return ERR_PROTO;
    if ((is_index_type(type) && !is_index) || (is_image_type(type) && !is_image))
        return ERR_PROTO;
    if (is_index)
        return index_parse(json, manifest);
    if (is_image)
        return image_parse(json, manifest);
    return is_artifact ? artifact_parse(json, manifest) : ERR_UNSUPPORTED;
}

/* The body's own media type, else the Content-Type without its parameters. */
static char *media_type_of(const json_t *json, const char *content_type)
{
    const char *own = jsonx_str(json, "mediaType");
    if (*own || !content_type)
        return xstrdup(own);
    return xstrndup(content_type, strcspn(content_type, "; \t"));
}

int manifest_parse(const void *body, size_t len, const char *media_type,
                   struct manifest **ret_manifest)
{
    JSON_AUTO
    json_t *json = NULL;
    if (jsonx_parse(body, len, &json) != 0 || !json_is_object(json))
        return ERR_PROTO;
    AUTO(manifest) struct manifest *manifest = xcalloc(1, sizeof(*manifest));
    manifest->media_type = media_type_of(json, media_type);
    json_t *annotations = jsonx_object(json, "annotations");
    if (json_object_size(annotations))
        manifest->annotations = json_incref(annotations);
    int err = parse_by_shape(json, manifest);
    bool is_artifact = !err && manifest->kind == MANIFEST_ARTIFACT;
    manifest->artifact_type = xstrdup(is_artifact ? artifact_type_of(json, manifest) : "");
    if (!err)
        *ret_manifest = TAKE(manifest);
    return err;
}

void manifest_free(struct manifest *manifest)
{
    if (!manifest)
        return;
    for (size_t i = 0; i < manifest->layer_count; i++)
        descriptor_release(&manifest->layers[i]);
    for (size_t i = 0; i < manifest->child_count; i++) {
        descriptor_release(&manifest->children[i].descriptor);
        free(manifest->children[i].platform);
        free(manifest->children[i].os_version);
        free(manifest->children[i].attests);
    }
    descriptor_release(&manifest->config);
    json_decref(manifest->annotations);
    free(manifest->layers);
    free(manifest->layer_repeats);
    free(manifest->children);
    free(manifest->media_type);
    free(manifest->artifact_type);
    free(manifest);
}

bool manifest_is_readable(const char *media_type)
{
    return is_image_type(media_type) || strcmp(media_type, ARTIFACT_TYPE) == 0;
}

size_t manifest_default_child(const struct manifest_child *const *images, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(images[i]->platform, "linux/amd64") == 0)
            return i;
    for (size_t i = 0; i < count; i++)
        if (platform_matches(images[i]->platform, "linux/amd64"))
            return i;
    return 0;
}

bool manifest_layer_repeats(const struct manifest *manifest, size_t index)
{
    return manifest->layer_repeats[index];
}

int64_t manifest_download_size(const struct manifest *manifest)
{
    int64_t total_bytes = 0;
    for (size_t i = 0; i < manifest->layer_count; i++)
        if (!manifest->layer_repeats[i])
            total_bytes += manifest->layers[i].size_bytes;
    return total_bytes;
}
