/* What people really meet, numbered as the edge cases of the project's notes on registries: those
 * that a manifest and a config show by themselves. Those that need a network are in
 * tests/integration/test_edge_cases.py, which also lists the ones that do not apply. */
#include "unit.h"

#include <string.h>

#include "digest.h"
#include "err.h"
#include "groups.h"
#include "image.h"
#include "jsonx.h"
#include "mem.h"
#include "reference.h"
#include "strbuf.h"

#define OCI "application/vnd.oci.image."
#define HEX(c) "sha256:" c c c c c c c c c c c c c c c c
#define DIGEST_A HEX("aaaa")
#define DIGEST_B HEX("bbbb")
#define LAYER(digest, size) "{'digest':'" digest "','size':" size "}"
#define MANIFEST(layers)                                                                           \
    "{'config':{'mediaType':'" OCI "config.v1+json','digest':'" DIGEST_A                           \
    "','size':2},'layers':[" layers "]}"

static struct manifest *manifest_of(const char *text)
{
    JSON_AUTO
    json_t *json = unit_json(text);
    AUTO(free) char *body = jsonx_dump(json);
    struct manifest *manifest = NULL;
    assert_int_equal(manifest_parse(body, strlen(body), "", &manifest), 0);
    return manifest;
}

/* The facts of an image of these layers; config is JSON as it is, not with ' for ". */
static json_t *facts_of_bytes(const char *layers, const char *config_bytes, size_t len)
{
    AUTO(free) char *text = xasprintf(MANIFEST("%s"), layers);
    AUTO(manifest) struct manifest *manifest = manifest_of(text);
    JSON_AUTO
    json_t *config = NULL;
    (void)jsonx_parse(config_bytes, len, &config);
    return image_facts(DIGEST_B, manifest, config);
}

static json_t *facts_of(const char *layers, const char *config_text)
{
    JSON_AUTO
    json_t *config = unit_json(config_text);
    AUTO(free) char *bytes = jsonx_dump(config);
    return facts_of_bytes(layers, bytes, strlen(bytes));
}

static void case_02_thousands_of_tags_on_one_digest(void **state)
{
    (void)state;
    struct groups groups;
    groups_init(&groups);
    for (int i = 0; i < 3000; i++) {
        AUTO(free) char *tag = xasprintf("tag-%d", i);
        groups_add(&groups, DIGEST_A, tag);
    }
    JSON_AUTO
    json_t *record = groups_record(&groups, 1, 3000);
    groups_release(&groups);
    json_t *versions = jsonx_array(record, "Versions");
    assert_int_equal(json_array_size(versions), 1);
    assert_int_equal(json_array_size(jsonx_array(json_array_get(versions, 0), "Tags")), 3000);
}

/* Every layer is shown once, whatever the history says. */
static void case_06_history_and_layers_disagree(void **state)
{
    (void)state;
    static const char *const configs[] = {
        "{'history':[],'rootfs':{'diff_ids':[]}}",
        "{'history':[{'created_by':'RUN a'}],'rootfs':{'diff_ids':['d0']}}",
        "{'history':[{'created_by':'RUN a'},{'created_by':'RUN b'},{'created_by':'RUN c'},"
        "{'created_by':'RUN d'}],'rootfs':{'diff_ids':['d0','d1','d2','d3','d4']}}",
        "{'history':[{'created_by':'RUN a','empty_layer':true}]}",
        "{'history':[null,7,{}],'rootfs':{'diff_ids':[7,null]}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(configs); i++) {
        JSON_AUTO
        json_t *facts = facts_of(LAYER(DIGEST_A, "5") "," LAYER(DIGEST_B, "7"), configs[i]);
        const json_t *layers = json_object_get(facts, "Layers");
        size_t blobs = 0;
        size_t k;
        json_t *layer;
        json_array_foreach(layers, k, layer) blobs += *jsonx_str(layer, "BlobSum") != '\0';
        assert_int_equal(blobs, 2);
        assert_int_equal(jsonx_int(facts, "DownloadSize"), 12);
        assert_int_equal(jsonx_int(facts, "LayerCount"), json_array_size(layers));
    }
}

