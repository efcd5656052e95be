/* microbadger-scaler: moves room between inspectors and size workers, as their queues need it.
 * `microbadger-scaler simulate` compares the policies that decide it. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "admin.h"
#include "config.h"
#include "httpc.h"
#include "log.h"
#include "loop.h"
#include "mem.h"
#include "scaler.h"
#include "simulate.h"
#include "version.h"

#define DRAIN_MS 10000 /* to give the lease up */

static bool is_draining;
static bool is_released;

static void on_terminate(void *arg)
{
    if (is_draining)
        exit(1);
    is_draining = true;
    loop_stop(arg);
}

static void on_released(void *arg)
{
    (void)arg;
    is_released = true;
}

static int serve(struct loop *loop, struct scaler *scaler, const struct config *config)
{
    char *why = NULL;
    struct admin *admin = admin_new(loop, config->admin_listen, scaler_is_ready, scaler, &why);
    if (!admin) {
        log_error("cannot listen", LOG_STR("address", config->admin_listen), LOG_STR("error", why));
        free(why);
        return 1;
    }
    log_info("started", LOG_STR("version", version_number), LOG_STR("policy", config->policy),
             LOG_INT("pool", config->pool), LOG_STR("admin", config->admin_listen));
    loop_run(loop);
    log_info("draining");
    admin_drain(admin);
    scaler_drain(scaler, on_released, NULL);
    loop_run_until(loop, &is_released, loop_now_ms(loop) + DRAIN_MS);
    log_info("drained");
    admin_free(admin);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "simulate") == 0)
        return simulate_main(argc - 1, argv + 1);
    struct config config;
    config_load(&config, PROGRAM_SCALER, argc, argv);
    log_init(program_name(PROGRAM_SCALER), config.log_level, config.log_format);
    AUTO(free) char *agent = xasprintf("%s/%s", program_name(PROGRAM_SCALER), version_number);
    struct loop *loop = loop_new();
    struct httpc *httpc = httpc_new(loop, agent);
    loop_on_signal(loop, SIGTERM, on_terminate, loop);
    loop_on_signal(loop, SIGINT, on_terminate, loop);
    struct scaler *scaler = scaler_new(loop, httpc, &config);
    int status = scaler ? serve(loop, scaler, &config) : 1;
    scaler_free(scaler);
    httpc_free(httpc);
    loop_free(loop);
    config_release(&config);
    return status;
}
