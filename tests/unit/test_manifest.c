#include "unit.h"

#include <glob.h>
#include <string.h>

#include "digest.h"
#include "err.h"
#include "jsonx.h"
#include "manifest.h"
#include "mem.h"

#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker.distribution.manifest."
#define D1 "'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'"
#define D2 "'sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4'"
#define CONFIG "'config':{'mediaType':'" OCI "config.v1+json','digest':" D1 ",'size':2}"
#define LAYER "{'mediaType':'" OCI "layer.v1.tar+gzip','digest':" D2 ",'size':32}"

static int parse_as(const char *text, const char *content_type, struct manifest **ret_manifest)
{
    JSON_AUTO
    json_t *json = unit_json(text);
    AUTO(free) char *body = jsonx_dump(json);
    return manifest_parse(body, strlen(body), content_type, ret_manifest);
}

static struct manifest *parse(const char *text)
{
    struct manifest *manifest = NULL;
    int err = parse_as(text, NULL, &manifest);
    if (err)
        fail_msg("%s: %s", err_str(err), text);
    return manifest;
}

static void refuse(const char *text, const char *content_type, int expected)
{
    struct manifest *manifest = NULL;
    int err = parse_as(text, content_type, &manifest);
    if (err != expected)
        fail_msg("%s instead of %s: %s", err_str(err), err_str(expected), text);
    assert_null(manifest);
}

static struct manifest *read_sample(const char *name)
{
    size_t len;
    AUTO(free) char *path = xasprintf("samples/%s", name);
    AUTO(free) char *body = unit_read_file(path, &len);
    struct manifest *manifest = NULL;
    int err = manifest_parse(body, len, "", &manifest);
    if (err)
        fail_msg("%s: %s", name, err_str(err));
    return manifest;
}

/* Real builders */

static void all_samples_parse(void **state)
{
    (void)state;
    static const char *const patterns[] = {
        "samples/*/manifest-*.json",
        "samples/*/*/manifest-*.json",
        "samples/*/index*.json",
        "samples/*/*/index*.json",
        "samples/*/*/attestation-unknown-unknown-????????.json",
    };
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
        AUTO(free) char *pattern = xasprintf("%s/%s", TEST_DATA, patterns[i]);
        glob_t found;
        assert_int_equal(glob(pattern, 0, NULL, &found), 0);
        for (size_t k = 0; k < found.gl_pathc; k++, count++) {
            AUTO(manifest)
            struct manifest *manifest =
                read_sample(found.gl_pathv[k] + strlen(TEST_DATA "/samples/"));
            bool is_index = strstr(found.gl_pathv[k], "/index") != NULL;
            assert_int_equal(manifest->kind == MANIFEST_INDEX, is_index);
            assert_true(is_index ? manifest->child_count > 0 : manifest->layer_count > 0);
        }
        globfree(&found);
    }
    assert_true(count >= 40);
}

static void sizes_of_an_image(void **state)
{
    (void)state;
    AUTO(manifest) struct manifest *ko = read_sample("ko/manifest-root.json");
    assert_int_equal(ko->kind, MANIFEST_IMAGE);
    assert_int_equal(ko->layer_count, 3);
    assert_int_equal(manifest_download_size(ko), 73773316 + 171 + 1506582);
    assert_string_equal(jsonx_str(ko->annotations, "org.opencontainers.image.base.name"),
                        "127.0.0.1:5055/base:1");
    assert_int_equal(ko->config.size_bytes, 871);
}

static void attestations_and_sboms_are_artifacts(void **state)
{
    (void)state;
    AUTO(manifest)
    struct manifest *attestation =
        read_sample("buildkit/provenance-max-sbom/attestation-unknown-unknown-9239f2c9.json");
    assert_int_equal(attestation->kind, MANIFEST_ARTIFACT);
    assert_int_equal(attestation->layer_count, 2);
    assert_string_equal(attestation->artifact_type,
                        "application/vnd.docker.attestation.manifest.v1+json");
    assert_string_equal(jsonx_str(attestation->layers[1].annotations, "in-toto.io/predicate-type"),
                        "https://slsa.dev/provenance/v1");
    /* This one poses as an image: only its layer's type tells. */
    AUTO(manifest) struct manifest *sbom = read_sample("ko/sbom-tag/manifest-root.json");
    assert_int_equal(sbom->kind, MANIFEST_ARTIFACT);
    assert_string_equal(sbom->artifact_type, sbom->layers[0].media_type);
}

