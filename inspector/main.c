/* microbadger-inspector: takes inspections, brings the quick facts, hands on to the size worker. */
#include "config.h"
#include "flow.h"
#include "hub.h"
#include "inspect.h"
#include "log.h"
#include "worker.h"

static struct job_result job(void *arg, const struct message *message)
{
    return inspect(arg, message);
}

int main(int argc, char **argv)
{
    struct config config;
    config_load(&config, PROGRAM_INSPECTOR, argc, argv);
    log_init(program_name(PROGRAM_INSPECTOR), config.log_level, config.log_format);
    struct worker *worker = worker_new(&config, PROGRAM_INSPECTOR, FLOW_INSPECTION,
                                       config.inspection_queue, config.size_queue);
    int status = 1;
    if (worker) {
        const struct worker_parts *parts = worker_parts(worker);
        struct inspector inspector = {
            .loop = parts->loop,
            .registry = parts->registry,
            .hub = hub_new(parts->loop, parts->httpc, config.hub_url, parts->budget),
            .store = parts->store,
            .fresh_ms = config.fresh_seconds * 1000,
        };
        status = worker_run(worker, job, &inspector);
        hub_free(inspector.hub);
    }
    worker_free(worker);
    config_release(&config);
    return status;
}
