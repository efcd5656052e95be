#include "listing.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "catalog.h"
#include "errand.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"

#define RETRY_SECONDS 5

/* Keeps the answer for a while, and gives it. Takes body. */
static void reply_list(struct service *service, struct httpd_request *request, char *body)
{
    const char *target = httpd_target(request);
    struct answer *answer = answer_list_new(body);
    if (service->is_subscribed && !service->is_draining) /* by its target: no notice is about it */
        cache_put(service->cache, target, (const char *const[2]){target}, answer,
                  loop_now_ms(service->loop));
    service_reply(request, answer_choose(answer, request));
    answer_unref(answer);
}

/* Takes body. */
static void end_with(struct errand *errand, char *body)
{
    if (errand->request)
        reply_list(errand->service, TAKE(errand->request), body);
    else
        free(body);
    errand_end(errand, NULL);
}

static void end_without_redis(struct errand *errand)
{
    errand_end(errand, answer_problem(503, "cache_unavailable",
                                      "The store of results cannot be reached right now. Try "
                                      "again soon.",
                                      RETRY_SECONDS));
}

/* v1 leaves out what is zero or empty. */
static void set_number(json_t *list, const char *key, int64_t number)
{
    if (number)
        json_object_set_new(list, key, json_integer(number));
}

static void set_images(json_t *list, json_t *images)
{
    if (json_array_size(images))
        json_object_set(list, "Images", images);
}

static char *list_body(int page, int64_t total, json_t *images)
{
    JSON_AUTO
    json_t *list = json_object();
    set_number(list, "CurrentPage", page);
    set_number(list, "PageCount", (total + CATALOG_PAGE - 1) / CATALOG_PAGE);
    set_number(list, "ImageCount", total);
    set_images(list, images);
    return jsonx_dump(list);
}

static void append_shown(json_t *images, const char *name)
{
    AUTO(reference) struct reference image = {0};
    if (reference_parse(name, &image, NULL) != 0)
        return;
    AUTO(free) char *shown = reference_shown(&image);
    json_array_append_new(images, json_string(shown));
}

static json_t *shown_names(const struct catalog_page *page)
{
    json_t *images = json_array();
    for (size_t i = 0; i < page->count; i++)
        append_shown(images, page->names[i]);
    return images;
}

static void on_list(void *arg, int err, const struct catalog_page *page)
{
    struct errand *errand = arg;
    if (err) {
        end_without_redis(errand);
        return;
    }
    JSON_AUTO
    json_t *images = shown_names(page);
    end_with(errand, list_body(errand->route.page, page->total, images));
}

/* The operator's choice, whether it has been inspected or not: opening one starts that. Caller
 * frees. */
static char *featured_body(const struct config *config)
{
    JSON_AUTO
    json_t *images = json_array();
    for (const char *at = config->featured; *at;) {
        size_t len = strcspn(at, ",");
        AUTO(free) char *name = xstrndup(at, len);
        append_shown(images, name);
        at += len + (at[len] == ',');
    }
    return list_body(1, (int64_t)json_array_size(images), images);
}

static void refuse(struct httpd_request *request, int status, const char *code)
{
    struct httpd_response *response = answer_problem(
        status, code, "Lists are /v1/images?query=featured, recent or labelschema.", 0);
    service_reply(request, response);
    httpd_response_unref(response);
}

static void read_list(struct service *service, struct httpd_request *request, struct route *route,
                      enum catalog_list list, int page)
{
    const struct catalog_query query = {.list = list, .page = page};
    route->page = page;
    catalog_read(service->redis, &query, on_list, errand_new(service, request, route));
}

void listing_handle(struct service *service, struct httpd_request *request, struct route *route)
{
    if (!route->text)
        refuse(request, 404, "no_such_route");
    else if (strcmp(route->text, "featured") == 0)
        reply_list(service, request, featured_body(service->config));
    else if (strcmp(route->text, "recent") == 0)
        read_list(service, request, route, CATALOG_LIST_RECENT, 1);
    else if (strcmp(route->text, "labelschema") == 0)
        read_list(service, request, route, CATALOG_LIST_LABEL_SCHEMA, route->page);
    else
        refuse(request, 400, "bad_query");
}

static void on_found(void *arg, int err, const struct catalog_page *page)
{
    struct errand *errand = arg;
    if (err) {
        end_without_redis(errand);
        return;
    }
    JSON_AUTO
    json_t *images = shown_names(page);
    JSON_AUTO
    json_t *list = json_object();
    set_images(list, images);
    end_with(errand, jsonx_dump(list));
}

void listing_search(struct service *service, struct httpd_request *request, struct route *route)
{
    struct errand *errand = errand_new(service, request, route);
    const struct catalog_query query = {.list = CATALOG_LIST_SEARCH, .term = errand->route.text};
    catalog_read(service->redis, &query, on_found, errand);
}

static void on_counts(void *arg, int err, int64_t badges, int64_t images)
{
    struct errand *errand = arg;
    if (err) {
        end_without_redis(errand);
        return;
    }
    end_with(errand, xasprintf("{\"docker_hub\":{\"badges\":%lld,\"images\":%lld}}",
                               (long long)badges, (long long)images));
}

void listing_badge_counts(struct service *service, struct httpd_request *request,
                          struct route *route)
{
    catalog_counts(service->redis, on_counts, errand_new(service, request, route));
}
