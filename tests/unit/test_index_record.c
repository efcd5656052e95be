#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "index_record.h"
#include "jsonx.h"
#include "mem.h"
#include "strbuf.h"

#define OCI "application/vnd.oci.image."
#define ROOT "sha256:0000000000000000000000000000000000000000000000000000000000000000"

/* Digest number n, in texts of the tests "#n". */
static char *with_digests(const char *text)
{
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(1 << 20);
    for (; *text; text++) {
        if (*text != '#') {
            strbuf_addc(&out, *text);
            continue;
        }
        strbuf_addf(&out, "'digest':'sha256:%064ld'", strtol(text + 1, (char **)&text, 10));
        text--;
    }
    return strbuf_detach(&out);
}

static struct manifest *index_of(const char *children)
{
    AUTO(free)
    char *body = xasprintf("{'mediaType':'" OCI "index.v1+json','manifests':[%s]}", children);
    AUTO(free) char *text = with_digests(body);
    JSON_AUTO
    json_t *json = unit_json(text);
    AUTO(free) char *dump = jsonx_dump(json);
    struct manifest *manifest = NULL;
    assert_int_equal(manifest_parse(dump, strlen(dump), NULL, &manifest), 0);
    return manifest;
}

static struct index_record *record_of(const char *children)
{
    return index_record_new(ROOT, index_of(children));
}

/* "platform number" of each child, blanks between. */
static void expect_children(const struct index_record *record, const char *expected)
{
    JSON_AUTO
    json_t *json = index_record_json(record);
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(1 << 16);
    size_t i;
    json_t *child;
    json_array_foreach(json_object_get(json, "Children"), i, child)
    {
        const char *digest = jsonx_str(child, "Digest");
        strbuf_addf(&text, "%s%s %ld", i ? " " : "", jsonx_str(child, "Platform"),
                    strtol(digest + strlen("sha256:"), NULL, 10));
        if (*jsonx_str(child, "OSVersion"))
            strbuf_addf(&text, " %s", jsonx_str(child, "OSVersion"));
    }
    assert_string_equal(strbuf_str(&text), expected);
}

static void add(struct index_record *record, long number, struct manifest *manifest)
{
    AUTO(free) char *digest = xasprintf("sha256:%064ld", number);
    index_record_add(record, digest, manifest);
}

static void expect_wanted(const struct index_record *record, long number)
{
    const char *wanted[4];
    AUTO(free) char *digest = xasprintf("sha256:%064ld", number);
    assert_int_equal(index_record_wanted(record, wanted, 4), 1);
    assert_string_equal(wanted[0], digest);
}

#define IMAGE(n, os, arch, more)                                                                   \
    "{'mediaType':'" OCI "manifest.v1+json',#" n ",'size':5,'platform':{'os':'" os                 \
    "','architecture':'" arch "'}" more "}"
#define AMD64(n) IMAGE(n, "linux", "amd64", "")
#define ARM64(n) IMAGE(n, "linux", "arm64", "")
#define INDEX(n) "{'mediaType':'" OCI "index.v1+json',#" n "}"
#define ATTESTS(type)                                                                              \
    ",'annotations':{'vnd.docker.reference.type':'" type "',"                                      \
    "'vnd.docker.reference.digest':'sha256:"                                                       \
    "0000000000000000000000000000000000000000000000000000000000000001'}"

static void expect_default(const char *children, const char *expected)
{
    AUTO(index_record) struct index_record *record = record_of(children);
    JSON_AUTO
    json_t *json = index_record_json(record);
    const json_t *first = json_array_get(json_object_get(json, "Children"), 0);
    assert_string_equal(first ? jsonx_str(first, "Platform") : "none", expected);
}

static void the_default_child(void **state)
{
    (void)state;
    expect_default(ARM64("1") "," AMD64("2"), "linux/amd64");
    expect_default(IMAGE("1", "unknown", "unknown", "") "," IMAGE("2", "linux", "s390x", ""),
                   "linux/s390x");
    expect_default(
        IMAGE("1", "linux", "amd64",
              ",'annotations':{'vnd.docker.reference.type':'other'}") "," IMAGE("2", "windows",
                                                                                "amd64", ""),
        "windows/amd64");
    expect_default(IMAGE("1", "linux", "amd64", ",'artifactType':'application/spdx'") "," IMAGE(
                       "2", "linux", "riscv64", ""),
                   "linux/riscv64");
    expect_default("{'mediaType':'application/vnd.what.ever',#1}", "none");
    expect_default("{#1}", "unknown");
    expect_default(
        ARM64("1") ",{#2,'platform':{'os':'linux','architecture':'amd64','variant':'v2'}}",
        "linux/amd64/v2");
    expect_default("", "none");
}

