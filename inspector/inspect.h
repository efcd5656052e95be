/* The inspector's job: the quick facts of one repository. It knows no queue. */
#ifndef MB_INSPECT_H
#define MB_INSPECT_H

#include "job.h"
#include "message.h"

struct hub;
struct loop;
struct registry;
struct store;

struct inspector {
    struct loop *loop;
    struct registry *registry;
    struct hub *hub;
    struct store *store;
    int64_t fresh_ms; /* a younger record is not made again to open one version */
};

/* Publishes the wanted tag's facts first, then Hub's facts and all tag names with status SIZE:
 * JOB_NEXT. JOB_DEFER where a limit is spent: what is known is shown and gone on from. A message
 * for one version of an image that is fresh brings just that: JOB_DONE. */
struct job_result inspect(const struct inspector *inspector, const struct message *message);

#endif
