#include "unit.h"

#include <glob.h>
#include <string.h>

#include "image.h"
#include "jsonx.h"
#include "mem.h"

#define OCI "application/vnd.oci.image."
#define HEX(c) "sha256:" c c c c c c c c c c c c c c c c
#define DIGEST_A HEX("aaaa")
#define DIGEST_B HEX("bbbb")
#define DIGEST_C HEX("cccc")
#define LAYER(digest, size)                                                                        \
    "{'mediaType':'" OCI "layer.v1.tar+gzip','digest':'" digest "','size':" size "}"
#define MANIFEST(layers, more)                                                                     \
    "{'mediaType':'" OCI "manifest.v1+json','config':{'mediaType':'" OCI                           \
    "config.v1+json','digest':'" DIGEST_C "','size':2},'layers':[" layers "]" more "}"

static struct manifest *manifest_of(const char *text)
{
    JSON_AUTO
    json_t *json = unit_json(text);
    AUTO(free) char *body = jsonx_dump(json);
    struct manifest *manifest = NULL;
    assert_int_equal(manifest_parse(body, strlen(body), "", &manifest), 0);
    return manifest;
}

static json_t *facts_of(const char *manifest_text, const char *config_text)
{
    AUTO(manifest) struct manifest *manifest = manifest_of(manifest_text);
    JSON_AUTO
    json_t *config = config_text ? unit_json(config_text) : NULL;
    return image_facts(DIGEST_B, manifest, config);
}

static void expect_json(const json_t *value, const char *expected)
{
    JSON_AUTO
    json_t *json = unit_json(expected);
    if (!json_equal(value, json)) {
        AUTO(free) char *text = value ? jsonx_dump(value) : xstrdup("nothing");
        fail_msg("%s instead of %s", text, expected);
    }
}

static void all_facts_of_an_image(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *facts = facts_of(
        MANIFEST(LAYER(DIGEST_A, "100") "," LAYER(DIGEST_B, "20"), ",'annotations':{'k':'v'}"),
        "{'os':'linux','architecture':'arm64','variant':'v8','author':'Ann',"
        "'created':'2024-01-02T03:04:05.678901234+01:00',"
        "'config':{'Labels':{'org.opencontainers.image.licenses':'MIT',"
        "'org.opencontainers.image.source':'https://github.com/a/b',"
        "'org.opencontainers.image.revision':'1f'}},"
        "'rootfs':{'diff_ids':['d0','d1']},'history':["
        "{'created_by':'COPY a /a # buildkit'},{'created_by':'USER x','empty_layer':true},"
        "{'created_by':'WORKDIR /w'}]}");
    expect_json(
        facts,
        "{'Digest':'" DIGEST_B "','MediaType':'" OCI "manifest.v1+json','ConfigDigest':'" DIGEST_C
        "','Platform':'linux/arm64',"
        "'Created':'2024-01-02T02:04:05.678Z','Author':'Ann',"
        "'License':{'Code':'MIT','URL':'https://spdx.org/licenses/MIT.html'},"
        "'VersionControl':{'Type':'git','URL':'https://github.com/a/b/tree/1f','Commit':'1f'},"
        "'Labels':{'org.opencontainers.image.licenses':'MIT',"
        "'org.opencontainers.image.source':'https://github.com/a/b',"
        "'org.opencontainers.image.revision':'1f'},"
        "'Annotations':{'k':'v'},'LayerCount':3,'DownloadSize':120,'Layers':["
        "{'BlobSum':'" DIGEST_A "','Command':'COPY a /a','DownloadSize':100,"
        "'CreatedBy':'COPY a /a # buildkit','DiffID':'d0','MediaType':'" OCI
        "layer.v1.tar+gzip','Empty':false,'Certainty':'exact'},"
        "{'BlobSum':'','Command':'USER x','DownloadSize':0,'CreatedBy':'USER x','DiffID':'',"
        "'MediaType':'','Empty':true,'Certainty':'exact'},"
        "{'BlobSum':'" DIGEST_B "','Command':'WORKDIR /w','DownloadSize':20,"
        "'CreatedBy':'WORKDIR /w','DiffID':'d1','MediaType':'" OCI
        "layer.v1.tar+gzip','Empty':false,'Certainty':'exact'}],'ConfigDigest':'" DIGEST_C "'}");
}

