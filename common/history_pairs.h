/* ENV, LABEL and ARG as Docker and BuildKit note them, `A=b c D=e` without quotes, to a
 * Dockerfile's arguments. */
#ifndef MB_HISTORY_PAIRS_H
#define MB_HISTORY_PAIRS_H

#include <jansson.h>
#include <stdbool.h>

#include "history.h"
#include "strbuf.h"

struct pairs_style {
    const json_t *known; /* the final values by name, which tell where a value ends; NULL: none */
    bool is_label;       /* names may have dots, dashes and slashes */
    char escape;         /* the Dockerfile's escape character */
};

/* Writes `A="b c" D=e`, and says how sure it is that the values end there. Text that does not begin
 * with a pair (`ENV LEGACY some value`) is written as it is. */
enum certainty history_pairs(const char *text, const struct pairs_style *style, struct strbuf *out);

#endif
