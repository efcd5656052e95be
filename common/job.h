/* How a worker's job ended, and so what becomes of its message. */
#ifndef MB_JOB_H
#define MB_JOB_H

#include <stdint.h>

#include "registry.h"

#define JOB_MAX_MS INT64_C(600000)

enum job_outcome {
    JOB_DONE,   /* nothing is left: delete */
    JOB_NEXT,   /* the next stage takes over: complete with a message to the next queue */
    JOB_AGAIN,  /* time is up, work is left: complete with a message to the same queue */
    JOB_DEFER,  /* a rate limit: go on at retry_at_ms, which is no failure */
    JOB_RETRY,  /* may succeed later: counts as a receive */
    JOB_FAILED, /* cannot succeed */
    JOB_MISSING,
};
enum { JOB_OUTCOMES = JOB_MISSING + 1 };

struct job_result {
    enum job_outcome outcome;
    int64_t retry_at_ms;
    char error_text[REGISTRY_ERROR_BYTES];
};

/* The outcome that an error calls for; text NULL stands for err_str. */
struct job_result job_from_err(int err, const char *text, int64_t retry_at_ms);

#endif
