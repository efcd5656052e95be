#include "service.h"

#include <stdlib.h>
#include <string.h>

#include "about.h"
#include "badge_route.h"
#include "cache.h"
#include "client_address.h"
#include "digests.h"
#include "errand.h"
#include "events.h"
#include "home.h"
#include "httpd.h"
#include "listing.h"
#include "log.h"
#include "lookup.h"
#include "loop.h"
#include "mem.h"
#include "metrics.h"
#include "page.h"
#include "page_answer.h"
#include "page_compare.h"
#include "queue.h"
#include "redis.h"
#include "refresh.h"
#include "registries.h"
#include "route.h"
#include "status.h"
#include "submit.h"
#include "waiting.h"
#include "webhook.h"

#define CACHE_MAX_BYTES (64u << 20)
#define CODES 600

static void on_notice(void *arg, const char *text, size_t len)
{
    struct service *service = arg;
    (void)len;
    cache_expire(service->cache, text);
    lookup_notice(service, text);
    events_notice(service->events, text);
}

static void on_subscription(void *arg, bool is_subscribed)
{
    struct service *service = arg;
    service->is_subscribed = is_subscribed;
    cache_next_epoch(service->cache);
    if (!is_subscribed)
        return;
    lookup_notice(service, NULL); /* what happened meanwhile went unheard */
    events_notice(service->events, NULL);
}

static struct metric *from_memory;

/* Known ones, so that they can be watched before they count; statuses come as they do. */
static void declare_metrics(void)
{
    from_memory = metric_counter("mb_memory_answers_total", "Requests answered from memory.", NULL);
    submit_declare_metrics();
    badge_route_declare_metrics();
}

void service_start(struct service *service)
{
    const struct config *config = service->config;
    AUTO(free) char *channel = notice_channel(config->cache_url);
    char *why = NULL;
    if (trusted_proxies_parse(config->trusted_proxies, &service->proxies, &why) != 0)
        abort(); /* config_load has checked it */
    declare_metrics();
    service->cache = cache_new(CACHE_MAX_BYTES);
    service->waiting = waiting_new(config->max_waiting, config->max_waiting_per_address);
    service->events = events_new(service);
    service->notices = redis_sub_new(service->loop, config->cache_url, "microbadger-api-notices",
                                     channel, on_notice, on_subscription, service);
}

void service_stop(struct service *service)
{
    service->is_draining = true;
    lookup_end_all(service);
    events_end(service->events);
    errand_answer_all(service);
    redis_sub_free(service->notices);
}

void service_free(struct service *service)
{
    about_forget();
    cache_free(service->cache);
    events_free(service->events);
    waiting_free(service->waiting);
    trusted_proxies_free(service->proxies);
}

void service_client(const struct service *service, const struct httpd_request *request,
                    char *ret_text)
{
    char peer[CLIENT_ADDRESS_BYTES];
    AUTO(free) char *forwarded_for = httpd_header_values(request, "X-Forwarded-For");
    httpd_peer(request, peer, sizeof(peer));
    client_address(service->proxies, peer, forwarded_for, ret_text);
}

void service_count(int code)
{
    static struct metric *counts[CODES];
    struct metric **count = &counts[code >= 0 && code < CODES ? code : 0];
    if (!*count)
        *count = metric_counter("http_requests_total", "Requests by the status they were given.",
                                xasprintf("code=\"%d\"", code));
    metric_add(*count, 1);
}

void service_reply(struct httpd_request *request, struct httpd_response *response)
{
    service_count(httpd_response_status(response));
    httpd_reply(request, response);
}

/* Takes response. */
static void reply(struct httpd_request *request, struct httpd_response *response)
{
    service_reply(request, response);
    httpd_response_unref(response);
}

/* One for each kind of route. What it takes over of route it leaves empty there. */
typedef void route_handler(struct service *service, struct httpd_request *request,
                           struct route *route);

static void handle_not_found(struct service *service, struct httpd_request *request,
                             struct route *route)
{
    (void)service;
    reply(request, page_or_problem(route, 404, "no_such_route",
                                   "There is nothing at this path. Images are at "
                                   "/v1/images/NAME[:TAG].",
                                   0));
}

static void handle_bad(struct service *service, struct httpd_request *request, struct route *route)
{
    (void)service;
    reply(request, page_or_problem(route, 400, "bad_request", route->why, 0));
}

static void handle_health(struct service *service, struct httpd_request *request,
                          struct route *route)
{
    (void)service;
    (void)route;
    reply(request, answer_text(200, "HEALTH OK"));
}

/* Nobody logs in here: what v1 told who was not. */
static void handle_me(struct service *service, struct httpd_request *request, struct route *route)
{
    (void)service;
    (void)route;
    reply(request, answer_json(200, "{}"));
}

/* True where the image's registry is allowed; else the request is answered. */
static bool check_registry(const struct service *service, struct httpd_request *request,
                           const struct route *route, const struct reference *image)
{
    if (registries_find(service->registries, image->registry))
        return true;
    AUTO(free)
    char *detail = xasprintf("The registry %.100s is not one that this server may ask. "
                             "Its operator can allow it in MB_REGISTRIES.",
                             image->registry);
    reply(request, page_or_problem(route, 400, "registry_not_allowed", detail, 0));
    return false;
}

static void handle_name(struct service *service, struct httpd_request *request, struct route *route)
{
    if (!check_registry(service, request, route, &route->image))
        return;
    if (route->kind == ROUTE_IMAGE && refresh_is_asked(service, request, route)) {
        refresh_handle(service, request, route);
        return;
    }
    lookup_join(service, request, route);
    *route = (struct route){0};
}

