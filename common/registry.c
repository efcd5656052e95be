#include "registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attachments.h"
#include "budget.h"
#include "challenge.h"
#include "clock.h"
#include "err.h"
#include "httpc.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"
#include "registries.h"
#include "registry_internal.h"
#include "registry_token.h"
#include "schema1.h"
#include "url.h"

#define MANIFEST_MAX_BYTES (4u << 20)
#define TAGS_MAX_BYTES (64u << 20)
#define MAX_TAG_PAGES 4096
#define NO_DEADLINE_MS (24LL * 3600 * 1000)

struct registry *registry_new(struct loop *loop, struct httpc *httpc,
                              const struct registries *registries)
{
    struct registry *registry = xcalloc(1, sizeof(*registry));
    registry->registries = registries;
    registry->calls = (struct registry_calls){
        .loop = loop, .httpc = httpc, .tokens = token_cache_new(loop, httpc)};
    registry_calls_set_deadline(&registry->calls, loop_now_ms(loop) + NO_DEADLINE_MS);
    return registry;
}

void registry_use_auth(struct registry *registry, struct registry_auth *auth)
{
    registry->calls.auth = auth;
    token_cache_use_auth(registry->calls.tokens, auth);
}

void registry_free(struct registry *registry)
{
    if (!registry)
        return;
    registry_calls_release(&registry->calls);
    token_cache_free(registry->calls.tokens);
    free(registry);
}

void registry_set_deadline(struct registry *registry, int64_t deadline_ms)
{
    registry_calls_set_deadline(&registry->calls, deadline_ms);
}

void registry_set_budget(struct registry *registry, struct budget *budget)
{
    registry->calls.budget = budget;
}

void registry_set_wanted(struct registry *registry, bool is_wanted)
{
    registry->is_wanted = is_wanted;
}

int64_t registry_requests(const struct registry *registry)
{
    return registry->calls.requests + token_requests(registry->calls.tokens);
}

bool registry_may_have_it_later(int err)
{
    return err_is_transient(err) && err != ERR_PROTO;
}

static void refuse(const struct reference *repository, int *ret_err, char *ret_text, bool *ret_done)
{
    *ret_err = ERR_FORBIDDEN;
    (void)snprintf(ret_text, REGISTRY_ERROR_BYTES, "the registry %.100s is not on the allow list",
                   repository->registry);
    *ret_done = true;
}

/* One manifest or config */

static void take_media_type(struct registry_fetch *fetch, const struct httpc_response *response)
{
    const char *type = httpc_header(response, "Content-Type");
    fetch->media_type = type ? xstrndup(type, strcspn(type, "; ")) : xstrdup("");
}

static void on_fetched(void *arg, const struct registry_outcome *outcome)
{
    struct registry_fetch *fetch = arg;
    fetch->call = NULL;
    fetch->done = true;
    fetch->err = outcome->err;
    fetch->retry_at_ms = outcome->retry_at_ms;
    memcpy(fetch->error_text, outcome->error_text, sizeof(fetch->error_text));
    if (outcome->err)
        return;
    take_media_type(fetch, outcome->response);
    if (!outcome->was_head) {
        fetch->body_bytes = outcome->response->body_bytes;
        fetch->body = httpc_take_body(outcome->response);
    }
    /* A registry may name what was asked for by another algorithm: what was asked for stands. */
    if (digest_is_valid(fetch->reference))
        memcpy(fetch->digest, fetch->reference, sizeof(fetch->digest));
    else if (outcome->was_head)
        (void)snprintf(fetch->digest, sizeof(fetch->digest), "%s",
                       httpc_header(outcome->response, "Docker-Content-Digest"));
    else if (!schema1_digest(fetch->body, fetch->body_bytes, fetch->digest))
        digest_sha256(fetch->body, fetch->body_bytes, fetch->digest);
}

/* True where the budget for pulls is spent: the request ends before it starts. */
static bool is_over_budget(struct registry *registry, const struct registry_host *host,
                           struct registry_fetch *fetch)
{
    if (fetch->what != REGISTRY_GET_MANIFEST ||
        budget_take(registry->calls.budget, host->host, registry->is_wanted, &fetch->retry_at_ms) ==
            0)
        return false;
    fetch->err = ERR_RATELIMIT;
    (void)snprintf(fetch->error_text, sizeof(fetch->error_text),
                   "the limit of pulls from %.100s is spent", host->host);
    fetch->done = true;
    return true;
}

