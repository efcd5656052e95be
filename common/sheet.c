#include "sheet.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "mem.h"
#include "sheet_meaning.h"
#include "utf8.h"

#define YEAR_1981_MS INT64_C(347155200000)

/* In the order in which they count. */
enum source { SOURCE_LABEL, SOURCE_MANIFEST, SOURCE_DESCRIPTOR, SOURCE_INDEX, SOURCE_CONFIG };

static const char *const source_names[] = {"label", "manifest", "descriptor", "index", "config"};

/* One value where it was found. Texts are borrowed from the sources. */
struct place {
    const char *key;
    const char *value;
    const char *meaning; /* NULL: the key's own */
    enum source source;
    enum key_family family;
};

struct places {
    struct place *list;
    size_t count;
};

static void add_object(struct places *places, const json_t *object, enum source source)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        const char *text = json_string_value(value);
        if (!text)
            continue;
        struct place place = {.key = key, .value = text, .source = source};
        place.meaning = sheet_meaning(key, text, &place.family);
        places->list[places->count++] = place;
    }
}

static void add_config(struct places *places, const char *key, const char *value,
                       const char *meaning)
{
    places->list[places->count++] =
        (struct place){key, value, meaning, SOURCE_CONFIG, FAMILY_OTHER};
}

static bool is_dated(const char *created)
{
    int64_t created_ms;
    return created && clock_parse(created, &created_ms) == 0 && created_ms >= YEAR_1981_MS;
}

/* Same meaning, or same key where it has none. */
static int group_order(const struct place *a, const struct place *b)
{
    if (!a->meaning != !b->meaning)
        return a->meaning ? -1 : 1;
    return a->meaning ? strcmp(a->meaning, b->meaning) : strcmp(a->key, b->key);
}

static int place_order(const void *left, const void *right)
{
    const struct place *a = left;
    const struct place *b = right;
    int order = group_order(a, b);
    if (order == 0)
        order = (int)a->source - (int)b->source;
    if (order == 0)
        order = (int)a->family - (int)b->family;
    return order != 0 ? order : strcmp(a->key, b->key);
}

static void find_places(const struct sheet_sources *sources, struct places *ret_places)
{
    const json_t *objects[] = {sources->labels, sources->manifest, sources->descriptor,
                               sources->index};
    size_t max = 2; /* of the config */
    for (size_t i = 0; i < ARRAY_LEN(objects); i++)
        max += json_object_size(objects[i]);
    struct places places = {xcalloc(max, sizeof(*places.list)), 0};
    for (size_t i = 0; i < ARRAY_LEN(objects); i++)
        add_object(&places, objects[i], (enum source)i);
    if (sources->author && *sources->author)
        add_config(&places, "author", sources->author, "authors");
    if (is_dated(sources->created))
        add_config(&places, "created", sources->created, "created");
    qsort(places.list, places.count, sizeof(*places.list), place_order);
    if (places.count > SHEET_PLACES_MAX)
        places.count = SHEET_PLACES_MAX;
    *ret_places = places;
}

/* The most that one value may have, so that all together stay within the total. */
static size_t value_cap(const struct places *places)
{
    size_t cap = SHEET_VALUE_MAX_BYTES;
    for (;; cap /= 2) {
        size_t total_bytes = 0;
        for (size_t i = 0; i < places->count; i++)
            total_bytes += strnlen(places->list[i].value, cap);
        if (total_bytes <= SHEET_VALUES_MAX_BYTES)
            return cap;
    }
}

static json_t *place_object(const struct place *place, const json_t *base_labels, size_t cap)
{
    json_t *object = json_object();
    size_t len = utf8_cut(place->value, cap);
    json_object_set_new(object, "Key", json_string(place->key));
    json_object_set_new(object, "Value", json_stringn(place->value, len));
    json_object_set_new(object, "Source", json_string(source_names[place->source]));
    const char *base = json_string_value(json_object_get(base_labels, place->key));
    if (place->source == SOURCE_LABEL && base && strcmp(base, place->value) == 0)
        json_object_set_new(object, "Inherited", json_true());
    if (place->value[len])
        json_object_set_new(object, "Truncated", json_true());
    return object;
}

/* The first of count places is the one that counts. */
static json_t *row_of(const struct place *group, size_t count, const json_t *base_labels,
                      size_t cap)
{
    json_t *row = place_object(&group[0], base_labels, cap);
    if (group[0].meaning)
        json_object_set_new(row, "Meaning", json_string(group[0].meaning));
    if (count == 1)
        return row;
    json_t *others = json_array();
    bool is_conflict = false;
    for (size_t i = 1; i < count; i++) {
        json_array_append_new(others, place_object(&group[i], base_labels, cap));
        if (!sheet_values_agree(group[0].meaning, group[0].value, group[i].value))
            is_conflict = true;
    }
    json_object_set_new(row, "Others", others);
    if (is_conflict)
        json_object_set_new(row, "Conflict", json_true());
    return row;
}

json_t *sheet_rows(const struct sheet_sources *sources)
{
    struct places places;
    find_places(sources, &places);
    size_t cap = value_cap(&places);
    json_t *rows = json_array();
    for (size_t i = 0, count; i < places.count; i += count) {
        for (count = 1; i + count < places.count; count++)
            if (group_order(&places.list[i], &places.list[i + count]) != 0)
                break;
        json_array_append_new(rows, row_of(&places.list[i], count, sources->base_labels, cap));
    }
    free(places.list);
    return rows;
}
