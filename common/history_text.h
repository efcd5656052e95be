/* One history entry's text to a Dockerfile command: shell prefixes, `#(nop)`, BuildKit's marks,
 * Buildah's tails and build arguments come off. */
#ifndef MB_HISTORY_TEXT_H
#define MB_HISTORY_TEXT_H

#include <jansson.h>
#include <stdbool.h>

#include "history.h"

/* What earlier entries and the final config say about later ones. */
struct history_state {
    const json_t *config; /* the image config's "config"; may be NULL */
    json_t *environment;  /* config.Env by name */
    json_t *labels;       /* config.Labels; may be NULL */
    json_t *arguments;    /* values of ARG entries by name */
    char *shell;          /* the words in front of a RUN's command: "/bin/sh -c " */
    char escape;          /* the Dockerfile's escape character */
    bool is_first;        /* the image's first entry */
};

/* image_config may be NULL; it must outlive the state. */
void history_state_init(struct history_state *state, const json_t *image_config);
void history_state_release(struct history_state *state);

/* Fills command, note, build_args, flattened and certainty from the next entry, base first; notes
 * what later ones need. */
void history_command(struct history_state *state, const json_t *entry, struct history_step *step);

static inline void history_state_cleanup(struct history_state *state)
{
    history_state_release(state);
}

#endif
