#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "jsonx.h"
#include "mem.h"
#include "provenance.h"

#define MAX_SAMPLE                                                                                 \
    "samples/buildkit/provenance-max-sbom/"                                                        \
    "attestation-unknown-unknown-9239f2c9-intoto-1-slsa.dev_provenance_v1.json"
#define MIN_SAMPLE                                                                                 \
    "samples/buildkit/provenance-min/"                                                             \
    "attestation-unknown-unknown-d9d207c8-intoto-0-slsa.dev_provenance_v1.json"
#define SHA1 "1111111111222222222233333333334444444444"
#define SHA256 "1111111111222222222233333333334444444444555555555566666666667777"
#define BASE_DIGEST "sha256:f82988ee796cbe9666595b7a9f815f2963598ac0700c586a209c8e6f43904931"

static json_t *facts_of_sample(const char *name)
{
    size_t len;
    AUTO(free) char *text = unit_read_file(name, &len);
    json_t *facts = provenance_facts(text, len);
    assert_non_null(facts);
    return facts;
}

/* text as unit_json takes it. */
static json_t *facts_of(const char *text)
{
    JSON_AUTO
    json_t *statement = unit_json(text);
    AUTO(free) char *dump = jsonx_dump(statement);
    return provenance_facts(dump, strlen(dump));
}

static const char *material(const json_t *facts, size_t index, const char *key)
{
    return jsonx_str(json_array_get(json_object_get(facts, "Materials"), index), key);
}

static void mode_max_has_the_dockerfile(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *facts = facts_of_sample(MAX_SAMPLE);
    size_t len;
    AUTO(free) char *dockerfile = unit_read_file("samples/Dockerfile.buildkit", &len);
    assert_string_equal(jsonx_str(facts, "Dockerfile"), dockerfile);
    assert_string_equal(jsonx_str(facts, "DockerfileName"), "Dockerfile.buildkit");
    assert_int_equal(json_array_size(json_object_get(facts, "Materials")), 2);
    assert_string_equal(material(facts, 0, "URI"),
                        "pkg:docker/127.0.0.1:5055/base@1?platform=linux%2Famd64");
    assert_string_equal(material(facts, 0, "Digest"), BASE_DIGEST);
    assert_string_equal(jsonx_str(facts, "BuildType"),
                        "https://github.com/moby/buildkit/blob/master/docs/attestations/"
                        "slsa-definitions.md");
    assert_null(json_object_get(facts, "Builder")); /* "" in the statement */
    assert_null(json_object_get(facts, "Source"));
    assert_null(json_object_get(facts, "Revision"));
}

static void mode_min_has_the_base_only(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *facts = facts_of_sample(MIN_SAMPLE);
    assert_null(json_object_get(facts, "Dockerfile"));
    assert_string_equal(jsonx_str(facts, "DockerfileName"), "Dockerfile.buildkit");
    assert_int_equal(json_array_size(json_object_get(facts, "Materials")), 1);
    assert_string_equal(material(facts, 0, "Digest"), BASE_DIGEST);
}

static void version_0_2(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *facts = facts_of(
        "{'_type':'https://in-toto.io/Statement/v0.1',"
        "'predicateType':'https://slsa.dev/provenance/v0.2','predicate':{"
        "'buildType':'https://mobyproject.org/buildkit@v1','builder':{'id':'https://ci.example/1'},"
        "'invocation':{'configSource':{'uri':'https://git.example/a.git#refs/heads/main',"
        "'digest':{'sha1':'11'},'entryPoint':'docker/Dockerfile'}},"
        "'materials':[{'uri':'pkg:docker/alpine@3.20','digest':{'sha256':'ab'}},"
        "{'uri':'https://files.example/x.tgz','digest':{'sha1':'" SHA1 "','sha256':'" SHA256 "'}},"
        "{'uri':'pkg:none'},{'uri':'git+https://g/a','digest':{'sha256':'<b>','sha1':'" SHA1 "'}},"
        "{'digest':{'sha256':'ef'}}],"
        "'metadata':{'https://mobyproject.org/buildkit@v1#metadata':{"
        "'vcs':{'source':'git@git.example:a.git','revision':'0123abc-dirty'},"
        "'source':{'infos':[{'filename':'other','language':'Dockerfile','data':'Tk8='},"
        "{'filename':'docker/Dockerfile','language':'Dockerfile','data':'RlJPTSBhCg=='}]}}}}}");
    assert_string_equal(jsonx_str(facts, "BuildType"), "https://mobyproject.org/buildkit@v1");
    assert_string_equal(jsonx_str(facts, "Builder"), "https://ci.example/1");
    assert_string_equal(jsonx_str(facts, "DockerfileName"), "docker/Dockerfile");
    assert_string_equal(jsonx_str(facts, "Dockerfile"), "FROM a\n");
    assert_string_equal(jsonx_str(facts, "Source"), "git@git.example:a.git");
    assert_string_equal(jsonx_str(facts, "Revision"), "0123abc-dirty");
    assert_int_equal(json_array_size(json_object_get(facts, "Materials")), 4);
    assert_string_equal(material(facts, 0, "Digest"), ""); /* not well-formed */
    assert_string_equal(material(facts, 1, "Digest"), "sha256:" SHA256);
    assert_string_equal(material(facts, 2, "Digest"), "");
    assert_string_equal(material(facts, 3, "Digest"), "sha1:" SHA1);
}

