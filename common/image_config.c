#include "image_config.h"

#include <stdlib.h>
#include <string.h>

#include "jsonx.h"
#include "mem.h"

/* A text as the array of one that the shell form of old configs means. */
static json_t *texts(const json_t *value)
{
    json_t *list = json_array();
    size_t bytes = 0;
    size_t i;
    json_t *item;
    if (json_is_string(value) && json_string_length(value) <= IMAGE_CONFIG_MAX_BYTES)
        json_array_append(list, (json_t *)value);
    json_array_foreach(value, i, item)
    {
        bytes += json_string_length(item);
        if (i >= IMAGE_CONFIG_MAX_ITEMS || bytes > IMAGE_CONFIG_MAX_BYTES)
            break;
        if (json_is_string(item))
            json_array_append(list, item);
    }
    return list;
}

static json_t *sorted_keys(const json_t *object)
{
    size_t count;
    AUTO(free) const char **keys = jsonx_sorted_keys(object, &count);
    JSON_AUTO
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(keys[i]));
    return texts(list);
}

static void set_list(json_t *facts, const char *key, json_t *list)
{
    if (json_array_size(list))
        json_object_set(facts, key, list);
    json_decref(list);
}

static void set_text(json_t *facts, const char *key, const json_t *run)
{
    const char *text = jsonx_str(run, key);
    if (*text && strlen(text) <= IMAGE_CONFIG_MAX_BYTES)
        json_object_set_new(facts, key, json_string(text));
}

static void set_healthcheck(json_t *facts, const json_t *healthcheck)
{
    static const char *const numbers[] = {"Interval", "Timeout", "StartPeriod", "StartInterval",
                                          "Retries"};
    json_t *object = json_object();
    set_list(object, "Test", texts(jsonx_array(healthcheck, "Test")));
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        if (jsonx_int(healthcheck, numbers[i]) > 0)
            json_object_set_new(object, numbers[i],
                                json_integer(jsonx_int(healthcheck, numbers[i])));
    if (json_object_size(object))
        json_object_set(facts, "Healthcheck", object);
    json_decref(object);
}

json_t *image_config_facts(const json_t *config)
{
    json_t *run = jsonx_object(config, "config");
    json_t *facts = json_object();
    set_list(facts, "Env", texts(jsonx_array(run, "Env")));
    set_list(facts, "Entrypoint", texts(json_object_get(run, "Entrypoint")));
    set_list(facts, "Cmd", texts(json_object_get(run, "Cmd")));
    set_text(facts, "WorkingDir", run);
    set_text(facts, "User", run);
    set_list(facts, "ExposedPorts", sorted_keys(jsonx_object(run, "ExposedPorts")));
    set_list(facts, "Volumes", sorted_keys(jsonx_object(run, "Volumes")));
    set_text(facts, "StopSignal", run);
    set_healthcheck(facts, jsonx_object(run, "Healthcheck"));
    if (json_object_size(facts))
        return facts;
    json_decref(facts);
    return NULL;
}
