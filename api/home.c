#include "home.h"

#include <stdlib.h>
#include <string.h>

#include "assets.h"
#include "cache.h"
#include "catalog.h"
#include "errand.h"
#include "html.h"
#include "loop.h"
#include "mem.h"
#include "page.h"
#include "page_answer.h"
#include "page_home.h"
#include "typed.h"

#define RETRY_SECONDS 5
#define NAMES_MAX CATALOG_PAGE

static void reply(struct httpd_request *request, struct httpd_response *response)
{
    service_reply(request, response);
    httpd_response_unref(response);
}

/* Takes the errand and what body holds; the answer is kept for a while. */
static void end_with_page(struct errand *errand, struct strbuf *body)
{
    struct service *service = errand->service;
    struct httpd_request *request = TAKE(errand->request);
    struct answer *answer = page_answer_new(body, true);
    if (request) {
        const char *target = httpd_target(request);
        if (service->is_subscribed && !service->is_draining)
            cache_put(service->cache, target, (const char *const[2]){target}, answer,
                      loop_now_ms(service->loop));
        service_reply(request, answer_choose(answer, request));
    }
    answer_unref(answer);
    errand_end(errand, NULL);
}

static void end_without_redis(struct errand *errand)
{
    errand_end(errand,
               page_or_problem(&errand->route, 503, "cache_unavailable",
                               "The store of results cannot be reached right now.", RETRY_SECONDS));
}

/* Names as people write them. */
struct names {
    size_t count;
    char *names[NAMES_MAX];
};

static void names_add(struct names *names, const char *name)
{
    AUTO(reference) struct reference image = {0};
    if (names->count < NAMES_MAX && reference_parse(name, &image, NULL) == 0)
        names->names[names->count++] = reference_shown(&image);
}

static void names_release(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->names[i]);
}

static void add_featured(const struct config *config, struct names *names)
{
    for (const char *at = config->featured; *at;) {
        size_t len = strcspn(at, ",");
        AUTO(free) char *name = xstrndup(at, len);
        names_add(names, name);
        at += len + (at[len] == ',');
    }
}

static void on_recent(void *arg, int err, const struct catalog_page *page)
{
    struct errand *errand = arg;
    struct names featured = {0};
    struct names recent = {0};
    struct strbuf body = STRBUF_INIT(PAGE_MAX_BYTES);
    add_featured(errand->service->config, &featured);
    for (size_t i = 0; err == 0 && i < page->count; i++)
        names_add(&recent, page->names[i]);
    const struct page_home home = {
        .featured = {(const char *const *)featured.names, featured.count},
        .recent = {(const char *const *)recent.names, recent.count},
    };
    page_home(&home, &body);
    names_release(&featured);
    names_release(&recent);
    end_with_page(errand, &body); /* without Redis the box is there all the same */
}

void home_handle(struct service *service, struct httpd_request *request, struct route *route)
{
    const struct catalog_query query = {.list = CATALOG_LIST_RECENT, .page = 1};
    catalog_read(service->redis, &query, on_recent, errand_new(service, request, route));
}

/* Where an image's page is; NULL where the name is none. Caller frees. */
static char *page_path(const char *name)
{
    AUTO(reference) struct reference image = {0};
    if (reference_parse(name, &image, NULL) != 0)
        return NULL;
    AUTO(free) char *shown = reference_shown(&image);
    return xasprintf("/images/%s%s%s%s%s", shown, image.tag ? ":" : "", image.tag ? image.tag : "",
                     image.digest ? "@" : "", image.digest ? image.digest : "");
}

static void on_found(void *arg, int err, const struct catalog_page *page)
{
    struct errand *errand = arg;
    if (err) {
        end_without_redis(errand);
        return;
    }
    AUTO(free) char *name = typed_name(errand->route.text);
    AUTO(free) char *path = page_path(name);
    struct names found = {0};
    for (size_t i = 0; i < page->count; i++)
        names_add(&found, page->names[i]);
    bool is_known = found.count && strcmp(found.names[0], name) == 0;
    if (path && (is_known || !found.count)) {
        errand_end(errand, page_redirect(path));
    } else {
        struct strbuf body = STRBUF_INIT(PAGE_MAX_BYTES);
        const struct page_found result = {
            .typed = errand->route.text,
            .path = path,
            .names = {(const char *const *)found.names, found.count},
        };
        page_found(&result, &body);
        end_with_page(errand, &body);
    }
    names_release(&found);
}

void find_handle(struct service *service, struct httpd_request *request, struct route *route)
{
    AUTO(free) char *name = typed_name(route->text ? route->text : "");
    if (!*name) {
        reply(request, page_redirect("/"));
        return;
    }
    AUTO(free) char *path = typed_is_exact(route->text) ? page_path(name) : NULL;
    if (path) {
        reply(request, page_redirect(path));
        return;
    }
    const struct catalog_query query = {.list = CATALOG_LIST_SEARCH, .term = name};
    catalog_read(service->redis, &query, on_found, errand_new(service, request, route));
}

void asset_handle(struct service *service, struct httpd_request *request, struct route *route)
{
    (void)service;
    struct answer *answer = asset_find(route->text);
    if (answer)
        service_reply(request, answer_choose(answer, request));
    else
        reply(request, answer_problem(404, "no_such_file",
                                      "There is no such file, or it has changed: load the page "
                                      "again.",
                                      0));
}

/* The address that this server has for the client. Caller frees. */
static char *own_url(const struct service *service, const struct httpd_request *request)
{
    const char *url = service->config->public_url;
    size_t len = strlen(url);
    const char *host = httpd_header(request, "Host");
    if (len)
        return xstrndup(url, url[len - 1] == '/' ? len - 1 : len);
    return xasprintf("http://%.255s", host ? host : "localhost");
}

void opensearch_handle(struct service *service, struct httpd_request *request, struct route *route)
{
    (void)route;
    AUTO(free) char *url = own_url(service, request);
    struct strbuf body = STRBUF_INIT(PAGE_MAX_BYTES);
    html_add(&body,
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
             "<OpenSearchDescription xmlns=\"http://a9.com/-/spec/opensearch/1.1/\">\n"
             "<ShortName>MicroBadger</ShortName>\n"
             "<Description>Look into container images</Description>\n"
             "<InputEncoding>UTF-8</InputEncoding>\n"
             "<Image type=\"image/svg+xml\">%s%s</Image>\n"
             "<Url type=\"text/html\" template=\"%s/search?q={searchTerms}\"/>\n"
             "</OpenSearchDescription>\n",
             url, asset_path(ASSET_ICON), url);
    size_t len = body.len;
    struct answer *answer =
        page_answer_text("application/opensearchdescription+xml", strbuf_detach(&body), len);
    service_reply(request, answer_choose(answer, request));
    answer_unref(answer);
}
