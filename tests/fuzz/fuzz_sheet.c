/* The sheet of what an image says of itself, and the license and the repository that are found in
 * each place. The input is one object of the places. */
#include "fuzz.h"

#include <string.h>

#include "jsonx.h"
#include "labels.h"
#include "license.h"
#include "sheet.h"
#include "vcs.h"

static const char *const sources[] = {"label", "manifest", "descriptor", "index", "config"};

static size_t check_value(const json_t *place)
{
    const char *source = jsonx_str(place, "Source");
    size_t known = 0;
    for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++)
        known += strcmp(source, sources[i]) == 0;
    FUZZ_CHECK(known == 1);
    FUZZ_CHECK(json_is_string(json_object_get(place, "Key")));
    size_t value_bytes = json_string_length(json_object_get(place, "Value"));
    FUZZ_CHECK(value_bytes <= SHEET_VALUE_MAX_BYTES);
    return value_bytes;
}

static void check_rows(const json_t *rows)
{
    size_t total_bytes = 0;
    size_t places = 0;
    size_t i;
    size_t j;
    json_t *row;
    json_t *other;
    fuzz_check_json(rows);
    json_array_foreach(rows, i, row)
    {
        const json_t *others = jsonx_array(row, "Others");
        total_bytes += check_value(row);
        json_array_foreach(others, j, other) total_bytes += check_value(other);
        places += 1 + json_array_size(others);
        FUZZ_CHECK(!json_object_get(row, "Conflict") || json_array_size(others));
    }
    FUZZ_CHECK(places <= SHEET_PLACES_MAX);
    FUZZ_CHECK(total_bytes <= SHEET_VALUES_MAX_BYTES);
}

static void check_found(const json_t *texts)
{
    json_t *license = license_of(texts);
    if (license)
        FUZZ_CHECK(strlen(jsonx_str(license, "Code")) <= LICENSE_CODE_MAX_BYTES);
    json_decref(license);
    json_t *control = vcs_of(texts);
    if (control)
        FUZZ_CHECK(strlen(jsonx_str(control, "Commit")) <= VCS_COMMIT_MAX_BYTES);
    json_decref(control);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"labels", "manifest", "descriptor", "index", "base"};
    json_t *texts[sizeof(names) / sizeof(*names)];
    JSON_AUTO
    json_t *places = NULL;
    if (jsonx_parse(data, size, &places) != 0)
        return 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        texts[i] = labels_texts(jsonx_object(places, names[i]));
        check_found(texts[i]);
    }
    const struct sheet_sources of = {
        .labels = texts[0],
        .manifest = texts[1],
        .descriptor = texts[2],
        .index = texts[3],
        .base_labels = texts[4],
        .author = json_string_value(json_object_get(places, "author")),
        .created = json_string_value(json_object_get(places, "created")),
    };
    JSON_AUTO
    json_t *rows = sheet_rows(&of);
    check_rows(rows);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        json_decref(texts[i]);
    return 0;
}
