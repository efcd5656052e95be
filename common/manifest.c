#include "manifest.h"

#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "err.h"
#include "jsonx.h"
#include "mem.h"

#define DOCKER "application/vnd.docker.distribution.manifest."
#define OCI "application/vnd.oci.image."

const char manifest_accept[] =
    OCI "index.v1+json, " OCI "manifest.v1+json, " DOCKER "list.v2+json, " DOCKER "v2+json";

static const char *const config_types[] = {OCI "config.v1+json",
                                           "application/vnd.docker.container.image.v1+json",
                                           "application/octet-stream"};

static bool descriptor_parse(const json_t *json, struct descriptor *ret_descriptor)
{
    const char *digest = jsonx_str(json, "digest");
    int64_t size_bytes = jsonx_int(json, "size");
    if (!digest_is_valid(digest))
        return false;
    *ret_descriptor = (struct descriptor){
        .media_type = xstrdup(jsonx_str(json, "mediaType")),
        .digest = xstrdup(digest),
        .size_bytes = size_bytes > 0 ? size_bytes : 0,
    };
    return true;
}

static void descriptor_release(struct descriptor *descriptor)
{
    free(descriptor->media_type);
    free(descriptor->digest);
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
    const json_t *annotations = json_object_get(json, "annotations");
    struct manifest_child child = {0};
    if (!descriptor_parse(json, &child.descriptor))
        return false;
    const char *os = jsonx_str(platform, "os");
    const char *architecture = jsonx_str(platform, "architecture");
    child.platform = platform_format(os, architecture, jsonx_str(platform, "variant"));
    child.attests = xstrdup(jsonx_str(annotations, "vnd.docker.reference.digest"));
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

static bool is_image_config(const char *media_type)
{
    if (!*media_type)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(config_types); i++)
        if (strcmp(media_type, config_types[i]) == 0)
            return true;
    return false;
}

static int image_parse(const json_t *json, struct manifest *manifest)
{
    const json_t *list = jsonx_array(json, "layers");
    size_t count = json_array_size(list);
    if (count > MANIFEST_MAX_LAYERS)
        return ERR_TOOBIG;
    if (!descriptor_parse(json_object_get(json, "config"), &manifest->config))
        return ERR_PROTO;
    manifest->kind =
        is_image_config(manifest->config.media_type) ? MANIFEST_IMAGE : MANIFEST_ARTIFACT;
    manifest->layers = xcalloc(count, sizeof(*manifest->layers));
    for (size_t i = 0; i < count; i++) {
        if (!descriptor_parse(json_array_get(list, i), &manifest->layers[manifest->layer_count]))
            return ERR_PROTO;
        manifest->layer_count++;
    }
    return 0;
}

/* What it is, by its members: one body that fits two kinds is somebody's trick. */
static int parse_by_shape(const json_t *json, struct manifest *manifest)
{
    bool is_index = jsonx_array(json, "manifests") != NULL;
    bool is_image = jsonx_array(json, "layers") != NULL && jsonx_object(json, "config") != NULL;
    if (is_index && (is_image || json_object_get(json, "layers")))
        return ERR_PROTO;
    if (is_index)
        return index_parse(json, manifest);
    if (is_image)
        return image_parse(json, manifest);
    return jsonx_array(json, "fsLayers") ? ERR_UNSUPPORTED : ERR_PROTO;
}

int manifest_parse(const void *body, size_t len, const char *media_type,
                   struct manifest **ret_manifest)
{
    JSON_AUTO
    json_t *json = NULL;
    if (jsonx_parse(body, len, &json) != 0 || !json_is_object(json))
        return ERR_PROTO;
    struct manifest *manifest = xcalloc(1, sizeof(*manifest));
    const char *own_type = jsonx_str(json, "mediaType");
    manifest->media_type = xstrdup(*own_type ? own_type : (media_type ? media_type : ""));
    json_t *annotations = jsonx_object(json, "annotations");
    if (json_object_size(annotations))
        manifest->annotations = json_incref(annotations);
    int err = parse_by_shape(json, manifest);
    if (err) {
        manifest_free(manifest);
        return err;
    }
    *ret_manifest = manifest;
    return 0;
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
        free(manifest->children[i].attests);
    }
    descriptor_release(&manifest->config);
    json_decref(manifest->annotations);
    free(manifest->layers);
    free(manifest->children);
    free(manifest->media_type);
    free(manifest);
}

const struct manifest_child *manifest_default_child(const struct manifest *manifest)
{
    const struct manifest_child *first = NULL;
    for (size_t i = 0; i < manifest->child_count; i++) {
        const struct manifest_child *child = &manifest->children[i];
        if (child->is_attestation)
            continue;
        if (strcmp(child->platform, "linux/amd64") == 0)
            return child;
        if (!first)
            first = child;
    }
    return first;
}

bool manifest_layer_repeats(const struct manifest *manifest, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(manifest->layers[i].digest, manifest->layers[index].digest) == 0)
            return true;
    return false;
}

int64_t manifest_download_size(const struct manifest *manifest)
{
    int64_t total_bytes = 0;
    for (size_t i = 0; i < manifest->layer_count; i++) {
        int64_t size_bytes = manifest->layers[i].size_bytes;
        if (!manifest_layer_repeats(manifest, i) && total_bytes <= INT64_MAX - size_bytes)
            total_bytes += size_bytes;
    }
    return total_bytes;
}
