/* The size worker's job: the slow part of one repository. It knows no queue. */
#ifndef MB_MEASURE_H
#define MB_MEASURE_H

#include "job.h"
#include "message.h"

struct loop;
struct registry;
struct store;

struct measurer {
    struct loop *loop;
    struct registry *registry;
    struct store *store;
    int64_t eager_versions;
    int64_t max_heads; /* tags whose digests are asked for one by one in a job; 0: all */
    int64_t job_ms;    /* after this what is left goes to a new message */
};

/* Groups the tags by digest, then fills in the wanted version with all its platforms and the
 * newest versions; ends with INSPECTED: JOB_DONE. JOB_AGAIN where time is up. */
struct job_result measure(const struct measurer *measurer, const struct message *message);

#endif
