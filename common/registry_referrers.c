#include "registry_referrers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "challenge.h"
#include "err.h"
#include "httpc.h"
#include "mem.h"
#include "registries.h"
#include "registry_internal.h"
#include "url.h"

#define PAGE_MAX_BYTES (4u << 20)

static void on_page(void *arg, const struct registry_outcome *outcome);

static void read_page(struct registry_referrers *referrers, const struct registry_host *host)
{
    const struct registry_request request = {
        .host = host,
        .path = referrers->repository->path,
        .url = referrers->url,
        .what = "referrers",
        .max_body_bytes = PAGE_MAX_BYTES,
    };
    referrers->call =
        registry_call_start(&referrers->registry->calls, &request, on_page, referrers);
}

static void end(struct registry_referrers *referrers, int err, const char *text)
{
    referrers->err = err;
    (void)snprintf(referrers->error_text, sizeof(referrers->error_text), "%s", text);
    referrers->done = true;
}

/* On the same origin only. The number of pages is bounded: a circle ends. */
static bool go_on(struct registry_referrers *referrers, const struct httpc_response *response)
{
    AUTO(free) char *link = httpc_headers(response, "Link");
    AUTO(free) char *target = link ? link_next(link) : NULL;
    AUTO(free) char *url = target ? url_resolve(referrers->url, target) : NULL;
    if (!url || !url_same_origin(url, referrers->url) ||
        referrers->page_count == REFERRERS_MAX_PAGES)
        return false;
    free(referrers->url);
    referrers->url = TAKE(url);
    read_page(referrers,
              registries_find(referrers->registry->registries, referrers->repository->registry));
    return true;
}

static void on_page(void *arg, const struct registry_outcome *outcome)
{
    struct registry_referrers *referrers = arg;
    const struct httpc_response *response = outcome->response;
    struct manifest *page = NULL;
    referrers->call = NULL;
    if (outcome->err) {
        end(referrers, outcome->err, outcome->error_text);
        return;
    }
    if (manifest_parse(response->body, response->body_bytes,
                       "application/vnd.oci.image.index.v1+json", &page) != 0) {
        end(referrers, ERR_PROTO, "referrers: the answer is no index");
        return;
    }
    referrers->pages[referrers->page_count++] = page;
    if (!go_on(referrers, response))
        end(referrers, 0, "");
}

void registry_referrers_start(struct registry *registry, const struct reference *repository,
                              const char *digest, struct registry_referrers *referrers)
{
    const struct registry_host *host = registries_find(registry->registries, repository->registry);
    if (!host) {
        end(referrers, ERR_FORBIDDEN, "the registry is not on the allow list");
        return;
    }
    referrers->registry = registry;
    referrers->repository = repository;
    referrers->url = xasprintf("%s/v2/%s/referrers/%s", host->base_url, repository->path, digest);
    read_page(referrers, host);
}

void registry_referrers_release(struct registry_referrers *referrers)
{
    registry_call_cancel(TAKE(referrers->call));
    for (size_t i = 0; i < referrers->page_count; i++)
        manifest_free(referrers->pages[i]);
    referrers->page_count = 0;
    free(TAKE(referrers->url));
}
