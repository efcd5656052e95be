#include "history.h"

#include <stdlib.h>
#include <string.h>

#include "history_text.h"
#include "jsonx.h"
#include "mem.h"

#define MAX_STEPS 4096

const char *certainty_str(enum certainty certainty)
{
    static const char *const names[] = {"exact", "lossy", "guess", "foreign", "missing"};
    return names[certainty];
}

/* ARG entries seen so far, as "NAME=value": what a RUN's "|N" prefix repeats. */
static void note_argument(const char *command, json_t *arguments)
{
    if (strncmp(command, "ARG ", 4) == 0)
        json_array_append_new(arguments, json_string(command + 4));
}

static void fill_step(const json_t *entry, json_t *arguments, struct history_step *step)
{
    const char *created_by = jsonx_str(entry, "created_by");
    step->created_by = xstrdup(created_by);
    step->command =
        history_command(created_by, jsonx_str(entry, "comment"), arguments, &step->certainty);
    step->empty = json_is_true(json_object_get(entry, "empty_layer"));
    step->layer = -1;
    note_argument(step->command, arguments);
}

static struct history_step unexplained(void)
{
    return (struct history_step){
        .command = xstrdup(""), .created_by = xstrdup(""), .certainty = CERTAINTY_MISSING};
}

/* Steps that own a layer take the layers in order. More steps than layers: the later ones count as
 * empty, as BuildKit does it; more layers than steps: the rest has no history. */
static void align(struct history_step **steps, size_t *count, size_t layer_count)
{
    size_t layer = 0;
    for (size_t i = 0; i < *count; i++) {
        if (!(*steps)[i].empty && layer < layer_count)
            (*steps)[i].layer = (long)layer++;
        else
            (*steps)[i].empty = true;
    }
    if (layer == layer_count)
        return;
    *steps = xrealloc(*steps, (*count + layer_count - layer) * sizeof(**steps));
    for (; layer < layer_count; layer++) {
        (*steps)[*count] = unexplained();
        (*steps)[(*count)++].layer = (long)layer;
    }
}

void history_steps(const json_t *config, size_t layer_count, struct history_step **ret_steps,
                   size_t *ret_count)
{
    json_t *history = jsonx_array(config, "history");
    size_t count = json_array_size(history);
    if (count > MAX_STEPS)
        count = 0;
    JSON_AUTO
    json_t *arguments = json_array();
    struct history_step *steps = xcalloc(count, sizeof(*steps));
    for (size_t i = 0; i < count; i++)
        fill_step(json_array_get(history, i), arguments, &steps[i]);
    align(&steps, &count, layer_count);
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