static void facts_without_a_config(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *facts = facts_of(MANIFEST(LAYER(DIGEST_A, "7"), ""), NULL);
    expect_json(facts,
                "{'Digest':'" DIGEST_B "','MediaType':'" OCI
                "manifest.v1+json','ConfigDigest':'" DIGEST_C
                "','Platform':'unknown','Created':'0001-01-01T00:00:00Z',"
                "'LayerCount':1,'DownloadSize':7,'Layers':[{'BlobSum':'" DIGEST_A
                "','Command':'','DownloadSize':7,'CreatedBy':'','DiffID':'','MediaType':'" OCI
                "layer.v1.tar+gzip','Empty':false,'Certainty':'missing'}],"
                "'ConfigDigest':'" DIGEST_C "'}");
}

static void facts_of_an_artifact(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *facts = facts_of("{'mediaType':'application/vnd.oci.artifact.manifest.v1+json',"
                             "'blobs':[" LAYER(DIGEST_A, "9") "]}",
                             NULL);
    assert_int_equal(jsonx_int(facts, "LayerCount"), 1);
    assert_int_equal(jsonx_int(facts, "DownloadSize"), 9);
}

static void nonsense_in_a_config_is_left_out(void **state)
{
    (void)state;
    static const char *const configs[] = {
        "[]",
        "{'os':5,'architecture':null,'created':7,'author':{},'config':null,'history':{}}",
        "{'config':{'Labels':null},'rootfs':{'diff_ids':[null]},'created':'yesterday'}",
        "{'config':{'Labels':['a']},'rootfs':[],'author':''}",
        "{'config':{'Labels':{'a':{},'b':null}}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(configs); i++) {
        JSON_AUTO
        json_t *facts = facts_of(MANIFEST(LAYER(DIGEST_A, "7"), ""), configs[i]);
        assert_string_equal(jsonx_str(facts, "Created"), "0001-01-01T00:00:00Z");
        assert_string_equal(jsonx_str(facts, "Platform"), "unknown");
        assert_null(json_object_get(facts, "Author"));
        assert_null(json_object_get(facts, "Labels"));
        assert_int_equal(jsonx_int(facts, "LayerCount"), 1);
    }
}

static void a_repeated_blob_is_downloaded_once(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *facts = facts_of(
        MANIFEST(LAYER(DIGEST_A, "32") "," LAYER(DIGEST_B, "5") "," LAYER(DIGEST_A, "32"), ""),
        NULL);
    const json_t *layers = json_object_get(facts, "Layers");
    assert_int_equal(jsonx_int(facts, "DownloadSize"), 37);
    assert_int_equal(jsonx_int(json_array_get(layers, 0), "DownloadSize"), 32);
    assert_int_equal(jsonx_int(json_array_get(layers, 2), "DownloadSize"), 0);
    assert_string_equal(jsonx_str(json_array_get(layers, 2), "BlobSum"), DIGEST_A);
    assert_false(json_is_true(json_object_get(json_array_get(layers, 2), "Empty")));
}

static void labels_are_sorted_texts(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *facts = facts_of(MANIFEST("", ""), "{'config':{'Labels':{'b':1,'a':true,'c':'x'}}}");
    AUTO(free) char *text = jsonx_dump(json_object_get(facts, "Labels"));
    assert_string_equal(text, "{\"a\":\"true\",\"b\":\"1\",\"c\":\"x\"}");
}

/* All that real builders wrote */

static void annotations_stand_in_for_labels(void **state)
{
    (void)state;
    static const char annotations[] =
        MANIFEST("", ",'annotations':{'org.opencontainers.image.licenses':'isc',"
                     "'org.opencontainers.image.source':'https://github.com/a/b',"
                     "'org.opencontainers.image.revision':'1f'}");
    JSON_AUTO
    json_t *facts = facts_of(annotations, "{'config':{'Labels':{'k':'v'}}}");
    expect_json(json_object_get(facts, "License"),
                "{'Code':'ISC','URL':'https://spdx.org/licenses/ISC.html'}");
    expect_json(json_object_get(facts, "VersionControl"),
                "{'Type':'git','URL':'https://github.com/a/b/tree/1f','Commit':'1f'}");
    JSON_AUTO
    json_t *labelled = facts_of(annotations, "{'config':{'Labels':{'license':'MIT'}}}");
    expect_json(json_object_get(labelled, "License"),
                "{'Code':'MIT','URL':'https://spdx.org/licenses/MIT.html'}");
}