static void case_07_bad_utf8(void **state)
{
    (void)state;
    static const char config[] =
        "\xef\xbb\xbf{\"os\":\"linux\",\"architecture\":\"amd64\",\"author\":\"J\xf6rg \\ud800!\","
        "\"config\":{\"Labels\":{\"a\":\"x\\u0000y\",\"caf\xe9\":\"1\"}},"
        "\"big\":99999999999999999999999,\"history\":[{\"created_by\":\"RUN \xff\xfe\"}]}";
    JSON_AUTO
    json_t *facts = facts_of_bytes(LAYER(DIGEST_A, "5"), config, sizeof(config) - 1);
    assert_string_equal(jsonx_str(facts, "Author"), "J\xef\xbf\xbdrg \xef\xbf\xbd!");
    assert_string_equal(jsonx_str(facts, "Platform"), "linux/amd64");
    const json_t *labels = json_object_get(facts, "Labels");
    assert_string_equal(jsonx_str(labels, "a"), "xy");
    assert_string_equal(jsonx_str(labels, "caf\xef\xbf\xbd"), "1");
    const json_t *layer = json_array_get(json_object_get(facts, "Layers"), 0);
    assert_string_equal(jsonx_str(layer, "CreatedBy"), "RUN \xef\xbf\xbd\xef\xbf\xbd");
}

static void case_08_dates_of_all_sorts(void **state)
{
    (void)state;
    static const struct {
        const char *created, *shown;
    } rows[] = {
        {"'0001-01-01T00:00:00Z'", "0001-01-01T00:00:00Z"},
        {"'1970-01-01T00:00:00Z'", "0001-01-01T00:00:00Z"},
        {"'1980-01-01T00:00:01Z'", "1980-01-01T00:00:01Z"},
        {"'2199-12-31T23:59:59Z'", "2199-12-31T23:59:59Z"},
        {"''", "0001-01-01T00:00:00Z"},
        {"null", "0001-01-01T00:00:00Z"},
        {"'2024-05-06T07:08:09'", "2024-05-06T07:08:09Z"},
        {"'2024-05-06T07:08:09.123456789Z'", "2024-05-06T07:08:09.123Z"},
        {"'2024-05-06T07:08:09+05:30'", "2024-05-06T01:38:09Z"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(free) char *config = xasprintf("{'created':%s}", rows[i].created);
        JSON_AUTO
        json_t *facts = facts_of("", config);
        assert_string_equal(jsonx_str(facts, "Created"), rows[i].shown);
    }
}

static void case_09_labels_of_all_sorts(void **state)
{
    (void)state;
    static const char *const none[] = {"null", "{}", "[]", "'text'", "{'a':null,'b':{},'c':[1]}"};
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        AUTO(free) char *config = xasprintf("{'config':{'Labels':%s}}", none[i]);
        JSON_AUTO
        json_t *facts = facts_of("", config);
        assert_null(json_object_get(facts, "Labels"));
    }
    AUTO(free) char *large = xcalloc(1, (1 << 20) + 1);
    memset(large, 'x', 1 << 20);
    AUTO(free)
    char *config = xasprintf("{'config':{'Labels':{'large':'%s','n':7,'t':true,"
                             "'org.opencontainers.image.source':'javascript:alert(1)',"
                             "'html':'<script>'}}}",
                             large);
    JSON_AUTO
    json_t *facts = facts_of("", config);
    const json_t *labels = json_object_get(facts, "Labels");
    assert_in_range(strlen(jsonx_str(labels, "large")), 1000, 100000);
    assert_string_equal(jsonx_str(labels, "n"), "7");
    assert_string_equal(jsonx_str(labels, "t"), "true");
    assert_string_equal(jsonx_str(labels, "html"), "<script>");
    const json_t *control = json_object_get(facts, "VersionControl");
    assert_null(strstr(jsonx_str(control, "URL"), "javascript:"));
}