void registry_fetch_start(struct registry *registry, const struct reference *repository,
                          struct registry_fetch *fetch)
{
    const struct registry_host *host = registries_find(registry->registries, repository->registry);
    if (!host) {
        refuse(repository, &fetch->err, fetch->error_text, &fetch->done);
        return;
    }
    if (is_over_budget(registry, host, fetch))
        return;
    bool is_blob = fetch->what == REGISTRY_GET_BLOB;
    size_t max_bytes = fetch->max_body_bytes ? fetch->max_body_bytes
                       : is_blob             ? REGISTRY_MAX_BLOB_BYTES
                                             : MANIFEST_MAX_BYTES;
    AUTO(free)
    char *url = xasprintf("%s/v2/%s/%s/%s", host->base_url, repository->path,
                          is_blob ? "blobs" : "manifests", fetch->reference);
    AUTO(free) char *what = xasprintf("%s %s", is_blob ? "config" : "manifest", fetch->reference);
    const struct registry_request request = {
        .host = host,
        .path = repository->path,
        .url = url,
        .what = what,
        .digest = digest_is_valid(fetch->reference) ? fetch->reference : NULL,
        .is_head = fetch->what == REGISTRY_HEAD_MANIFEST,
        .accept_manifests = !is_blob,
        .max_body_bytes = max_bytes,
    };
    fetch->call = registry_call_start(&registry->calls, &request, on_fetched, fetch);
}

void registry_fetch_cancel(struct registry_fetch *fetch)
{
    registry_call_cancel(TAKE(fetch->call));
}

void registry_fetch_release(struct registry_fetch *fetch)
{
    free(TAKE(fetch->body));
    free(TAKE(fetch->media_type));
}

/* All tags, page by page */

struct tags_reading {
    struct registry *registry;
    const struct reference *repository;
    const struct registry_host *host;
    struct registry_tags *tags;
    json_t *seen; /* set of names */
    json_t *seen_urls;
    char *url; /* of the page under way */
    unsigned pages;
    size_t bytes;
    bool without_n;
    size_t alloc, attachment_alloc;
    struct tags_reading *next, *prev;
};

static void on_page(void *arg, const struct registry_outcome *outcome);

static void reading_free(struct tags_reading *reading)
{
    if (reading->prev)
        reading->prev->next = reading->next;
    else
        reading->registry->readings = reading->next;
    if (reading->next)
        reading->next->prev = reading->prev;
    json_decref(reading->seen);
    json_decref(reading->seen_urls);
    free(reading->url);
    free(reading);
}

static void reading_end(struct tags_reading *reading, int err, const char *text,
                        int64_t retry_at_ms)
{
    struct registry_tags *tags = reading->tags;
    tags->call = NULL;
    tags->err = err;
    tags->retry_at_ms = retry_at_ms;
    (void)snprintf(tags->error_text, sizeof(tags->error_text), "%s", text);
    tags->done = true;
    reading_free(reading);
}

static void read_page(struct tags_reading *reading)
{
    const struct registry_request request = {
        .host = reading->host,
        .path = reading->repository->path,
        .url = reading->url,
        .what = "tags",
        .max_body_bytes = TAGS_MAX_BYTES - reading->bytes,
    };
    reading->pages++;
    json_object_set_new_nocheck(reading->seen_urls, reading->url, json_true());
    reading->tags->call =
        registry_call_start(&reading->registry->calls, &request, on_page, reading);
}

static void append(char ***names, size_t *count, size_t *alloc, const char *name)
{
    if (*count == *alloc) {
        *alloc = *alloc ? *alloc * 2 : 64;
        *names = xrealloc(*names, *alloc * sizeof(char *));
    }
    (*names)[(*count)++] = xstrdup(name);
}

