#include "compare_layers.h"

#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "compare_table.h"
#include "diff.h"
#include "jsonx.h"
#include "mem.h"

#define MAX_LAYERS ((size_t)2 * DIFF_MAX_ITEMS + 1) /* one past the end may be pointed to */

/* The layers with content of both sides, a's first. */
struct layer {
    const json_t *object;
    size_t index; /* in its side's Layers */
};

struct layers {
    struct layer *list;
    uint32_t *numbers; /* the same for layers that are the same */
    size_t a_count, b_count;
    bool *in_other; /* by place in list: the other side has it */
    json_int_t omitted;
};

struct share {
    json_int_t count, bytes;
};

static size_t collect(const json_t *array, struct layers *layers, size_t at)
{
    size_t start = at;
    size_t i;
    json_t *object;
    json_array_foreach(array, i, object)
    {
        if (!*jsonx_str(object, "BlobSum"))
            continue;
        if (at - start == DIFF_MAX_ITEMS)
            layers->omitted++;
        else
            layers->list[at++] = (struct layer){object, i};
    }
    return at - start;
}

static void number_by(const struct layers *layers, const char *key, uint32_t *ret_numbers)
{
    size_t count = layers->a_count + layers->b_count;
    AUTO(free) struct diff_text *texts = xcalloc(count, sizeof(*texts));
    for (size_t i = 0; i < count; i++) {
        const char *text = jsonx_str(layers->list[i].object, key);
        texts[i] = (struct diff_text){text, strlen(text)};
    }
    diff_number(texts, count, ret_numbers);
}

#define NONE UINT32_MAX

/* A layer is the first one with its blob or its diff ID. */
static void number_layers(struct layers *layers)
{
    size_t count = layers->a_count + layers->b_count;
    AUTO(free) uint32_t *blobs = xcalloc(count, sizeof(*blobs));
    AUTO(free) uint32_t *diffs = xcalloc(count, sizeof(*diffs));
    AUTO(free) uint32_t *of_blob = xmalloc(count * sizeof(*of_blob));
    AUTO(free) uint32_t *of_diff = xmalloc(count * sizeof(*of_diff));
    number_by(layers, "BlobSum", blobs);
    number_by(layers, "DiffID", diffs);
    memset(of_blob, 0xff, count * sizeof(*of_blob));
    memset(of_diff, 0xff, count * sizeof(*of_diff));
    for (size_t i = 0; i < count; i++) {
        bool has_diff = *jsonx_str(layers->list[i].object, "DiffID") != '\0';
        uint32_t number = of_blob[blobs[i]];
        if (number == NONE && has_diff)
            number = of_diff[diffs[i]];
        if (number == NONE)
            number = (uint32_t)i;
        of_blob[blobs[i]] = number;
        if (has_diff)
            of_diff[diffs[i]] = number;
        layers->numbers[i] = number;
    }
}

static void find_in_other(struct layers *layers)
{
    size_t count = layers->a_count + layers->b_count;
    AUTO(free) unsigned char *sides = xcalloc(count, 1);
    for (size_t i = 0; i < count; i++)
        sides[layers->numbers[i]] |= i < layers->a_count ? 1 : 2;
    for (size_t i = 0; i < count; i++)
        layers->in_other[i] = sides[layers->numbers[i]] == 3;
}

/* Sizes are foreign text: a sum that cannot be is as large as can be told. */
static void share_add(struct share *share, const json_t *layer)
{
    json_int_t bytes = jsonx_int(layer, "DownloadSize");
    share->count++;
    if (bytes > 0 && __builtin_add_overflow(share->bytes, bytes, &share->bytes))
        share->bytes = INT64_MAX;
}

static json_t *share_object(const struct share *share)
{
    return json_pack("{s:I,s:I}", "Count", share->count, "DownloadSize", share->bytes);
}

/* Never within a character. */
static json_t *short_command(const char *command)
{
    size_t len = strlen(command);
    if (len <= COMPARE_COMMAND_MAX_BYTES)
        return json_string(command);
    len = COMPARE_COMMAND_MAX_BYTES - strlen("…");
    while (len && ((unsigned char)command[len] & 0xc0) == 0x80)
        len--;
    return json_sprintf("%.*s…", (int)len, command);
}

