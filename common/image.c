#include "image.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "digest.h"
#include "err.h"
#include "history.h"
#include "image_config.h"
#include "jsonx.h"
#include "labels.h"
#include "license.h"
#include "mem.h"
#include "vcs.h"

/* Takes value; an empty object or text is left out. */
static void set_if_any(json_t *facts, const char *key, json_t *value)
{
    bool is_empty = !value || (json_is_object(value) && json_object_size(value) == 0) ||
                    (json_is_string(value) && json_string_length(value) == 0);
    if (is_empty)
        json_decref(value);
    else
        json_object_set_new(facts, key, value);
}

static json_t *created(const json_t *config)
{
    int64_t created_ms = 0;
    (void)clock_parse(jsonx_str(config, "created"), &created_ms);
    char text[CLOCK_TEXT_BYTES];
    clock_format(created_ms, text);
    return json_string(text);
}

static void add_rare_members(json_t *object, const struct descriptor *layer)
{
    const char *predicate = jsonx_str(layer->annotations, "in-toto.io/predicate-type");
    set_if_any(object, "PredicateType", json_string(predicate));
    if (!digest_is_verifiable(layer->digest))
        json_object_set_new(object, "Unverified", json_true());
}

static json_t *layer_object(const struct manifest *manifest, const json_t *diff_ids,
                            const struct history_step *step)
{
    const struct descriptor *layer = step->layer >= 0 ? &manifest->layers[step->layer] : NULL;
    const char *diff_id =
        layer ? json_string_value(json_array_get(diff_ids, (size_t)step->layer)) : NULL;
    bool is_repeat = layer && manifest_layer_repeats(manifest, (size_t)step->layer);
    json_t *object = json_object();
    json_object_set_new(object, "BlobSum", json_string(layer ? layer->digest : ""));
    json_object_set_new(object, "Command", json_string(step->command));
    json_object_set_new(object, "DownloadSize",
                        json_integer(layer && !is_repeat ? layer->size_bytes : 0));
    json_object_set_new(object, "CreatedBy", json_string(step->created_by));
    json_object_set_new(object, "DiffID", json_string(diff_id ? diff_id : ""));
    json_object_set_new(object, "MediaType", json_string(layer ? layer->media_type : ""));
    json_object_set_new(object, "Empty", json_boolean(!layer));
    json_object_set_new(object, "Certainty", json_string(certainty_str(step->certainty)));
    history_step_details(step, object);
    if (layer)
        add_rare_members(object, layer);
    return object;
}

static json_t *layers(const struct manifest *manifest, const json_t *config)
{
    const json_t *diff_ids = jsonx_array(json_object_get(config, "rootfs"), "diff_ids");
    json_t *list = json_array();
    struct history_step *steps;
    size_t count;
    history_steps(config, manifest->layer_count, &steps, &count);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, layer_object(manifest, diff_ids, &steps[i]));
    history_steps_free(steps, count);
    return list;
}

static json_t *platform(const json_t *config)
{
    AUTO(free)
    char *text = platform_format(jsonx_str(config, "os"), jsonx_str(config, "architecture"),
                                 jsonx_str(config, "variant"));
    return json_string(*text ? text : "unknown");
}

json_t *image_facts(const char *digest, const struct manifest *manifest, const json_t *config)
{
    json_t *facts = json_object();
    json_t *labels = labels_texts(jsonx_object(jsonx_object(config, "config"), "Labels"));
    json_t *list = layers(manifest, config);
    json_object_set_new(facts, "Digest", json_string(digest));
    json_object_set_new(facts, "MediaType", json_string(manifest->media_type));
    set_if_any(facts, "ArtifactType", json_string(manifest->artifact_type));
    if (manifest->config.digest)
        json_object_set_new(facts, "ConfigDigest", json_string(manifest->config.digest));
    json_object_set_new(facts, "Platform", platform(config));
    json_object_set_new(facts, "Created", created(config));
    set_if_any(facts, "Author", json_string(jsonx_str(config, "author")));
    json_t *annotations = labels_texts(manifest->annotations);
    json_t *license = license_of(labels);
    json_t *control = vcs_of(labels);
    set_if_any(facts, "License", license ? license : license_of(annotations));
    set_if_any(facts, "VersionControl", control ? control : vcs_of(annotations));
    set_if_any(facts, "Labels", labels);
    set_if_any(facts, "Annotations", annotations);
    set_if_any(facts, "Config", image_config_facts(config));
    json_object_set_new(facts, "LayerCount", json_integer((json_int_t)json_array_size(list)));
    json_object_set_new(facts, "DownloadSize", json_integer(manifest_download_size(manifest)));
    json_object_set_new(facts, "Layers", list);
    return facts;
}

json_t *image_facts_unreadable(const char *digest, const char *media_type, const char *why)
{
    JSON_AUTO
    json_t *no_time = created(NULL);
    return json_pack("{s:s,s:s,s:s,s:O,s:s,s:i,s:i,s:[]}", "Digest", digest, "MediaType",
                     media_type, "Platform", "unknown", "Created", no_time, "Unreadable", why,
                     "LayerCount", 0, "DownloadSize", 0, "Layers");
}
