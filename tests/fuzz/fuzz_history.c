/* Image configs: the steps cover all layers in their order, and the facts are JSON that adds up. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "history.h"
#include "image.h"
#include "jsonx.h"
#include "manifest.h"
#include "mem.h"
#include "strbuf.h"

#define MAX_LAYERS 40
#define LAYER_BYTES 7

static const char digest[] =
    "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

/* As many layers as the config has diff IDs, now and then others. */
static size_t layer_count_of(const json_t *config, size_t size)
{
    const json_t *diff_ids = jsonx_array(jsonx_object(config, "rootfs"), "diff_ids");
    size_t count = diff_ids ? json_array_size(diff_ids) : size % 8;
    return count < MAX_LAYERS ? count : MAX_LAYERS;
}

static void check_steps(const json_t *config, size_t layer_count)
{
    struct history_step *steps;
    size_t count;
    history_steps(config, layer_count, &steps, &count);
    long layer = 0;
    for (size_t i = 0; i < count; i++) {
        fuzz_check_utf8(steps[i].command);
        fuzz_check_utf8(steps[i].created_by);
        FUZZ_CHECK(certainty_str(steps[i].certainty));
        FUZZ_CHECK(steps[i].empty == (steps[i].layer < 0));
        FUZZ_CHECK(steps[i].empty || steps[i].layer == layer);
        layer += !steps[i].empty;
    }
    FUZZ_CHECK((size_t)layer == layer_count);
    history_steps_free(steps, count);
}

/* Caller frees. */
static struct manifest *manifest_of(size_t layer_count)
{
    struct strbuf text = STRBUF_INIT(65536);
    strbuf_addf(&text, "{\"config\":{\"digest\":\"%s\"},\"layers\":[", digest);
    for (size_t i = 0; i < layer_count; i++)
        strbuf_addf(&text, "%s{\"digest\":\"sha256:%064zx\",\"size\":%d}", i ? "," : "", i,
                    LAYER_BYTES);
    strbuf_adds(&text, "]}");
    struct manifest *manifest = NULL;
    FUZZ_CHECK(manifest_parse(strbuf_str(&text), text.len, NULL, &manifest) == 0);
    strbuf_release(&text);
    return manifest;
}

static void check_facts(const json_t *config, size_t layer_count)
{
    AUTO(manifest) struct manifest *manifest = manifest_of(layer_count);
    JSON_AUTO
    json_t *facts = image_facts(digest, manifest, config);
    fuzz_check_json(facts);
    const json_t *layers = jsonx_array(facts, "Layers");
    int64_t total_bytes = 0;
    for (size_t i = 0; i < json_array_size(layers); i++)
        total_bytes += jsonx_int(json_array_get(layers, i), "DownloadSize");
    FUZZ_CHECK(total_bytes == jsonx_int(facts, "DownloadSize"));
    FUZZ_CHECK(total_bytes == (int64_t)layer_count * LAYER_BYTES);
    FUZZ_CHECK((size_t)jsonx_int(facts, "LayerCount") == json_array_size(layers));
    FUZZ_CHECK(strlen(jsonx_str(facts, "Created")) >= strlen("0001-01-01T00:00:00Z"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    JSON_AUTO
    json_t *config = NULL;
    if (jsonx_parse(data, size, &config) != 0)
        return 0;
    size_t layer_count = layer_count_of(config, size);
    check_steps(config, layer_count);
    check_facts(config, layer_count);
    return 0;
}
