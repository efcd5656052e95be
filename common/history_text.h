/* One history entry's text to a Dockerfile command: shell prefixes, `#(nop)`, BuildKit's marks and
 * argument prefixes come off. */
#ifndef MB_HISTORY_TEXT_H
#define MB_HISTORY_TEXT_H

#include <jansson.h>

#include "history.h"

/* arguments: the "NAME=value" texts of earlier ARG entries. Caller frees. */
char *history_command(const char *created_by, const char *comment, const json_t *arguments,
                      enum certainty *ret_certainty);

#endif
