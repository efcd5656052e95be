/* microbadger-api: answers from memory and Redis, drops a request on the Inspection queue. */
#include <signal.h>
#include <stdlib.h>

#include "admin.h"
#include "config.h"
#include "httpc.h"
#include "httpd.h"
#include "log.h"
#include "loop.h"
#include "mem.h"
#include "queue.h"
#include "redis.h"
#include "registries.h"
#include "service.h"
#include "version.h"
#include "webhook.h"

#define MAX_CONNECTIONS 20000
#define IDLE_TIMEOUT_SECONDS 75
#define SERVE_ON_MS 2000 /* after SIGTERM, while load balancers learn of it */
#define CLOSE_MS 3000    /* for connections that are still open */

static bool is_draining;

static void on_terminate(void *arg)
{
    if (is_draining)
        exit(1);
    is_draining = true;
    loop_stop(arg);
}

static void on_redis_problem(void *arg, const char *why)
{
    (void)arg;
    log_warn("Redis is not connected", LOG_STR("error", why));
}

static struct httpd *listen_public(struct service *service)
{
    const struct httpd_options options = {.listen = service->config->listen,
                                          .max_connections = MAX_CONNECTIONS,
                                          .idle_timeout_seconds = IDLE_TIMEOUT_SECONDS};
    char *why = NULL;
    struct httpd *httpd = httpd_new(service->loop, &options, service_handle, service, &why);
    if (!httpd)
        log_error("cannot listen", LOG_STR("error", why));
    free(why);
    return httpd;
}

/* Readiness off, keep serving for a moment, no new connections, the last answers, gone. */
static void drain(struct service *service, struct admin *admin, struct httpd *httpd)
{
    bool never = false;
    struct loop *loop = service->loop;
    int64_t deadline_ms = loop_now_ms(loop) + service->config->drain_seconds * 1000;
    log_info("draining");
    admin_drain(admin);
    service_drain(service);
    int64_t serve_until_ms = loop_now_ms(loop) + SERVE_ON_MS;
    if (httpd_connections(httpd))
        loop_run_until(loop, &never, serve_until_ms < deadline_ms ? serve_until_ms : deadline_ms);
    httpd_quiesce(httpd);
    int64_t close_ms = loop_now_ms(loop) + CLOSE_MS;
    while (loop_now_ms(loop) < deadline_ms &&
           (httpd_active(httpd) || (httpd_connections(httpd) && loop_now_ms(loop) < close_ms)))
        loop_run_until(loop, &never, loop_now_ms(loop) + 20);
    log_info("drained");
}

static int serve(struct service *service)
{
    char *why = NULL;
    struct admin *admin =
        admin_new(service->loop, service->config->admin_listen, service_is_ready, service, &why);
    if (!admin)
        log_error("cannot listen", LOG_STR("error", why));
    free(why);
    struct httpd *httpd = admin ? listen_public(service) : NULL;
    if (httpd) {
        log_info("started", LOG_STR("version", version_number),
                 LOG_STR("listen", service->config->listen),
                 LOG_STR("admin", service->config->admin_listen));
        loop_run(service->loop);
        drain(service, admin, httpd);
    }
    service_stop(service);
    httpd_free(httpd);
    admin_free(admin);
    return httpd ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct config config;
    config_load(&config, PROGRAM_API, argc, argv);
    if (*config.webhook_url_of) {
        int code = webhook_print_url(&config);
        config_release(&config);
        return code;
    }
    log_init(program_name(PROGRAM_API), config.log_level, config.log_format);
    struct service service = {.loop = loop_new(), .config = &config};
    struct httpc *httpc = httpc_new(service.loop, program_name(PROGRAM_API));
    const struct queue_options options = {.visibility_ms = (int)config.visibility_seconds * 1000,
                                          .max_receives = (int)config.max_receives};
    char *why = NULL;
    if (registries_parse(config.registries, &service.registries, &why) != 0)
        abort(); /* config_load has checked it */
    redis_trust(config.redis_ca_file);
    service.redis = redis_new(service.loop, config.cache_url, program_name(PROGRAM_API));
    redis_on_problem(service.redis, on_redis_problem, NULL);
    service.queue = queue_new(service.loop, httpc, config.inspection_queue, &options);
    loop_on_signal(service.loop, SIGTERM, on_terminate, service.loop);
    loop_on_signal(service.loop, SIGINT, on_terminate, service.loop);
    service_start(&service);
    int status = serve(&service);
    queue_free(service.queue);
    redis_free(service.redis);
    service_free(&service);
    httpc_free(httpc);
    registries_free(service.registries);
    loop_free(service.loop);
    config_release(&config);
    return status;
}
