/* Provenance statements: what is read of one is within its caps and fit to be shown. */
#include "fuzz.h"

#include <string.h>

#include "jsonx.h"
#include "provenance.h"

#define MATERIALS_MAX 1000

static void check_materials(const json_t *materials)
{
    size_t i;
    json_t *material;
    FUZZ_CHECK(json_is_array(materials) && json_array_size(materials) <= MATERIALS_MAX);
    json_array_foreach(materials, i, material)
    {
        FUZZ_CHECK(json_is_string(json_object_get(material, "URI")));
        const char *digest = jsonx_str(material, "Digest");
        FUZZ_CHECK(!*digest || strncmp(digest, "sha256:", strlen("sha256:")) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *key;
    json_t *value;
    JSON_AUTO
    json_t *facts = provenance_facts(data, size);
    if (!facts)
        return 0;
    fuzz_check_json(facts);
    json_object_foreach(facts, key, value)
    {
        if (strcmp(key, "Materials") != 0)
            FUZZ_CHECK(json_string_length(value) > 0);
    }
    check_materials(json_object_get(facts, "Materials"));
    return 0;
}