/* Shares the value: it is no copy. */
static void share_member(json_t *row, const char *key, const json_t *layer, const char *member)
{
    json_t *value = json_object_get(layer, member);
    if (value)
        json_object_set(row, key, value);
}

static void share_members(json_t *row, const json_t *layer)
{
    share_member(row, "BlobSum", layer, "BlobSum");
    share_member(row, "DiffID", layer, "DiffID");
    share_member(row, "DownloadSize", layer, "DownloadSize");
    json_object_set_new(row, "Command", short_command(jsonx_str(layer, "Command")));
}

static void share_other(json_t *row, const json_t *a, const json_t *b)
{
    if (strcmp(jsonx_str(a, "BlobSum"), jsonx_str(b, "BlobSum")) == 0)
        return;
    share_member(row, "BlobSumA", a, "BlobSum");
    share_member(row, "DownloadSizeA", a, "DownloadSize");
}

static json_t *row_of(enum diff_change change, const struct layer *a, const struct layer *b)
{
    static const char *const changes[] = {COMPARE_KEPT, COMPARE_ADDED, COMPARE_REMOVED};
    json_t *row = json_object();
    json_object_set_new(row, "Change", json_string(changes[change]));
    if (change != DIFF_ADDED)
        json_object_set_new(row, "IndexA", json_integer((json_int_t)a->index));
    if (change != DIFF_REMOVED)
        json_object_set_new(row, "IndexB", json_integer((json_int_t)b->index));
    share_members(row, change == DIFF_REMOVED ? a->object : b->object);
    if (change == DIFF_KEPT)
        share_other(row, a->object, b->object);
    return row;
}

/* The rows, with the shares counted beside. */
struct outcome {
    json_t *rows;
    struct share shared, added, removed;
    bool is_same;
};

static void add_step(const struct layers *layers, const struct diff_step *step,
                     struct outcome *outcome)
{
    const struct layer *a = &layers->list[step->a]; /* one of them may be no part of the step */
    const struct layer *b = &layers->list[layers->a_count + step->b];
    bool is_removed = step->change == DIFF_REMOVED;
    const struct layer *layer = is_removed ? a : b;
    bool is_shared = layers->in_other[layer - layers->list];
    json_t *row = row_of(step->change, a, b);
    if (is_shared && step->change != DIFF_KEPT)
        json_object_set_new(row, "Moved", json_true());
    json_array_append_new(outcome->rows, row);
    if (!is_removed)
        share_add(is_shared ? &outcome->shared : &outcome->added, layer->object);
    else if (!is_shared)
        share_add(&outcome->removed, layer->object);
    outcome->is_same = outcome->is_same && step->change == DIFF_KEPT;
}

static void add_steps(const struct layers *layers, struct outcome *outcome)
{
    AUTO(free) struct diff_step *steps = NULL;
    size_t count;
    size_t all = layers->a_count + layers->b_count;
    diff_numbers(layers->numbers, layers->a_count, layers->numbers + layers->a_count,
                 layers->b_count, all, &steps, &count);
    for (size_t i = 0; i < count; i++)
        add_step(layers, &steps[i], outcome);
}

json_t *compare_layers(const json_t *a, const json_t *b, bool *ret_is_same)
{
    struct outcome outcome = {.rows = json_array(), .is_same = true};
    AUTO(free) struct layer *list = xcalloc(MAX_LAYERS, sizeof(*list));
    AUTO(free) uint32_t *numbers = xcalloc(MAX_LAYERS, sizeof(*numbers));
    AUTO(free) bool *in_other = xcalloc(MAX_LAYERS, sizeof(*in_other));
    struct layers layers = {.list = list, .numbers = numbers, .in_other = in_other};
    layers.a_count = collect(a, &layers, 0);
    layers.b_count = collect(b, &layers, layers.a_count);
    number_layers(&layers);
    find_in_other(&layers);
    add_steps(&layers, &outcome);
    json_t *object = json_pack("{s:o,s:o,s:o,s:o}", "Shared", share_object(&outcome.shared),
                               "Added", share_object(&outcome.added), "Removed",
                               share_object(&outcome.removed), "Rows", outcome.rows);
    if (layers.omitted)
        json_object_set_new(object, "RowsOmitted", json_integer(layers.omitted));
    *ret_is_same = outcome.is_same && layers.a_count && !layers.omitted;
    return object;
}
