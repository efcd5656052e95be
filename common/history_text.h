/* One history entry's text to a Dockerfile command: shell prefixes, `#(nop)`, BuildKit's marks and
 * argument prefixes come off. */
#ifndef MB_HISTORY_TEXT_H
#define MB_HISTORY_TEXT_H

#include <jansson.h>
#include <stdbool.h>

#include "history.h"

/* What earlier entries say about later ones. */
struct history_state {
    const json_t *config; /* the image config's "config"; may be NULL */
    json_t *arguments;    /* values of ARG entries by name */
    char *shell;          /* the words in front of a RUN's command: "/bin/sh -c " */
    bool is_first;        /* the image's first entry */
};

/* image_config may be NULL. */
void history_state_init(struct history_state *state, const json_t *image_config);
void history_state_release(struct history_state *state);

/* The command of the next entry, base first; notes what later ones need. Caller frees. */
char *history_command(struct history_state *state, const json_t *entry,
                      enum certainty *ret_certainty);

static inline void history_state_cleanup(struct history_state *state)
{
    history_state_release(state);
}

#endif