static void which_file_is_the_dockerfile(void **state)
{
    (void)state;
#define V1_WITH(infos)                                                                             \
    "{'predicateType':'https://slsa.dev/provenance/v1','predicate':{'buildDefinition':{"           \
    "'externalParameters':{'configSource':{'uri':'https://git.example/b.git'}}},'runDetails':{"    \
    "'metadata':{'buildkit_metadata':{'source':{'infos':[" infos "]}}}}}}"
    JSON_AUTO
    json_t *by_language = facts_of(V1_WITH("{'filename':'a.hcl','language':'HCL','data':'Tk8='},"
                                           "{'filename':'D','language':'Dockerfile',"
                                           "'data':'WUVT'}"));
    assert_string_equal(jsonx_str(by_language, "Dockerfile"), "YES");
    assert_string_equal(jsonx_str(by_language, "Source"), "https://git.example/b.git");
    JSON_AUTO
    json_t *bytes = facts_of(V1_WITH("{'filename':'D','data':'/0EA'}"));
    assert_string_equal(jsonx_str(bytes, "Dockerfile"), "\xef\xbf\xbd"
                                                        "A");
    JSON_AUTO
    json_t *broken = facts_of(V1_WITH("{'filename':'D','data':'!'}"));
    assert_null(json_object_get(broken, "Dockerfile"));
    JSON_AUTO
    json_t *none = facts_of(V1_WITH("7,null,{'data':5}"));
    assert_null(json_object_get(none, "Dockerfile"));
}

static void what_is_no_provenance(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "[]",
        "{'predicateType':'https://spdx.dev/Document','predicate':{}}",
        "{'predicateType':'https://slsa.dev/provenance/v1'}",
        "{'predicateType':'https://slsa.dev/provenance/v1','predicate':[]}",
        "{'predicateType':'https://slsa.dev/provenance/v9','predicate':{}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_null(facts_of(texts[i]));
    assert_null(provenance_facts("", 0));
    assert_null(provenance_facts("{\"predicateType\":", 17));
    JSON_AUTO
    json_t *bare = facts_of("{'predicateType':'https://slsa.dev/provenance/v1','predicate':{}}");
    assert_int_equal(json_object_size(bare), 1); /* Materials, empty */
}

static void sizes_are_capped(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *statement = unit_json("{'predicateType':'https://slsa.dev/provenance/v0.2',"
                                  "'predicate':{'materials':[]}}");
    json_t *materials = json_object_get(json_object_get(statement, "predicate"), "materials");
    for (int i = 0; i < 3000; i++)
        json_array_append_new(materials, unit_json("{'uri':'pkg:a'}"));
    AUTO(free) char *dump = jsonx_dump(statement);
    JSON_AUTO
    json_t *facts = provenance_facts(dump, strlen(dump));
    assert_int_equal(json_array_size(json_object_get(facts, "Materials")), 1000);
    AUTO(free) char *huge = malloc(PROVENANCE_MAX_BYTES + 1);
    assert_non_null(huge);
    memset(huge, ' ', PROVENANCE_MAX_BYTES + 1);
    memcpy(huge, dump, strlen(dump));
    assert_null(provenance_facts(huge, PROVENANCE_MAX_BYTES + 1));
    JSON_AUTO
    json_t *at_the_cap = provenance_facts(huge, PROVENANCE_MAX_BYTES);
    assert_non_null(at_the_cap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mode_max_has_the_dockerfile),
        cmocka_unit_test(mode_min_has_the_base_only),
        cmocka_unit_test(version_0_2),
        cmocka_unit_test(which_file_is_the_dockerfile),
        cmocka_unit_test(what_is_no_provenance),
        cmocka_unit_test(sizes_are_capped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
