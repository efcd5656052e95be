#include "history.h"

#include <stdlib.h>
#include <string.h>

#include "history_align.h"
#include "history_text.h"
#include "jsonx.h"
#include "mem.h"

#define MAX_STEPS 4096

const char *certainty_str(enum certainty certainty)
{
    static const char *const names[] = {"exact", "lossy", "guess", "foreign", "missing"};
    return names[certainty];
}

static void fill_step(struct history_state *state, const json_t *entry, struct history_step *step)
{
    step->created_by = xstrdup(jsonx_str(entry, "created_by"));
    step->empty = json_is_true(json_object_get(entry, "empty_layer"));
    step->is_entry = true;
    step->layer = -1;
    history_command(state, entry, step);
}

static struct history_step unexplained(size_t layer, const char *note)
{
    return (struct history_step){.command = xstrdup(""),
                                 .created_by = xstrdup(""),
                                 .note = note ? xstrdup(note) : NULL,
                                 .layer = (long)layer,
                                 .certainty = CERTAINTY_MISSING};
}

/* Why a layer has no entry, where there is more to say than that. */
static const char *why_unexplained(const json_t *config, bool belongs, size_t explained)
{
    size_t entries = json_array_size(jsonx_array(config, "history"));
    if (!belongs)
        return "the config's layers are not the manifest's";
    if (entries > MAX_STEPS)
        return "the history is too long";
    return entries && !explained ? "misaligned: the history does not tell which step made it"
                                 : NULL;
}

void history_steps(const json_t *config, size_t layer_count, struct history_step **ret_steps,
                   size_t *ret_count)
{
    json_t *history = jsonx_array(config, "history");
    size_t entries = json_array_size(history);
    bool belongs = history_belongs(config, layer_count);
    if (entries > MAX_STEPS || !belongs)
        entries = 0;
    AUTO(history_state) struct history_state state;
    history_state_init(&state, config);
    struct history_step *steps = xcalloc(entries + layer_count, sizeof(*steps));
    for (size_t i = 0; i < entries; i++)
        fill_step(&state, json_array_get(history, i), &steps[i]);
    history_note_squashed(steps, entries);
    size_t explained = history_align(config, steps, entries, layer_count);
    size_t rest = layer_count - explained;
    const char *note = why_unexplained(config, belongs, explained);
    /* Layers of which nothing is known come first: the base's are among them. */
    size_t rest_at = explained ? entries : 0;
    memmove(steps + (explained ? 0 : rest), steps, entries * sizeof(*steps));
    for (size_t i = 0; i < rest; i++)
        steps[rest_at + i] = unexplained(explained + i, note);
    *ret_steps = steps;
    *ret_count = entries + rest;
}

void history_steps_free(struct history_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(steps[i].command);
        free(steps[i].created_by);
        free(steps[i].note);
        json_decref(steps[i].build_args);
        json_decref(steps[i].flattened);
    }
    free(steps);
}

size_t history_layer_count(const json_t *config)
{
    size_t count = json_array_size(jsonx_array(jsonx_object(config, "rootfs"), "diff_ids"));
    if (count)
        return count;
    size_t i;
    json_t *entry;
    json_array_foreach(jsonx_array(config, "history"), i, entry) count +=
        !json_is_true(json_object_get(entry, "empty_layer"));
    return count;
}

void history_step_details(const struct history_step *step, json_t *object)
{
    if (step->build_args)
        json_object_set(object, "BuildArgs", step->build_args);
    if (step->note)
        json_object_set_new(object, "Note", json_string(step->note));
    if (json_array_size(step->flattened))
        json_object_set(object, "FlattenedFrom", step->flattened);
}
