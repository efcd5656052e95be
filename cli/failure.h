/* An answer that is none that a command hoped for: what, why, what next; and the exit status. Pure.
 */
#ifndef MB_FAILURE_H
#define MB_FAILURE_H

#include "source.h"

struct failure {
    int exit_status; /* enum exit_status, never EXIT_OK */
    char *text;      /* escaped; "" where there is nothing to say; caller frees */
};

/* shown is the image's name, or what else was asked for. */
void failure_of(const struct source_answer *answer, const char *shown, const char *server,
                struct failure *ret_failure);

#endif
