/* Labels, and what is made of them: capped, valid, and links that lead where they say. */
#include "fuzz.h"

#include <string.h>

#include "jsonx.h"
#include "labels.h"
#include "license.h"
#include "mem.h"
#include "vcs.h"

static void check_texts(const json_t *texts)
{
    size_t total_bytes = 0;
    const char *key;
    json_t *value;
    FUZZ_CHECK(json_is_object(texts) && json_object_size(texts) <= LABELS_MAX);
    json_object_foreach((json_t *)texts, key, value)
    {
        FUZZ_CHECK(json_is_string(value));
        FUZZ_CHECK(json_string_length(value) <= LABEL_VALUE_MAX_BYTES);
        total_bytes += json_string_length(value);
    }
    FUZZ_CHECK(total_bytes <= LABELS_TOTAL_MAX_BYTES);
    fuzz_check_json(texts);
    JSON_AUTO
    json_t *again = labels_texts(texts);
    FUZZ_CHECK(json_equal(texts, again));
}

/* Takes object. */
static void check_link(json_t *object, const char *prefix)
{
    JSON_AUTO
    json_t *link = object;
    const char *url = jsonx_str(link, "URL");
    fuzz_check_json(link);
    FUZZ_CHECK(!*url || strncmp(url, prefix, strlen(prefix)) == 0);
    for (const char *c = url; *c; c++)
        FUZZ_CHECK((unsigned char)*c > ' ' && (unsigned char)*c < 0x7f && !strchr("\"'<>\\", *c));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    JSON_AUTO
    json_t *json = NULL;
    if (jsonx_parse(data, size, &json) != 0)
        return 0;
    JSON_AUTO
    json_t *texts = labels_texts(json_is_object(json) ? json : NULL);
    check_texts(texts);
    json_t *license = license_of(texts);
    if (license)
        check_link(license, "https://spdx.org/licenses/");
    json_t *control = vcs_of(texts);
    if (control)
        check_link(control, "http");
    return 0;
}
