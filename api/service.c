#include "service.h"

#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "digests.h"
#include "errand.h"
#include "httpd.h"
#include "log.h"
#include "lookup.h"
#include "loop.h"
#include "mem.h"
#include "metrics.h"
#include "queue.h"
#include "redis.h"
#include "registries.h"
#include "route.h"
#include "status.h"

#define CACHE_MAX_BYTES (64u << 20)
#define CODES 600

static void on_notice(void *arg, const char *text, size_t len)
{
    struct service *service = arg;
    (void)len;
    cache_expire(service->cache, text);
    lookup_notice(service, text);
}

static void on_subscription(void *arg, bool is_subscribed)
{
    struct service *service = arg;
    service->is_subscribed = is_subscribed;
    cache_next_epoch(service->cache);
    if (is_subscribed)
        lookup_notice(service, NULL); /* what happened meanwhile went unheard */
}

void service_start(struct service *service)
{
    const struct config *config = service->config;
    AUTO(free) char *channel = notice_channel(config->cache_url);
    service->cache = cache_new(CACHE_MAX_BYTES);
    service->notices = redis_sub_new(service->loop, config->cache_url, "microbadger-api-notices",
                                     channel, on_notice, on_subscription, service);
}

void service_stop(struct service *service)
{
    service->is_draining = true;
    lookup_end_all(service);
    errand_answer_all(service);
    redis_sub_free(service->notices);
}

void service_free(struct service *service)
{
    cache_free(service->cache);
}

void service_reply(struct httpd_request *request, struct httpd_response *response)
{
    static struct metric *counts[CODES];
    int code = httpd_response_status(response);
    struct metric **count = &counts[code >= 0 && code < CODES ? code : 0];
    if (!*count)
        *count = metric_counter("http_requests_total", "Requests by the status they were given.",
                                xasprintf("code=\"%d\"", code));
    metric_add(*count, 1);
    httpd_reply(request, response);
}

static void count_from_memory(void)
{
    static struct metric *count;
    if (!count)
        count = metric_counter("mb_memory_answers_total", "Requests answered from memory.", NULL);
    metric_add(count, 1);
}

/* Takes response. */
static void reply(struct httpd_request *request, struct httpd_response *response)
{
    service_reply(request, response);
    httpd_response_unref(response);
}

static bool registry_is_allowed(const struct service *service, const struct route *route)
{
    return registries_find(service->registries, route->image.registry) != NULL;
}

/* Takes route. */
static void handle_name(struct service *service, struct httpd_request *request, struct route *route)
{
    if (registry_is_allowed(service, route)) {
        lookup_join(service, request, route);
        return;
    }
    AUTO(free)
    char *detail = xasprintf("The registry %.100s is not one that this server may ask. "
                             "Its operator can allow it in MB_REGISTRIES.",
                             route->image.registry);
    reply(request, answer_problem(400, "registry_not_allowed", detail, 0));
    route_release(route);
}

static void handle_route(struct service *service, struct httpd_request *request)
{
    struct route route;
    route_parse(httpd_target(request), &route);
    switch (route.kind) {
    case ROUTE_IMAGE:
    case ROUTE_VERSION:
    case ROUTE_STATUS:
        handle_name(service, request, &route);
        return;
    case ROUTE_DIGEST:
        digests_handle(service, request, &route);
        return;
    case ROUTE_HEALTH:
        reply(request, answer_text(200, "HEALTH OK"));
        break;
    case ROUTE_BAD:
        reply(request, answer_problem(400, "bad_request", route.why, 0));
        break;
    case ROUTE_NOT_FOUND:
        reply(request, answer_problem(404, "no_such_route",
                                      "There is nothing at this path. Images are at "
                                      "/v1/images/NAME[:TAG].",
                                      0));
        break;
    }
    route_release(&route);
}

/* Answers from memory; false where Redis must be asked. */
static bool handle_from_memory(struct service *service, struct httpd_request *request)
{
    bool is_redis_down = !redis_is_connected(service->redis);
    struct answer *answer =
        cache_get(service->cache, httpd_target(request), loop_now_ms(service->loop), is_redis_down);
    if (!answer)
        return false;
    /* Somebody who knows it already may want to wait for the next one. */
    if (!answer->is_final && !is_redis_down && answer_is_known(answer, request))
        return false;
    service_reply(request, answer_choose(answer, request));
    count_from_memory();
    return true;
}

void service_handle(void *arg, struct httpd_request *request)
{
    struct service *service = arg;
    const char *method = httpd_method(request);
    bool is_read = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    if (is_read && handle_from_memory(service, request))
        return;
    if (is_read)
        handle_route(service, request);
    else if (strcmp(method, "OPTIONS") == 0)
        reply(request, answer_preflight());
    else
        reply(request, answer_problem(405, "method_not_allowed",
                                      "Only GET, HEAD and OPTIONS are answered here.", 0));
}

void service_drain(struct service *service)
{
    service->is_draining = true;
    answer_close_connections();
    cache_free(service->cache);
    service->cache = cache_new(0);
    lookup_end_waits(service);
}

bool service_is_ready(void *arg, const char **ret_why)
{
    const struct service *service = arg;
    /* Not the queue: most requests do not need it, and it is only tried by a request, so a program
     * that gets none would never be ready again. */
    *ret_why = redis_is_connected(service->redis) ? NULL : "Redis is not connected";
    return !*ret_why;
}
