#include "unit.h"

#include <string.h>

#include "attachments.h"
#include "image.h"
#include "jsonx.h"
#include "mem.h"
#include "strbuf.h"

#define HEX64 "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define DIGEST "sha256:" HEX64

static void tags_that_are_none(void **state)
{
    (void)state;
    assert_true(attachment_tag("sha256-" HEX64));
    assert_true(attachment_tag("sha256-" HEX64 ".sig"));
    assert_true(attachment_tag("sha256-" HEX64 ".att"));
    assert_true(attachment_tag("sha256-" HEX64 ".sbom"));
    assert_true(attachment_tag("sha512-" HEX64));
    static const char *const tags[] = {"",
                                       "latest",
                                       "sha256-",
                                       "sha256-abc",
                                       "sha256-" HEX64 "0",
                                       "sha256-" HEX64 ".txt",
                                       "sha256-" HEX64 ".sig2",
                                       "sha256" HEX64,
                                       "x-sha256-" HEX64,
                                       "sha1-" HEX64};
    for (size_t i = 0; i < ARRAY_LEN(tags); i++)
        assert_false(attachment_tag(tags[i]));
}

static void the_tag_of_a_digest(void **state)
{
    (void)state;
    AUTO(free) char *tag = attachment_tag_of(DIGEST);
    assert_string_equal(tag, "sha256-" HEX64);
    AUTO(free) char *cut = attachment_tag_of("sha512:" HEX64 HEX64);
    assert_string_equal(cut, "sha512-" HEX64);
}

static char *types_of(const json_t *list)
{
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(1 << 16);
    size_t i;
    json_t *row;
    json_array_foreach(list, i, row)
        strbuf_addf(&text, "%s%s", i ? " " : "", jsonx_str(row, "Type"));
    return strbuf_detach(&text);
}

static void types_of_referrers(void **state)
{
    (void)state;
    static const struct {
        const char *descriptor, *type;
    } rows[] = {
        {"'artifactType':'application/vnd.cncf.notary.signature'", "signature"},
        {"'artifactType':'application/vnd.dev.cosign.artifact.sig.v1+json'", "signature"},
        {"'artifactType':'application/spdx+json'", "sbom"},
        {"'artifactType':'application/vnd.cyclonedx+json'", "sbom"},
        {"'artifactType':'application/vnd.in-toto+json'", "attestation"},
        {"'artifactType':'application/vnd.dev.sigstore.bundle.v0.3+json','annotations':"
         "{'dev.sigstore.bundle.content':'message-signature'}",
         "signature"},
        {"'artifactType':'application/vnd.dev.sigstore.bundle.v0.3+json','annotations':"
         "{'dev.sigstore.bundle.content':'dsse-envelope',"
         "'dev.sigstore.bundle.predicateType':'https://slsa.dev/provenance/v1'}",
         "provenance"},
        {"'artifactType':'application/vnd.dev.sigstore.bundle.v0.3+json','annotations':"
         "{'dev.sigstore.bundle.predicateType':'https://example.com/tested'}",
         "attestation"},
        {"'artifactType':'application/vnd.example.readme'", "artifact"},
        {"'size':1", "artifact"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(free)
        char *text = xasprintf("{'manifests':[{'mediaType':'application/vnd.oci.image.manifest.v1"
                               "+json','digest':'" DIGEST "','size':77,%s}]}",
                               rows[i].descriptor);
        JSON_AUTO
        json_t *json = unit_json(text);
        AUTO(free) char *body = jsonx_dump(json);
        AUTO(manifest) struct manifest *referrers = NULL;
        assert_int_equal(manifest_parse(body, strlen(body), "", &referrers), 0);
        JSON_AUTO
        json_t *list = json_array();
        attachments_add_referrers(list, referrers);
        AUTO(free) char *types = types_of(list);
        assert_string_equal(types, rows[i].type);
        assert_string_equal(jsonx_str(json_array_get(list, 0), "Digest"), DIGEST);
    }
}

static void tags_of_cosign(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *list = json_array();
    attachments_add_tag(list, "sha256-" HEX64 ".sig");
    attachments_add_tag(list, "sha256-" HEX64 ".att");
    attachments_add_tag(list, "sha256-" HEX64 ".sbom");
    attachments_add_tag(list, "sha256-" HEX64);
    attachments_add_tag(list, "latest");
    AUTO(free) char *types = types_of(list);
    assert_string_equal(types, "signature attestation sbom");
    assert_string_equal(jsonx_str(json_array_get(list, 0), "Tag"), "sha256-" HEX64 ".sig");
}

static json_t *record(void)
{
    return unit_json("{'Children':[{'Digest':'" DIGEST "','Platform':'linux/arm64'}],"
                     "'Attestations':[{'Digest':'sha256:1','Attests':'" DIGEST "','MediaType':'m',"
                     "'ArtifactType':'','Size':840}]}");
}

static void an_attestation_that_was_not_read(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *index = record();
    JSON_AUTO
    json_t *list = json_array();
    attachments_add_record(list, index);
    JSON_AUTO
    json_t *expected = unit_json("[{'Type':'attestation','MediaType':'m','Digest':'sha256:1',"
                                 "'Size':840,'Platform':'linux/arm64'}]");
    assert_true(json_equal(list, expected));
}

/* Both forms of BuildKit's: the first has an artifactType, the second poses as an image. */
static void statements_of_buildkit(void **state)
{
    (void)state;
    static const char *const files[] = {
        "samples/buildkit/provenance-max-sbom/attestation-unknown-unknown-9239f2c9.json",
        "manifests/attestation-old-form.json",
    };
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        size_t len;
        AUTO(free) char *body = unit_read_file(files[i], &len);
        AUTO(manifest) struct manifest *manifest = NULL;
        assert_int_equal(manifest_parse(body, len, "", &manifest), 0);
        assert_int_equal(manifest->kind, MANIFEST_ARTIFACT);
        JSON_AUTO
        json_t *facts = image_facts(DIGEST, manifest, NULL);
        JSON_AUTO
        json_t *index = record();
        JSON_AUTO
        json_t *list = json_array();
        attachments_add_statements(
            list, index, json_array_get(json_object_get(index, "Attestations"), 0), facts);
        AUTO(free) char *types = types_of(list);
        assert_string_equal(types, "sbom provenance");
        const json_t *sbom = json_array_get(list, 0);
        assert_string_equal(jsonx_str(sbom, "PredicateType"), "https://spdx.dev/Document");
        assert_string_equal(jsonx_str(sbom, "Platform"), "linux/arm64");
        assert_string_equal(jsonx_str(sbom, "Digest"), manifest->layers[0].digest);
        assert_int_equal(jsonx_int(sbom, "Size"), manifest->layers[0].size_bytes);
    }
}

static void there_is_an_end(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *index = record();
    JSON_AUTO
    json_t *list = json_array();
    for (int i = 0; i < ATTACHMENTS_MAX + 10; i++) {
        attachments_add_record(list, index);
        attachments_add_tag(list, "sha256-" HEX64 ".sig");
    }
    assert_int_equal(json_array_size(list), ATTACHMENTS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_that_are_none),
        cmocka_unit_test(the_tag_of_a_digest),
        cmocka_unit_test(types_of_referrers),
        cmocka_unit_test(tags_of_cosign),
        cmocka_unit_test(an_attestation_that_was_not_read),
        cmocka_unit_test(statements_of_buildkit),
        cmocka_unit_test(there_is_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