/* Kinds */

static void kinds_are_told_by_type_and_shape(void **state)
{
    (void)state;
    AUTO(manifest) struct manifest *image = parse("{" CONFIG ",'layers':[" LAYER "]}");
    assert_int_equal(image->kind, MANIFEST_IMAGE);
    assert_string_equal(image->media_type, "");
    struct manifest *typed = NULL;
    assert_int_equal(
        parse_as("{" CONFIG ",'layers':null}", OCI "manifest.v1+json; charset=utf-8", &typed), 0);
    assert_string_equal(typed->media_type, OCI "manifest.v1+json");
    assert_int_equal(typed->layer_count, 0);
    assert_int_equal(typed->kind, MANIFEST_IMAGE);
    manifest_free(typed);
    AUTO(manifest)
    struct manifest *helm =
        parse("{'config':{'mediaType':'application/vnd.cncf.helm.config.v1+json',"
              "'digest':" D1 "},'layers':[" LAYER "]}");
    assert_int_equal(helm->kind, MANIFEST_ARTIFACT);
    AUTO(manifest)
    struct manifest *artifact =
        parse("{'mediaType':'application/vnd.oci.artifact.manifest.v1+json','blobs':[" LAYER "]}");
    assert_int_equal(artifact->kind, MANIFEST_ARTIFACT);
    assert_int_equal(manifest_download_size(artifact), 32);
    AUTO(manifest) struct manifest *empty_index = parse("{'manifests':[]}");
    assert_int_equal(empty_index->kind, MANIFEST_INDEX);
}

static void what_fits_two_kinds_is_refused(void **state)
{
    (void)state;
    refuse("{'manifests':[]," CONFIG ",'layers':[]}", NULL, ERR_PROTO);
    refuse("{'manifests':[],'layers':[]}", NULL, ERR_PROTO);
    refuse("{'manifests':[]," CONFIG "}", NULL, ERR_PROTO);
    refuse("{" CONFIG ",'layers':[],'fsLayers':[]}", NULL, ERR_PROTO);
    refuse("{'mediaType':'" OCI "index.v1+json'," CONFIG ",'layers':[]}", NULL, ERR_PROTO);
    refuse("{'mediaType':'" DOCKER "v2+json','manifests':[]}", NULL, ERR_PROTO);
    refuse("{'manifests':[]}", DOCKER "v2+json", ERR_PROTO);
}

static void what_is_no_manifest_is_refused(void **state)
{
    (void)state;
    refuse("{}", NULL, ERR_PROTO);
    refuse("[]", NULL, ERR_PROTO);
    refuse("{'errors':[{'code':'DENIED'}]}", OCI "index.v1+json", ERR_PROTO);
    refuse("{'layers':[]}", NULL, ERR_PROTO);
    refuse("{'config':null,'layers':[]}", NULL, ERR_PROTO);
    refuse("{'config':{'digest':'sha256:1'},'layers':[]}", NULL, ERR_PROTO);
    refuse("{" CONFIG ",'layers':[{'digest':'../../etc/passwd'}]}", NULL, ERR_PROTO);
    refuse("{" CONFIG ",'layers':[null]}", NULL, ERR_PROTO);
    refuse("{'manifests':[{'size':1}]}", NULL, ERR_PROTO);
    refuse("{'schemaVersion':1,'fsLayers':[],'history':[]}", DOCKER "v1+prettyjws",
           ERR_UNSUPPORTED);
    struct manifest *manifest = NULL;
    assert_int_equal(manifest_parse("<html>login</html>", 18, "text/html", &manifest), ERR_PROTO);
    assert_int_equal(manifest_parse("", 0, NULL, &manifest), ERR_PROTO);
}