static void case_32_platforms_of_all_sorts(void **state)
{
    (void)state;
    /* No linux/amd64, the same platform twice, Windows by its versions, arm64/v8. */
    AUTO(index_record)
    struct index_record *record = record_of(
        "{#1,'platform':{'os':'linux','architecture':'arm64','variant':'v8'}},"
        "{#2,'platform':{'os':'linux','architecture':'arm','variant':'v7'}},"
        "{#3,'platform':{'os':'linux','architecture':'arm'}},"
        "{#4,'platform':{'os':'linux','architecture':'arm'}},"
        "{#5,'platform':{'os':'windows','architecture':'amd64','os.version':'10.0.20348.1'}},"
        "{#6,'platform':{'os':'windows','architecture':'amd64','os.version':'10.0.17763.2'}}");
    expect_children(record, "linux/arm64 1 linux/arm/v7 2 linux/arm 3 linux/arm 4 "
                            "windows/amd64 5 10.0.20348.1 windows/amd64 6 10.0.17763.2");
}

static void exact_repetitions_are_one(void **state)
{
    (void)state;
    AUTO(index_record)
    struct index_record *record =
        record_of(AMD64("1") "," AMD64("1") "," IMAGE("1", "linux", "386", "") "," AMD64("2"));
    expect_children(record, "linux/amd64 1 linux/386 1 linux/amd64 2");
}

static void indexes_within_are_replaced_in_place(void **state)
{
    (void)state;
    AUTO(index_record)
    struct index_record *record =
        record_of(ARM64("1") "," INDEX("10") "," IMAGE("4", "linux", "s390x", ""));
    expect_children(record, "linux/arm64 1 linux/s390x 4");
    expect_wanted(record, 10);
    add(record, 10, index_of(IMAGE("2", "linux", "386", "") "," INDEX("11")));
    expect_wanted(record, 11);
    add(record, 11, index_of(AMD64("3")));
    assert_int_equal(index_record_wanted(record, (const char *[1]){0}, 1), 0);
    expect_children(record, "linux/amd64 3 linux/arm64 1 linux/386 2 linux/s390x 4");
}

static void circles_and_depths_end(void **state)
{
    (void)state;
    AUTO(index_record) struct index_record *record = record_of(INDEX("10") "," INDEX("0"));
    add(record, 10, index_of(INDEX("10") "," INDEX("0") "," INDEX("11")));
    add(record, 11, index_of(INDEX("12") "," INDEX("10")));
    expect_wanted(record, 12);
    add(record, 12, index_of(AMD64("1") "," INDEX("13")));
    assert_int_equal(index_record_wanted(record, (const char *[1]){0}, 1), 0);
    expect_children(record, "linux/amd64 1");
}

static void nested_ones_that_are_gone_are_left_out(void **state)
{
    (void)state;
    AUTO(index_record)
    struct index_record *record = record_of(INDEX("10") "," INDEX("11") "," AMD64("1"));
    add(record, 10, NULL);
    const char *body = "{\"config\":{\"digest\":\"" ROOT "\"},\"layers\":[]}";
    struct manifest *image = NULL;
    assert_int_equal(manifest_parse(body, strlen(body), "", &image), 0);
    add(record, 11, image);
    add(record, 99, index_of(ARM64("2")));
    expect_children(record, "linux/amd64 1");
    JSON_AUTO
    json_t *json = index_record_json(record);
    assert_true(json_is_true(json_object_get(json, "Incomplete")));
}

static struct manifest *many(long from, long to, const char *type)
{
    AUTO(strbuf) struct strbuf children = STRBUF_INIT(1 << 20);
    for (long i = from; i < to; i++)
        strbuf_addf(&children, "%s{'mediaType':'" OCI "%s.v1+json',#%ld}", i > from ? "," : "",
                    type, i);
    return index_of(strbuf_str(&children));
}