static void expect_sums(const json_t *facts, const struct manifest *manifest, const char *path)
{
    const json_t *layers = json_object_get(facts, "Layers");
    int64_t total_bytes = 0;
    size_t with_blob = 0;
    size_t i;
    json_t *layer;
    json_array_foreach(layers, i, layer)
    {
        bool is_empty = json_is_true(json_object_get(layer, "Empty"));
        total_bytes += jsonx_int(layer, "DownloadSize");
        assert_int_equal(is_empty, *jsonx_str(layer, "BlobSum") == '\0');
        if (!is_empty)
            assert_string_equal(jsonx_str(layer, "BlobSum"), manifest->layers[with_blob++].digest);
    }
    if (total_bytes != jsonx_int(facts, "DownloadSize") || with_blob != manifest->layer_count)
        fail_msg("%s does not add up", path);
    assert_int_equal(jsonx_int(facts, "LayerCount"), json_array_size(layers));
}

static char *config_name_of(const char *path)
{
    char *name = xstrdup(path + strlen(TEST_DATA "/"));
    char *at = strstr(name, "/manifest-");
    AUTO(free) char *rest = xstrdup(at + strlen("/manifest-"));
    at[1] = '\0';
    char *config_name = xasprintf("%sconfig-%s", name, rest);
    free(name);
    return config_name;
}

static void all_samples_add_up(void **state)
{
    (void)state;
    static const char *const patterns[] = {"samples/*/manifest-*.json",
                                           "samples/*/*/manifest-*.json"};
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
        AUTO(free) char *pattern = xasprintf("%s/%s", TEST_DATA, patterns[i]);
        glob_t found;
        assert_int_equal(glob(pattern, 0, NULL, &found), 0);
        for (size_t k = 0; k < found.gl_pathc; k++, count++) {
            size_t len;
            AUTO(free)
            char *body = unit_read_file(found.gl_pathv[k] + strlen(TEST_DATA "/"), &len);
            AUTO(free) char *config_name = config_name_of(found.gl_pathv[k]);
            JSON_AUTO
            json_t *config = unit_read_json(config_name);
            AUTO(manifest) struct manifest *manifest = NULL;
            assert_int_equal(manifest_parse(body, len, "", &manifest), 0);
            JSON_AUTO
            json_t *facts = image_facts(DIGEST_A, manifest, config);
            expect_sums(facts, manifest, found.gl_pathv[k]);
        }
        globfree(&found);
    }
    assert_int_equal(count, 21);
}

static void the_sample_of_buildkit(void **state)
{
    (void)state;
    size_t len;
    AUTO(free)
    char *body = unit_read_file(
        "samples/buildkit/plain-oci-no-attest/manifest-linux-amd64-7b04dec8.json", &len);
    JSON_AUTO
    json_t *config =
        unit_read_json("samples/buildkit/plain-oci-no-attest/config-linux-amd64-7b04dec8.json");
    AUTO(manifest) struct manifest *manifest = NULL;
    assert_int_equal(manifest_parse(body, len, "", &manifest), 0);
    JSON_AUTO
    json_t *facts = image_facts(DIGEST_A, manifest, config);
    assert_string_equal(jsonx_str(facts, "Platform"), "linux/amd64");
    assert_string_equal(jsonx_str(facts, "Created"), "2026-11-23T23:06:53.145Z");
    assert_int_equal(jsonx_int(facts, "LayerCount"), 34);
    assert_string_equal(jsonx_str(json_object_get(facts, "Labels"), "key with space"), "v");
    size_t repeats = 0;
    for (size_t i = 0; i < manifest->layer_count; i++)
        repeats += manifest_layer_repeats(manifest, i);
    assert_int_equal(repeats, 3); /* 17 layers of 14 blobs */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_facts_of_an_image),
        cmocka_unit_test(facts_without_a_config),
        cmocka_unit_test(facts_of_an_artifact),
        cmocka_unit_test(nonsense_in_a_config_is_left_out),
        cmocka_unit_test(a_repeated_blob_is_downloaded_once),
        cmocka_unit_test(labels_are_sorted_texts),
        cmocka_unit_test(annotations_stand_in_for_labels),
        cmocka_unit_test(all_samples_add_up),
        cmocka_unit_test(the_sample_of_buildkit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
