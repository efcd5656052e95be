/* What is attached to an image: an index, the attestation manifest that each of its attestations
 * stands for, a list of referrers and a tag, as one object. */
#include "fuzz.h"

#include <string.h>

#include "attachments.h"
#include "image.h"
#include "index_record.h"
#include "jsonx.h"
#include "mem.h"

static const char digest[] =
    "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

/* NULL where the member is no manifest. */
static struct manifest *manifest_of(const json_t *input, const char *key)
{
    struct manifest *manifest = NULL;
    const json_t *object = jsonx_object(input, key);
    if (!object)
        return NULL;
    AUTO(free) char *text = jsonx_dump(object);
    (void)manifest_parse(text, strlen(text), NULL, &manifest);
    return manifest;
}

static void add_index(json_t *list, struct manifest *manifest, const json_t *attestation)
{
    size_t i;
    json_t *row;
    AUTO(index_record) struct index_record *index = index_record_new(digest, manifest);
    JSON_AUTO
    json_t *record = index_record_json(index);
    fuzz_check_json(record);
    attachments_add_record(list, record);
    json_array_foreach(jsonx_array(record, "Attestations"), i, row)
        attachments_add_statements(list, record, row, attestation);
}

static void add_all(json_t *list, const json_t *input)
{
    JSON_AUTO
    json_t *facts = NULL;
    AUTO(manifest) struct manifest *attestation = manifest_of(input, "attestation");
    AUTO(manifest) struct manifest *referrers = manifest_of(input, "referrers");
    struct manifest *index = manifest_of(input, "index");
    if (attestation && attestation->kind != MANIFEST_INDEX)
        facts = image_facts(digest, attestation, NULL);
    if (index && index->kind == MANIFEST_INDEX)
        add_index(list, index, facts);
    else
        manifest_free(index);
    if (referrers)
        attachments_add_referrers(list, referrers);
    attachments_add_tag(list, jsonx_str(input, "tag"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t i;
    json_t *row;
    JSON_AUTO
    json_t *input = NULL;
    if (jsonx_parse(data, size, &input) != 0)
        return 0;
    JSON_AUTO
    json_t *list = json_array();
    add_all(list, input);
    fuzz_check_json(list);
    FUZZ_CHECK(json_array_size(list) <= ATTACHMENTS_MAX);
    json_array_foreach(list, i, row)
    {
        const char *tag = jsonx_str(row, "Tag");
        FUZZ_CHECK(*jsonx_str(row, "Type"));
        FUZZ_CHECK(!*tag || attachment_tag(tag));
        FUZZ_CHECK(jsonx_int(row, "Size") >= 0);
    }
    return 0;
}
