/* From an image config's history to Dockerfile commands: a derived view with its certainty. */
#ifndef MB_HISTORY_H
#define MB_HISTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum certainty {
    CERTAINTY_EXACT,
    CERTAINTY_LOSSY,
    CERTAINTY_GUESS,
    CERTAINTY_FOREIGN,
    CERTAINTY_MISSING
};

struct history_step {
    char *command;    /* "RUN apk add curl"; "" where missing */
    char *created_by; /* as the builder wrote it; "" where missing */
    bool empty;       /* no layer of its own */
    long layer;       /* index into the manifest's layers, -1 if empty */
    enum certainty certainty;
};

const char *certainty_str(enum certainty certainty); /* "exact", ... */

/* One step per history entry, base first, and one without a command per layer that no entry
 * explains. config is the image config object (NULL: no history). Caller frees the steps. */
void history_steps(const json_t *config, size_t layer_count, struct history_step **ret_steps,
                   size_t *ret_count);
void history_steps_free(struct history_step *steps, size_t count);

#endif