static void handle_compare(struct service *service, struct httpd_request *request,
                           struct route *route)
{
    for (size_t i = 0; i < ARRAY_LEN(route->sides); i++) {
        route->side = route_side_names[i];
        if (!check_registry(service, request, route, &route->sides[i].image))
            return;
    }
    route->side = NULL;
    lookup_join(service, request, route);
    *route = (struct route){0};
}

/* The page before there is anything to compare. */
static void handle_compare_form(struct service *service, struct httpd_request *request,
                                struct route *route)
{
    struct strbuf body = STRBUF_INIT(PAGE_MAX_BYTES);
    (void)service;
    page_compare_form(route, &body);
    struct answer *answer = page_answer_new(&body, true);
    service_reply(request, answer_choose(answer, request));
    answer_unref(answer);
}

static void handle_events(struct service *service, struct httpd_request *request,
                          struct route *route)
{
    if (!check_registry(service, request, route, &route->image))
        return;
    if (strcmp(httpd_method(request), "HEAD") == 0)
        reply(request, answer_event_stream());
    else
        events_join(service->events, request, &route->image);
}

/* A README shows why there is no picture better than a broken one does. */
static void handle_badge(struct service *service, struct httpd_request *request,
                         struct route *route)
{
    if (route->image.path && registries_find(service->registries, route->image.registry)) {
        lookup_join(service, request, route);
        *route = (struct route){0};
        return;
    }
    struct answer *answer = badge_route_no_image();
    service_reply(request, answer_choose(answer, request));
    answer_unref(answer);
}

static route_handler *const handlers[ROUTE_KINDS] = {
    [ROUTE_NOT_FOUND] = handle_not_found,
    [ROUTE_BAD] = handle_bad,
    [ROUTE_HEALTH] = handle_health,
    [ROUTE_IMAGE] = handle_name,
    [ROUTE_VERSION] = handle_name,
    [ROUTE_DOCKERFILE] = handle_name,
    [ROUTE_STATUS] = handle_name,
    [ROUTE_LIST] = listing_handle,
    [ROUTE_SEARCH] = listing_search,
    [ROUTE_BADGE_COUNTS] = listing_badge_counts,
    [ROUTE_BADGE] = handle_badge,
    [ROUTE_ME] = handle_me,
    [ROUTE_WEBHOOK] = webhook_handle,
    [ROUTE_EVENTS] = handle_events,
    [ROUTE_DIGEST] = digests_handle,
    [ROUTE_ABOUT_VERSION] = about_version,
    [ROUTE_ABOUT_API] = about_api,
    [ROUTE_ABOUT_CATALOG] = about_catalog,
    [ROUTE_HOME] = home_handle,
    [ROUTE_FIND] = find_handle,
    [ROUTE_PAGE] = handle_name,
    [ROUTE_PAGE_DOCKERFILE] = handle_name,
    [ROUTE_ASSET] = asset_handle,
    [ROUTE_OPENSEARCH] = opensearch_handle,
    [ROUTE_COMPARE] = handle_compare,
    [ROUTE_COMPARE_PAGE] = handle_compare,
    [ROUTE_COMPARE_FORM] = handle_compare_form,
};

/* Answers from memory; false where Redis must be asked. */
static bool handle_from_memory(struct service *service, struct httpd_request *request)
{
    if (httpd_header(request, "Authorization"))
        return false; /* an operator may ask for more than an answer */
    bool is_redis_down = !redis_is_connected(service->redis);
    struct answer *answer =
        cache_get(service->cache, httpd_target(request), loop_now_ms(service->loop), is_redis_down);
    if (!answer)
        return false;
    /* Somebody who knows it already may want to wait for the next one. */
    if (!answer->is_final && !is_redis_down && answer_is_known(answer, request))
        return false;
    service_reply(request, answer_choose(answer, request));
    metric_add(from_memory, 1);
    return true;
}

static bool is_read(const struct httpd_request *request)
{
    const char *method = httpd_method(request);
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static void handle_route(struct service *service, struct httpd_request *request,
                         struct route *route)
{
    bool is_post = strcmp(httpd_method(request), "POST") == 0;
    bool is_options = strcmp(httpd_method(request), "OPTIONS") == 0;
    bool takes_post = route->path == ROUTE_PAGE;
    const char *allow = takes_post ? METHODS_PAGE : METHODS_READ;
    bool is_unreadable = route->kind == ROUTE_BAD && route->path == ROUTE_NOT_FOUND;
    if (is_options && !is_unreadable)
        reply(request, answer_preflight(allow));
    else if (route->path == ROUTE_NOT_FOUND || is_read(request) || (takes_post && is_post))
        handlers[route->kind](service, request, route);
    else
        reply(request, answer_not_allowed(allow));
}

void service_handle(void *arg, struct httpd_request *request)
{
    struct service *service = arg;
    bool is_read_only = is_read(request);
    if (is_read_only)
        badge_route_count(httpd_target(request));
    if (is_read_only && handle_from_memory(service, request))
        return;
    AUTO(route) struct route route;
    if (strcmp(httpd_method(request), "POST") == 0)
        route_parse_post(httpd_target(request), &route);
    else
        route_parse(httpd_target(request), &route);
    handle_route(service, request, &route);
}

void service_drain(struct service *service)
{
    service->is_draining = true;
    answer_close_connections();
    about_forget();
    cache_free(service->cache);
    service->cache = cache_new(0);
    lookup_end_waits(service);
    events_end(service->events);
}

bool service_is_ready(void *arg, const char **ret_why)
{
    const struct service *service = arg;
    /* Not the queue: most requests do not need it, and it is only tried by a request, so a program
     * that gets none would never be ready again. */
    *ret_why = redis_is_connected(service->redis) ? NULL : "Redis is not connected";
    return !*ret_why;
}
