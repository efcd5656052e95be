/* A share as a bar. Pure. */
#ifndef MB_BAR_H
#define MB_BAR_H

#include <stdbool.h>
#include <stdint.h>

#include "strbuf.h"

/* Appends exactly `columns` columns: part of whole, in eighths of a column where is_utf8, else with
 * '#' and '-'. What is more than nothing shows; only the whole fills it. */
void bar_add(struct strbuf *out, int64_t part, int64_t whole, int columns, bool is_utf8);

#endif
