/* Answers made in this process (local.h), the same as the public API's: of images, versions,
 * Dockerfiles, comparisons and statuses. What only a server knows is a problem with the code
 * "needs_server". */
#ifndef MB_SOURCE_LOCAL_H
#define MB_SOURCE_LOCAL_H

#include "source.h"

struct loop;

/* argv: flags as config_load takes them for PROGRAM_CLIENT; what is wrong with them or with the
 * environment ends the program as there. The loop stays the caller's. */
struct source *source_local_new(struct loop *loop, int argc, char **argv);

#endif
