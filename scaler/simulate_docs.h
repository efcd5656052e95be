/* What `make simulate` keeps in docs/. */
#ifndef MB_SIMULATE_DOCS_H
#define MB_SIMULATE_DOCS_H

#include <stdbool.h>

#include "simulate_study.h"

/* Writes DIRECTORY/scaling/results.md and the pictures beside it, and DIRECTORY/scaling.md's part
 * between its two marks. False with ret_why (caller frees). */
bool sim_docs_write(const struct sim_study *study, const char *directory, char **ret_why);

#endif