static void add_name(struct tags_reading *reading, const char *name)
{
    struct registry_tags *tags = reading->tags;
    if (!name || !reference_is_tag(name) || json_object_get(reading->seen, name))
        return;
    if (tags->count + tags->attachment_count >= REGISTRY_MAX_TAGS) {
        tags->truncated = true;
        return;
    }
    json_object_set_new(reading->seen, name, json_true());
    if (attachment_tag(name))
        append(&tags->attachments, &tags->attachment_count, &reading->attachment_alloc, name);
    else
        append(&tags->names, &tags->count, &reading->alloc, name);
}

static int take_page(struct tags_reading *reading, const struct httpc_response *response)
{
    JSON_AUTO
    json_t *json = NULL;
    if (jsonx_parse(response->body, response->body_bytes, &json) != 0)
        return ERR_PROTO;
    json_t *names = json_object_get(json, "tags"); /* null where there are none */
    if (!json_is_array(names) && !json_is_null(names))
        return ERR_PROTO;
    size_t i;
    json_t *name;
    json_array_foreach(names, i, name) add_name(reading, json_string_value(name));
    reading->bytes += response->body_bytes;
    return 0;
}

/* Only on the origin that the page came from (registry.k8s.io redirects to another), and never the
 * same page again. True where a next page is under way. */
static bool go_on(struct tags_reading *reading, const struct registry_outcome *outcome)
{
    AUTO(free) char *link = httpc_headers(outcome->response, "Link");
    AUTO(free) char *target = link ? link_next(link) : NULL;
    AUTO(free) char *url = target ? url_resolve(outcome->url, target) : NULL;
    if (!url || !url_same_origin(url, outcome->url) || json_object_get(reading->seen_urls, url))
        return false;
    if (reading->pages >= MAX_TAG_PAGES || reading->bytes >= TAGS_MAX_BYTES ||
        reading->tags->truncated) {
        reading->tags->truncated = true;
        return false;
    }
    free(reading->url);
    reading->url = TAKE(url);
    read_page(reading);
    return true;
}

static void on_page(void *arg, const struct registry_outcome *outcome)
{
    struct tags_reading *reading = arg;
    if (outcome->err && outcome->status == 400 && !reading->without_n && reading->pages == 1) {
        reading->without_n = true; /* some registries refuse a page size they find too large */
        reading->url[strcspn(reading->url, "?")] = '\0';
        read_page(reading);
        return;
    }
    if (outcome->err == ERR_TOOBIG && reading->pages > 1) {
        reading->tags->truncated = true;
        reading_end(reading, 0, "", 0);
        return;
    }
    if (outcome->err) {
        reading_end(reading, outcome->err, outcome->error_text, outcome->retry_at_ms);
        return;
    }
    if (take_page(reading, outcome->response) != 0) {
        reading_end(reading, ERR_PROTO, "tags: the answer is no tag list", 0);
        return;
    }
    if (!go_on(reading, outcome))
        reading_end(reading, 0, "", 0);
}

void registry_tags_start(struct registry *registry, const struct reference *repository,
                         struct registry_tags *tags)
{
    const struct registry_host *host = registries_find(registry->registries, repository->registry);
    if (!host) {
        refuse(repository, &tags->err, tags->error_text, &tags->done);
        return;
    }
    struct tags_reading *reading = xcalloc(1, sizeof(*reading));
    reading->registry = registry;
    reading->repository = repository;
    reading->host = host;
    reading->tags = tags;
    reading->seen = json_object();
    reading->seen_urls = json_object();
    reading->url = xasprintf("%s/v2/%s/tags/list?n=1000", host->base_url, repository->path);
    reading->next = registry->readings;
    if (reading->next)
        reading->next->prev = reading;
    registry->readings = reading;
    read_page(reading);
}

void registry_tags_cancel(struct registry_tags *tags)
{
    struct registry_call *call = TAKE(tags->call);
    if (!call)
        return;
    struct tags_reading *reading = registry_call_arg(call);
    registry_call_cancel(call);
    reading_free(reading);
}

void registry_tags_release(struct registry_tags *tags)
{
    for (size_t i = 0; i < tags->count; i++)
        free(tags->names[i]);
    for (size_t i = 0; i < tags->attachment_count; i++)
        free(tags->attachments[i]);
    free(TAKE(tags->names));
    free(TAKE(tags->attachments));
    tags->count = tags->attachment_count = 0;
}
