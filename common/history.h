/* From an image config's history to Dockerfile commands: a derived view with its certainty. */
#ifndef MB_HISTORY_H
#define MB_HISTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum certainty {
    CERTAINTY_EXACT,   /* the instruction, as far as builders keep it */
    CERTAINTY_LOSSY,   /* the instruction, but for names or quotes that are not recorded */
    CERTAINTY_GUESS,   /* it may have been another one */
    CERTAINTY_FOREIGN, /* no instruction: what another kind of builder noted */
    CERTAINTY_MISSING, /* nothing is noted */
};

struct history_step {
    char *command;      /* "RUN apk add curl"; "" where missing */
    char *created_by;   /* as the builder wrote it; "" where missing */
    char *note;         /* what else there is to say; NULL if nothing */
    json_t *build_args; /* array of "NAME=value" that a RUN got; NULL if none */
    json_t *flattened;  /* array of the created_by of steps that crane flatten made one layer */
    bool is_entry;      /* false: stands for a layer that no entry explains */
    bool empty;         /* no layer of its own */
    long layer;         /* index into the manifest's layers, -1 if empty or not known */
    enum certainty certainty;
};

const char *certainty_str(enum certainty certainty); /* "exact", ... */

/* One step per history entry, base first, and one without a command per layer that no entry
 * explains. config is the image config object (NULL: no history). Caller frees the steps. */
void history_steps(const json_t *config, size_t layer_count, struct history_step **ret_steps,
                   size_t *ret_count);
void history_steps_free(struct history_step *steps, size_t count);

/* How many layers the config itself speaks of: its diff_ids, or the entries that have a layer. */
size_t history_layer_count(const json_t *config);

/* Puts "BuildArgs", "Note" and "FlattenedFrom" into an object, each where there is something. */
void history_step_details(const struct history_step *step, json_t *object);

#endif