static void images_and_indexes_are_bounded(void **state)
{
    (void)state;
    AUTO(index_record)
    struct index_record *record = index_record_new(ROOT, many(1000, 1256, "index"));
    const char *wanted[MANIFEST_MAX_CHILDREN];
    assert_int_equal(index_record_wanted(record, wanted, MANIFEST_MAX_CHILDREN), INDEX_MAX_NESTED);
    for (long i = 0; i < INDEX_MAX_NESTED; i++)
        add(record, 1000 + i, many(2000 + i * 10, 2010 + i * 10, "manifest"));
    JSON_AUTO
    json_t *json = index_record_json(record);
    assert_int_equal(json_array_size(json_object_get(json, "Children")), INDEX_MAX_IMAGES);
}

static void attestations_stand_apart(void **state)
{
    (void)state;
    AUTO(index_record)
    struct index_record *record = record_of(
        AMD64("1") "," IMAGE("2", "unknown", "unknown", ATTESTS("attestation-manifest")) "," IMAGE(
            "3", "unknown", "unknown", ""));
    expect_children(record, "linux/amd64 1");
    JSON_AUTO
    json_t *json = index_record_json(record);
    const json_t *rows = json_object_get(json, "Attestations");
    assert_int_equal(json_array_size(rows), 1);
    assert_string_equal(jsonx_str(json_array_get(rows, 0), "Attests") + 7 + 63, "1");
    assert_int_equal(jsonx_int(json_array_get(rows, 0), "Size"), 5);
}

static void without_images_there_are_artifacts(void **state)
{
    (void)state;
    AUTO(index_record)
    struct index_record *record = record_of(
        "{'mediaType':'" OCI "manifest.v1+json',#1,'artifactType':'application/vnd.example'},"
        "{'mediaType':'text/plain',#2}," IMAGE("3", "unknown", "unknown",
                                               ATTESTS("attestation-manifest")));
    expect_children(record, "unknown 1");
}

static void what_descriptors_say_is_kept(void **state)
{
    (void)state;
    AUTO(index_record)
    struct index_record *record =
        record_of(IMAGE("1", "linux", "amd64", ",'annotations':{'a':'b','n':{}}"));
    JSON_AUTO
    json_t *json = index_record_json(record);
    const json_t *child = json_array_get(json_object_get(json, "Children"), 0);
    assert_string_equal(jsonx_str(json_object_get(child, "Annotations"), "a"), "b");
    assert_int_equal(json_object_size(json_object_get(child, "Annotations")), 1);
    assert_string_equal(jsonx_str(json, "Digest"), ROOT);
    assert_null(json_object_get(json, "Incomplete"));
    assert_string_equal(jsonx_str(json, "MediaType"), OCI "index.v1+json");
}

static void an_index_of_buildkit(void **state)
{
    (void)state;
    size_t len;
    AUTO(free)
    char *body =
        unit_read_file("samples/buildkit/multi-platform/index-noplatform-f063a922.json", &len);
    struct manifest *manifest = NULL;
    assert_int_equal(manifest_parse(body, len, "", &manifest), 0);
    AUTO(index_record) struct index_record *record = index_record_new(ROOT, manifest);
    JSON_AUTO
    json_t *json = index_record_json(record);
    json_t *children = json_object_get(json, "Children");
    json_t *attestations = json_object_get(json, "Attestations");
    static const char *const platforms[] = {"linux/amd64", "linux/arm64", "linux/arm/v7",
                                            "linux/386", "windows/amd64"};
    assert_int_equal(json_array_size(children), ARRAY_LEN(platforms));
    assert_int_equal(json_array_size(attestations), ARRAY_LEN(platforms));
    for (size_t i = 0; i < ARRAY_LEN(platforms); i++) {
        const json_t *child = json_array_get(children, i);
        assert_string_equal(jsonx_str(child, "Platform"), platforms[i]);
        assert_string_equal(jsonx_str(json_array_get(attestations, i), "Attests"),
                            jsonx_str(child, "Digest"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_child),
        cmocka_unit_test(case_32_platforms_of_all_sorts),
        cmocka_unit_test(exact_repetitions_are_one),
        cmocka_unit_test(indexes_within_are_replaced_in_place),
        cmocka_unit_test(circles_and_depths_end),
        cmocka_unit_test(nested_ones_that_are_gone_are_left_out),
        cmocka_unit_test(images_and_indexes_are_bounded),
        cmocka_unit_test(attestations_stand_apart),
        cmocka_unit_test(without_images_there_are_artifacts),
        cmocka_unit_test(what_descriptors_say_is_kept),
        cmocka_unit_test(an_index_of_buildkit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