static void counts_are_bounded(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *json = unit_json("{" CONFIG ",'layers':[" LAYER "]}");
    json_t *layers = json_object_get(json, "layers");
    while (json_array_size(layers) < MANIFEST_MAX_LAYERS)
        json_array_append(layers, json_array_get(layers, 0));
    AUTO(free) char *most = jsonx_dump(json);
    json_array_append(layers, json_array_get(layers, 0));
    AUTO(free) char *more = jsonx_dump(json);
    AUTO(manifest) struct manifest *manifest = NULL;
    assert_int_equal(manifest_parse(more, strlen(more), "", &manifest), ERR_TOOBIG);
    assert_int_equal(manifest_parse(most, strlen(most), "", &manifest), 0);
    assert_int_equal(manifest_download_size(manifest), 32);

    JSON_AUTO
    json_t *index = unit_json("{'manifests':[" LAYER "]}");
    json_t *children = json_object_get(index, "manifests");
    while (json_array_size(children) < MANIFEST_MAX_CHILDREN + 1)
        json_array_append(children, json_array_get(children, 0));
    AUTO(free) char *crowd = jsonx_dump(index);
    struct manifest *none = NULL;
    assert_int_equal(manifest_parse(crowd, strlen(crowd), "", &none), ERR_TOOBIG);
}

static void sizes_are_sane(void **state)
{
    (void)state;
    AUTO(manifest)
    struct manifest *manifest =
        parse("{" CONFIG ",'layers':[{'digest':" D1 ",'size':-5},"
              "{'digest':" D2 ",'size':9223372036854775807},{'digest':" D2 ",'size':9}]}");
    assert_int_equal(manifest->layers[0].size_bytes, 0);
    assert_int_equal(manifest->layers[1].size_bytes, INT64_C(1) << 50);
    assert_false(manifest_layer_repeats(manifest, 1));
    assert_true(manifest_layer_repeats(manifest, 2));
    assert_int_equal(manifest_download_size(manifest), INT64_C(1) << 50);
}

/* Platforms */

static void expect_format(const char *os, const char *architecture, const char *variant,
                          const char *expected)
{
    AUTO(free) char *text = platform_format(os, architecture, variant);
    assert_string_equal(text, expected);
}

static void platforms_are_one_plain_word(void **state)
{
    (void)state;
    expect_format("linux", "amd64", NULL, "linux/amd64");
    expect_format("linux", "arm", "v7", "linux/arm/v7");
    expect_format("linux", "arm64", "v8", "linux/arm64");
    expect_format("linux", "arm64", "v9", "linux/arm64/v9");
    expect_format("linux", "", "", "linux");
    expect_format(NULL, NULL, NULL, "");
    expect_format("li nux\n", "a/b", "<v>", "li_nux_/a_b/_v_");
    AUTO(free) char *word = xcalloc(1, 1001);
    memset(word, 'x', 1000);
    AUTO(free) char *text = platform_format(word, word, word);
    assert_int_equal(strlen(text), 64 * 3 + 2);
}

static void platforms_match(void **state)
{
    (void)state;
    assert_true(platform_matches("linux/amd64", "linux/amd64"));
    assert_true(platform_matches("linux/arm/v7", "linux/arm"));
    assert_true(platform_matches("linux/arm64", "linux/arm64/v8"));
    assert_false(platform_matches("linux/arm/v7", "linux/arm/v6"));
    assert_false(platform_matches("linux/arm64", "linux/arm"));
    assert_false(platform_matches("linux/arm", "linux/arm/v7"));
    assert_false(platform_matches("linux/amd64", ""));
    assert_false(platform_matches("linux/amd64", "linux/"));
    assert_false(platform_matches("", "linux/amd64"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_samples_parse),
        cmocka_unit_test(sizes_of_an_image),
        cmocka_unit_test(attestations_and_sboms_are_artifacts),
        cmocka_unit_test(kinds_are_told_by_type_and_shape),
        cmocka_unit_test(what_fits_two_kinds_is_refused),
        cmocka_unit_test(what_is_no_manifest_is_refused),
        cmocka_unit_test(counts_are_bounded),
        cmocka_unit_test(sizes_are_sane),
        cmocka_unit_test(platforms_are_one_plain_word),
        cmocka_unit_test(platforms_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
