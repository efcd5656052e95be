#include "history.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
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
    step->command = history_command(state, entry, &step->certainty);
    step->empty = json_is_true(json_object_get(entry, "empty_layer"));
    step->layer = -1;
}

static struct history_step unexplained(size_t layer)
{
    return (struct history_step){.command = xstrdup(""),
                                 .created_by = xstrdup(""),
                                 .layer = (long)layer,
                                 .certainty = CERTAINTY_MISSING};
}

/* Where layers outnumber the steps that own one, the base comes first and what was put on top has
 * no history; but a last step as old as the image itself made the top layer, so it is the base that
 * came without history (docker import, squashing, Nix). */
static bool base_is_unexplained(const json_t *config)
{
    const json_t *history = jsonx_array(config, "history");
    const json_t *last = json_array_get(history, json_array_size(history) - 1);
    const char *created = jsonx_str(config, "created");
    int64_t created_ms = 0;
    (void)clock_parse(created, &created_ms);
    return created_ms > 0 && strcmp(jsonx_str(last, "created"), created) == 0;
}

/* Steps that own a layer take the layers from `layer` on. More steps than layers: the later ones
 * count as empty, as BuildKit does it. Returns the first layer that is left. */
static size_t align(struct history_step *steps, size_t count, size_t layer, size_t layer_count)
{
    for (size_t i = 0; i < count; i++) {
        if (!steps[i].empty && layer < layer_count)
            steps[i].layer = (long)layer++;
        else
            steps[i].empty = true;
    }
    return layer;
}

/* A config whose diff_ids are not as many as the layers is not this manifest's. */
static bool belongs_together(const json_t *config, size_t layer_count)
{
    const json_t *diff_ids = jsonx_array(jsonx_object(config, "rootfs"), "diff_ids");
    return !diff_ids || json_array_size(diff_ids) == layer_count;
}

static size_t owner_count(const struct history_step *steps, size_t count)
{
    size_t owners = 0;
    for (size_t i = 0; i < count; i++)
        owners += !steps[i].empty;
    return owners;
}

void history_steps(const json_t *config, size_t layer_count, struct history_step **ret_steps,
                   size_t *ret_count)
{
    json_t *history = jsonx_array(config, "history");
    size_t entries = json_array_size(history);
    if (entries > MAX_STEPS || !belongs_together(config, layer_count))
        entries = 0;
    AUTO(history_state) struct history_state state;
    history_state_init(&state, config);
    struct history_step *steps = xcalloc(entries + layer_count, sizeof(*steps));
    struct history_step *own =
        steps + layer_count; /* room for a base without history before them */
    for (size_t i = 0; i < entries; i++)
        fill_step(&state, json_array_get(history, i), &own[i]);
    size_t owners = owner_count(own, entries);
    size_t base =
        owners && owners < layer_count && base_is_unexplained(config) ? layer_count - owners : 0;
    size_t layer = align(own, entries, base, layer_count);
    for (size_t i = 0; i < entries && base; i++)
        if (!own[i].empty)
            own[i].certainty = CERTAINTY_GUESS; /* of this layer, not of the words */
    memmove(steps + base, own, entries * sizeof(*steps));
    for (size_t i = 0; i < base; i++)
        steps[i] = unexplained(i);
    size_t count = base + entries;
    for (; layer < layer_count; layer++)
        steps[count++] = unexplained(layer);
    *ret_steps = steps;
    *ret_count = count;
}

void history_steps_free(struct history_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(steps[i].command);
        free(steps[i].created_by);
    }
    free(steps);
}
