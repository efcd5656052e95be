#include "attachments.h"

#include <string.h>

#include "digest.h"
#include "jsonx.h"
#include "mem.h"

#define HEX_LEN 64

static const struct {
    const char *suffix, *type;
} cosign_tags[] = {{".sig", "signature"}, {".att", "attestation"}, {".sbom", "sbom"}};

/* What is in an artifact's or a predicate's type, in this order. */
static const struct {
    const char *part, *type;
} known_parts[] = {
    {"slsa.dev/provenance", "provenance"},
    {"slsa-provenance", "provenance"},
    {"spdx", "sbom"},
    {"cyclonedx", "sbom"},
    {"syft", "sbom"},
    {"dev.cosign.artifact.sbom", "sbom"},
    {"simplesigning", "signature"},
    {"dev.cosign.artifact.sig", "signature"},
    {"cncf.notary.signature", "signature"},
    {"in-toto", "attestation"},
    {"attestation", "attestation"},
    {"dsse", "attestation"},
};

/* The suffix of such a tag, "" for the list of referrers, NULL for any other tag. */
static const char *suffix_of(const char *tag)
{
    size_t prefix = strspn(tag, "abcdefghijklmnopqrstuvwxyz0123456789");
    if (strncmp(tag, "sha256-", 7) != 0 && strncmp(tag, "sha512-", 7) != 0)
        return NULL;
    const char *hex = tag + prefix + 1;
    if (strspn(hex, "0123456789abcdef") != HEX_LEN)
        return NULL;
    const char *suffix = hex + HEX_LEN;
    for (size_t i = 0; i < ARRAY_LEN(cosign_tags); i++)
        if (strcmp(suffix, cosign_tags[i].suffix) == 0)
            return suffix;
    return *suffix ? NULL : suffix;
}

bool attachment_tag(const char *tag)
{
    return suffix_of(tag) != NULL;
}

char *attachment_tag_of(const char *digest)
{
    size_t algorithm = strcspn(digest, ":");
    return xasprintf("%.*s-%.*s", (int)(algorithm < 32 ? algorithm : 32), digest, HEX_LEN,
                     digest_hex(digest));
}

static const char *type_of(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(known_parts); i++)
        if (strcasestr(text, known_parts[i].part))
            return known_parts[i].type;
    return NULL;
}

/* Each argument may be "". The predicate says more than the type of what carries it. */
static const char *best_type(const char *predicate, const char *artifact_type,
                             const char *media_type)
{
    const char *type = *predicate ? type_of(predicate) : NULL;
    if (!type && *predicate)
        type = "attestation";
    if (!type)
        type = type_of(artifact_type);
    if (!type)
        type = type_of(media_type);
    return type ? type : "artifact";
}

static void set_text(json_t *row, const char *key, const char *text)
{
    if (*text)
        json_object_set_new(row, key, json_string(text));
}

struct attachment {
    const char *predicate, *artifact_type, *media_type, *digest, *platform;
    int64_t size_bytes;
};

static void add(json_t *list, const char *type, const struct attachment *attachment)
{
    if (json_array_size(list) >= ATTACHMENTS_MAX)
        return;
    json_t *row = json_object();
    json_object_set_new(row, "Type", json_string(type));
    set_text(row, "MediaType", attachment->media_type);
    set_text(row, "ArtifactType", attachment->artifact_type);
    set_text(row, "PredicateType", attachment->predicate);
    set_text(row, "Digest", attachment->digest);
    json_object_set_new(row, "Size", json_integer(attachment->size_bytes));
    set_text(row, "Platform", attachment->platform);
    json_array_append_new(list, row);
}

static const char *platform_of(const json_t *record, const char *digest)
{
    size_t i;
    json_t *child;
    json_array_foreach(jsonx_array(record, "Children"), i,
                       child) if (strcmp(jsonx_str(child, "Digest"), digest) ==
                                  0) return jsonx_str(child, "Platform");
    return "";
}

void attachments_add_record(json_t *list, const json_t *record)
{
    size_t i;
    json_t *row;
    json_array_foreach(jsonx_array(record, "Attestations"), i, row)
        attachments_add_statements(list, record, row, NULL);
}

void attachments_add_statements(json_t *list, const json_t *record, const json_t *row,
                                const json_t *attestation)
{
    const char *platform = platform_of(record, jsonx_str(row, "Attests"));
    const json_t *layers = jsonx_array(attestation, "Layers");
    size_t i;
    json_t *layer;
    json_array_foreach(layers, i, layer)
    {
        const struct attachment statement = {
            jsonx_str(layer, "PredicateType"), "",       jsonx_str(layer, "MediaType"),
            jsonx_str(layer, "BlobSum"),       platform, jsonx_int(layer, "DownloadSize")};
        add(list, best_type(statement.predicate, "", statement.media_type), &statement);
    }
    if (json_array_size(layers))
        return;
    const struct attachment unread = {"",
                                      jsonx_str(row, "ArtifactType"),
                                      jsonx_str(row, "MediaType"),
                                      jsonx_str(row, "Digest"),
                                      platform,
                                      jsonx_int(row, "Size")};
    add(list, "attestation", &unread);
}

void attachments_add_referrers(json_t *list, const struct manifest *referrers)
{
    for (size_t i = 0; i < referrers->child_count; i++) {
        const struct descriptor *referrer = &referrers->children[i].descriptor;
        const char *content = jsonx_str(referrer->annotations, "dev.sigstore.bundle.content");
        const struct attachment attachment = {
            jsonx_str(referrer->annotations, "dev.sigstore.bundle.predicateType"),
            referrer->artifact_type,
            referrer->media_type,
            referrer->digest,
            referrers->children[i].platform,
            referrer->size_bytes};
        bool is_signature = strcmp(content, "message-signature") == 0;
        add(list,
            is_signature
                ? "signature"
                : best_type(attachment.predicate, attachment.artifact_type, attachment.media_type),
            &attachment);
    }
}

void attachments_add_tag(json_t *list, const char *tag)
{
    const char *suffix = suffix_of(tag);
    for (size_t i = 0; suffix && i < ARRAY_LEN(cosign_tags); i++)
        if (strcmp(suffix, cosign_tags[i].suffix) == 0 && json_array_size(list) < ATTACHMENTS_MAX)
            json_array_append_new(list,
                                  json_pack("{s:s,s:s}", "Type", cosign_tags[i].type, "Tag", tag));
}
