#include "labels.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "jsonx.h"
#include "mem.h"
#include "utf8.h"

#define KEY_MAX_BYTES 256

static bool is_shown(const char *key, const json_t *value)
{
    bool is_scalar = !json_is_object(value) && !json_is_array(value) && !json_is_null(value);
    return is_scalar && strlen(key) <= KEY_MAX_BYTES;
}

/* The first keys in order; caller frees the array. */
static const char **shown_keys(const json_t *object, size_t *ret_count)
{
    size_t count;
    const char **keys = jsonx_sorted_keys(object, &count);
    size_t shown = 0;
    for (size_t i = 0; i < count && shown < LABELS_MAX; i++)
        if (is_shown(keys[i], json_object_get(object, keys[i])))
            keys[shown++] = keys[i];
    *ret_count = shown;
    return keys;
}

/* The most that a value may have, so that all together stay within the total. */
static size_t value_cap(const json_t *texts)
{
    size_t cap = LABEL_VALUE_MAX_BYTES;
    for (size_t total_bytes;; cap /= 2) {
        const char *key;
        json_t *value;
        total_bytes = 0;
        json_object_foreach((json_t *)texts, key, value)
        {
            size_t len = json_string_length(value);
            total_bytes += len < cap ? len : cap;
        }
        if (total_bytes <= LABELS_TOTAL_MAX_BYTES)
            return cap;
    }
}

json_t *labels_texts(const json_t *object)
{
    json_t *texts = json_object();
    size_t count;
    AUTO(free) const char **keys = shown_keys(object, &count);
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_object_get(object, keys[i]);
        if (json_is_string(value)) {
            json_object_set(texts, keys[i], value);
        } else {
            AUTO(free) char *text = jsonx_dump(value);
            json_object_set_new(texts, keys[i], json_string(text));
        }
    }
    size_t cap = value_cap(texts);
    const char *key;
    json_t *value;
    json_object_foreach(texts, key, value)
    {
        const char *text = json_string_value(value);
        if (json_string_length(value) > cap)
            json_object_set_new(texts, key, json_stringn(text, utf8_cut(text, cap)));
    }
    return texts;
}

/* The shortest key is nearest to the word itself. */
static bool is_nearer(const char *key, const char *other)
{
    size_t len = strlen(key);
    size_t other_len = strlen(other);
    return len != other_len ? len < other_len : strcmp(key, other) < 0;
}

const char *labels_value_containing(const json_t *labels, const char *word)
{
    const char *found = "";
    const char *found_key = NULL;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)labels, key, value)
    {
        const char *text = json_is_string(value) ? json_string_value(value) : "";
        if (*text && strstr(key, word) && (!found_key || is_nearer(key, found_key))) {
            found = text;
            found_key = key;
        }
    }
    return found;
}
