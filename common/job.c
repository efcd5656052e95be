#include "job.h"

#include <stdio.h>

#include "clock.h"
#include "err.h"

#define DEFAULT_RATE_LIMIT_MS 60000

static enum job_outcome outcome_of(int err)
{
    if (err == 0 || err == ERR_CONFLICT)
        return JOB_DONE; /* a newer revision stands: whoever made it goes on */
    if (err == ERR_RATELIMIT)
        return JOB_DEFER;
    if (err == ERR_NOTFOUND || err == ERR_UNAUTHORIZED)
        return JOB_MISSING;
    return err_is_transient(err) ? JOB_RETRY : JOB_FAILED;
}

struct job_result job_from_err(int err, const char *text, int64_t retry_at_ms)
{
    struct job_result result = {.outcome = outcome_of(err), .retry_at_ms = retry_at_ms};
    if (result.outcome == JOB_DEFER && !retry_at_ms)
        result.retry_at_ms = clock_ms() + DEFAULT_RATE_LIMIT_MS;
    (void)snprintf(result.error_text, sizeof(result.error_text), "%s",
                   text && *text ? text : err_str(err));
    return result;
}
