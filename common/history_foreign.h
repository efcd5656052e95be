/* History entries that no Dockerfile made: of builders without one, of imports and commits. */
#ifndef MB_HISTORY_FOREIGN_H
#define MB_HISTORY_FOREIGN_H

#include <jansson.h>
#include <stdbool.h>

#include "history.h"

/* Each fills command, note and certainty of a step. */

/* An entry without created_by: its comment is all there is. */
void history_no_command(const char *comment, struct history_step *step);
/* True if text begins as other builders' entries do. */
bool history_foreign(const char *text, const char *comment, struct history_step *step);
/* What is left: a container's command that docker commit kept, or a RUN in exec form. image_config
 * says what a container of this image runs; is_first: nothing could have run yet. */
void history_unknown(const char *text, const char *comment, const json_t *config, bool is_first,
                     struct history_step *step);

#endif
