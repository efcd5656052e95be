#include "local.h"

#include <limits.h>

#include "clock.h"
#include "httpc.h"
#include "hub.h"
#include "inspect.h"
#include "loop.h"
#include "measure.h"
#include "mem.h"
#include "registries.h"
#include "registry.h"
#include "registry_auth.h"
#include "version.h"

#define MAX_HEADS 512            /* with more tags than that, the rest is shown by name */
#define FRESH_MS (INT64_MAX / 2) /* what this process has seen is not looked at again */

struct local {
    struct loop *loop;
    struct httpc *httpc;
    struct registries *registries;
    struct registry_auth *auth;
    struct registry *registry;
    struct hub *hub;
    struct store *store;
    int64_t eager_versions;
    bool is_interrupted;
};

/* A file that changes while a command runs is read at the next one. */
static void on_auth_reread(void *arg, const char *why)
{
    (void)arg;
    (void)why;
}

struct local *local_new(struct loop *loop, const struct config *config)
{
    struct local *local = xcalloc(1, sizeof(*local));
    AUTO(free) char *agent = xasprintf("%s/%s", program_name(PROGRAM_CLIENT), version_number);
    char *why = NULL;
    local->loop = loop;
    local->httpc = httpc_new(loop, agent);
    if (registries_parse(config->registries, &local->registries, &why) != 0)
        abort(); /* config_load has checked it */
    local->auth = registry_auth_new(config->registry_auth_file, on_auth_reread, NULL);
    local->registry = registry_new(loop, local->httpc, local->registries);
    registry_use_auth(local->registry, local->auth);
    local->hub = hub_new(loop, local->httpc, config->hub_url, NULL);
    local->store = store_memory_new(loop);
    local->eager_versions = config->eager_versions;
    return local;
}

void local_free(struct local *local)
{
    if (!local)
        return;
    hub_free(local->hub);
    registry_free(local->registry);
    registry_auth_free(local->auth);
    registries_free(local->registries);
    store_free(local->store);
    httpc_free(local->httpc);
    free(local);
}

bool local_allows(const struct local *local, const char *registry)
{
    return registries_find(local->registries, registry) != NULL;
}

void local_on_change(struct local *local, store_memory_changed *changed, void *arg)
{
    store_memory_on_change(local->store, changed, arg);
}

static bool has_failed(const struct job_result *result)
{
    return result->outcome == JOB_RETRY || result->outcome == JOB_FAILED;
}

/* As a worker settles a message. */
static void settle(struct local *local, const char *name, const struct job_result *result)
{
    char when[CLOCK_TEXT_BYTES];
    clock_format(result->retry_at_ms, when);
    AUTO(free) char *limited = xasprintf("%s; not before %s", result->error_text, when);
    if (result->outcome == JOB_MISSING)
        (void)store_end(local->store, name, STATUS_MISSING, result->error_text, 0);
    else if (result->outcome == JOB_DEFER)
        (void)store_wait(local->store, name, STAGE_WAITING_RATE_LIMIT, limited, result->retry_at_ms,
                         true);
    else if (has_failed(result))
        (void)store_end(local->store, name, STATUS_FAILED, result->error_text, 0);
}

static enum local_end finish(struct local *local, const struct reference *image,
                             const struct job_result *result, int64_t deadline_ms)
{
    AUTO(free) char *name = reference_canonical(image);
    bool is_late = loop_now_ms(local->loop) >= deadline_ms;
    if (local->is_interrupted)
        return LOCAL_INTERRUPTED;
    if (result->outcome == JOB_AGAIN || (is_late && has_failed(result)))
        return LOCAL_TIME_UP;
    settle(local, name, result);
    return LOCAL_DONE;
}

static void set_deadline(struct local *local, int64_t deadline_ms)
{
    registry_set_deadline(local->registry, local->is_interrupted ? 0 : deadline_ms);
}

enum local_end local_inspect(struct local *local, const struct reference *image,
                             int64_t deadline_ms)
{
    const struct inspector inspector = {
        .loop = local->loop,
        .registry = local->registry,
        .hub = local->hub,
        .store = local->store,
        .fresh_ms = FRESH_MS,
    };
    /* So often put off, a limit of Hub's web API is not waited for: it is done without Hub. */
    const struct message message = {
        .image = *image, .version = MESSAGE_VERSION, .deferrals = INT_MAX};
    set_deadline(local, deadline_ms);
    struct job_result result = inspect(&inspector, &message);
    return finish(local, image, &result, deadline_ms);
}

enum local_end local_measure(struct local *local, const struct reference *image,
                             int64_t deadline_ms)
{
    const struct measurer measurer = {
        .loop = local->loop,
        .registry = local->registry,
        .store = local->store,
        .eager_versions = local->eager_versions,
        .max_heads = MAX_HEADS,
        .job_ms = deadline_ms - loop_now_ms(local->loop),
    };
    const struct message message = {.image = *image, .version = MESSAGE_VERSION};
    set_deadline(local, deadline_ms);
    struct job_result result = measure(&measurer, &message);
    return finish(local, image, &result, deadline_ms);
}

void local_interrupt(struct local *local)
{
    local->is_interrupted = true;
    registry_set_deadline(local->registry, loop_now_ms(local->loop));
}

int local_read(const struct local *local, const struct document_query *query,
               struct document_in_memory *ret_document)
{
    return document_memory_read(local->store, query, ret_document);
}

const struct status *local_status(const struct local *local, const char *name)
{
    return store_memory_status(local->store, name);
}