static void case_10_configs_of_all_sorts(void **state)
{
    (void)state;
    static const struct {
        const char *config, *platform;
    } rows[] = {
        {"null", "unknown"},
        {"{\"config\":null}", "unknown"},
        {"[1]", "unknown"},
        {"\"text\"", "unknown"},
        {"{\"architecture\":\"\",\"os\":\"\"}", "unknown"},
        {"{\"architecture\":\"\",\"os\":\"linux\"}", "linux"},
        {"{\"architecture\":\"unknown\",\"os\":\"unknown\"}", "unknown/unknown"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        JSON_AUTO
        json_t *facts =
            facts_of_bytes(LAYER(DIGEST_A, "5"), rows[i].config, strlen(rows[i].config));
        assert_string_equal(jsonx_str(facts, "Platform"), rows[i].platform);
        assert_int_equal(jsonx_int(facts, "LayerCount"), 1);
    }
    static const char *const artifacts[] = {
        "application/vnd.cncf.helm.config.v1+json", "application/vnd.docker.plugin.v1+json",
        "application/vnd.wasm.config.v0+json", "application/vnd.example.model+json"};
    for (size_t i = 0; i < ARRAY_LEN(artifacts); i++) {
        AUTO(free)
        char *text = xasprintf("{'config':{'mediaType':'%s','digest':'" DIGEST_A
                               "','size':2},'layers':[" LAYER(DIGEST_B, "9") "]}",
                               artifacts[i]);
        AUTO(manifest) struct manifest *manifest = manifest_of(text);
        assert_int_equal(manifest->kind, MANIFEST_ARTIFACT);
        JSON_AUTO
        json_t *facts = image_facts(DIGEST_A, manifest, NULL);
        assert_string_equal(jsonx_str(facts, "ArtifactType"), artifacts[i]);
        const json_t *layer = json_array_get(json_object_get(facts, "Layers"), 0);
        assert_int_equal(jsonx_int(layer, "DownloadSize"), 9);
        assert_string_equal(jsonx_str(layer, "Command"), "");
    }
}

static bool is_reference(const char *text)
{
    struct reference reference;
    const char *why;
    int err = reference_parse(text, &reference, &why);
    if (err == 0)
        reference_release(&reference);
    return err == 0;
}

static void case_11_upper_case(void **state)
{
    (void)state;
    assert_false(is_reference("Library/nginx"));
    assert_false(is_reference("library/Nginx"));
    assert_false(is_reference("ghcr.io/Org/app"));
    assert_true(is_reference("library/nginx:Latest"));
}

static void case_12_tags_of_all_sorts(void **state)
{
    (void)state;
    char longest[130] = "";
    memset(longest, 'x', 128);
    assert_true(reference_is_tag(longest));
    assert_true(reference_is_tag("list"));
    assert_true(reference_is_tag("a..b"));
    assert_true(reference_is_tag("_lead"));
    static const char *const refused[] = {"..", ".x", "-x", "", "a/b", "a b", "a%2fb", "ä"};
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        assert_false(reference_is_tag(refused[i]));
    longest[128] = 'x';
    assert_false(reference_is_tag(longest));
}

#define SHA512                                                                                     \
    "sha512:" /* of the 2 bytes "{}" */                                                            \
    "27c74670adb75075fad058d5ceaf7b20c4e7786c83bae8a32f626f9782af34c9"                             \
    "a33c2046ef60fd2a7878d378e29fec851806bbd9a67878f3a9f1cda4830763fd"
#define BLAKE3 "blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"

static void case_13_digests_of_all_sorts(void **state)
{
    (void)state;
    assert_int_equal(digest_verify(SHA512, "{}", 2), 0);
    assert_int_equal(digest_verify(SHA512, "[]", 2), ERR_PROTO);
    assert_int_equal(digest_verify(BLAKE3, "", 0), ERR_UNSUPPORTED);
    assert_false(digest_is_valid("sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                                 "AAAAAAAA"));
    AUTO(free)
    char *layers =
        xasprintf("%s,%s,%s", LAYER(DIGEST_A, "1"), LAYER(SHA512, "2"), LAYER(BLAKE3, "4"));
    JSON_AUTO
    json_t *facts = facts_of(layers, "{}");
    const json_t *list = json_object_get(facts, "Layers");
    assert_int_equal(jsonx_int(facts, "DownloadSize"), 7);
    for (size_t i = 0; i < 3; i++) {
        bool is_unverified = json_is_true(json_object_get(json_array_get(list, i), "Unverified"));
        assert_int_equal(is_unverified, i == 2);
    }
}

static void case_31_numbers_of_layers(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *none = facts_of("", "{'history':[{'created_by':'CMD x','empty_layer':true}]}");
    assert_int_equal(jsonx_int(none, "DownloadSize"), 0);
    assert_int_equal(jsonx_int(none, "LayerCount"), 1);
    AUTO(strbuf) struct strbuf layers = STRBUF_INIT(1 << 20);
    for (int i = 0; i < 130; i++)
        strbuf_addf(&layers, "%s{'digest':'sha256:%064d','size':%d}", i ? "," : "", i / 2, i / 2);
    JSON_AUTO
    json_t *many = facts_of(strbuf_str(&layers), "{}");
    const json_t *list = json_object_get(many, "Layers");
    assert_int_equal(json_array_size(list), 130);
    assert_int_equal(jsonx_int(many, "DownloadSize"), 64 * 65 / 2);
    assert_int_equal(jsonx_int(json_array_get(list, 0), "DownloadSize"), 0);
    assert_int_equal(jsonx_int(json_array_get(list, 129), "DownloadSize"), 0);
    assert_int_equal(jsonx_int(json_array_get(list, 128), "DownloadSize"), 64);
}

static void case_35_sizes_of_all_sorts(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *facts =
        facts_of(LAYER(DIGEST_A, "-1") "," LAYER(
                     DIGEST_B, "0") ","
                                    "{'digest':'" HEX(
                                        "cccc") "','size':9007199254740993},"
                                                "{'digest':'" HEX(
                                                    "dddd") "','size':'7'},"
                                                            "{'digest':'" HEX(
                                                                "eeee") "'},"
                                                                        "{'digest':'" HEX(
                                                                            "ffff") "','size':3.7}",
                 "{}");
    assert_int_equal(jsonx_int(facts, "DownloadSize"), (INT64_C(1) << 50) + 3);
}

/* Layers that are never read are shown by what their descriptors say. */
static void layers_of_all_kinds_are_an_image(void **state)
{
    (void)state;
    static const char *const types[] = {
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "application/vnd.docker.image.rootfs.diff.tar",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        OCI "layer.v1.tar",
        OCI "layer.v1.tar+gzip",
        OCI "layer.v1.tar+zstd",
        OCI "layer.nondistributable.v1.tar+gzip",
        OCI "layer.v1.tar+gzip+encrypted",
        "application/octet-stream",
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        AUTO(free)
        char *layer = xasprintf("{'mediaType':'%s','digest':'" DIGEST_B "','size':11,"
                                "'urls':['https://elsewhere.example/layer'],'annotations':"
                                "{'io.github.containers.zstd-chunked.manifest-position':'1:2:3:4',"
                                "'containerd.io/snapshot/stargz/toc.digest':'" DIGEST_A "'}}",
                                types[i]);
        AUTO(free) char *text = xasprintf(MANIFEST("%s"), layer);
        AUTO(manifest) struct manifest *manifest = manifest_of(text);
        assert_int_equal(manifest->kind, MANIFEST_IMAGE);
        JSON_AUTO
        json_t *facts = image_facts(DIGEST_A, manifest, NULL);
        const json_t *shown = json_array_get(json_object_get(facts, "Layers"), 0);
        assert_string_equal(jsonx_str(shown, "MediaType"), types[i]);
        assert_int_equal(jsonx_int(facts, "DownloadSize"), 11);
    }
}

/* descriptor.md, "Embedded Content" */
static void inline_data_is_used_where_it_verifies(void **state)
{
    (void)state;
    static const struct {
        const char *digest, *size, *data;
        bool is_used;
    } rows[] = {
        {"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "2",
         "e30=", true},
        {SHA512, "2", "e30=", true},
        {"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "3",
         "e30=", false},
        {"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "2",
         "W10=", false},
        {"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "2",
         "e3 0=", false},
        {BLAKE3, "2", "e30=", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(free)
        char *text = xasprintf("{'config':{'digest':'%s','size':%s,'data':'%s'},'layers':[]}",
                               rows[i].digest, rows[i].size, rows[i].data);
        AUTO(manifest) struct manifest *manifest = manifest_of(text);
        assert_int_equal(manifest->config.data != NULL, rows[i].is_used);
        if (rows[i].is_used)
            assert_string_equal(manifest->config.data, "{}");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(case_02_thousands_of_tags_on_one_digest),
        cmocka_unit_test(case_06_history_and_layers_disagree),
        cmocka_unit_test(case_07_bad_utf8),
        cmocka_unit_test(case_08_dates_of_all_sorts),
        cmocka_unit_test(case_09_labels_of_all_sorts),
        cmocka_unit_test(case_10_configs_of_all_sorts),
        cmocka_unit_test(case_11_upper_case),
        cmocka_unit_test(case_12_tags_of_all_sorts),
        cmocka_unit_test(case_13_digests_of_all_sorts),
        cmocka_unit_test(case_31_numbers_of_layers),
        cmocka_unit_test(case_35_sizes_of_all_sorts),
        cmocka_unit_test(layers_of_all_kinds_are_an_image),
        cmocka_unit_test(inline_data_is_used_where_it_verifies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
