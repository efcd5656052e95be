/* microbadger-size: does the slow part: tags by digest, layers, sizes and commands. */
#include "config.h"
#include "flow.h"
#include "log.h"
#include "measure.h"
#include "worker.h"

#define LEAVE_TIME_MS 60000 /* of a job, for its end */

static struct job_result job(void *arg, const struct message *message)
{
    return measure(arg, message);
}

int main(int argc, char **argv)
{
    struct config config;
    config_load(&config, PROGRAM_SIZE, argc, argv);
    log_init(program_name(PROGRAM_SIZE), config.log_level, config.log_format);
    struct worker *worker = worker_new(&config, PROGRAM_SIZE, FLOW_SIZE, config.size_queue, NULL);
    int status = 1;
    if (worker) {
        const struct worker_parts *parts = worker_parts(worker);
        struct measurer measurer = {
            .loop = parts->loop,
            .registry = parts->registry,
            .store = parts->store,
            .eager_versions = config.eager_versions,
            .job_ms = JOB_MAX_MS - LEAVE_TIME_MS,
        };
        status = worker_run(worker, job, &measurer);
    }
    worker_free(worker);
    config_release(&config);
    return status;
}
