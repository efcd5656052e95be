#include "hub.h"

#include <stdlib.h>
#include <string.h>

#include "challenge.h"
#include "clock.h"
#include "err.h"
#include "httpc.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"
#include "utf8.h"

#define ANSWER_MAX_BYTES (1u << 20)
#define MAX_TRIES 2
#define DESCRIPTION_MAX_BYTES 4096

struct hub {
    struct loop *loop;
    struct httpc *httpc;
    char *base_url; /* NULL: turned off */
    bool is_own;    /* another than Docker's is named: its address may be private */
};

struct hub_call {
    struct hub *hub;
    struct hub_facts *facts;
    char *path;       /* the repository's */
    bool is_old_path; /* the documented one comes first, then the one it replaced (2025-09) */
    int tries;
    int64_t deadline_ms;
    struct httpc_call *request;
};

static void send_request(struct hub_call *call);

struct hub *hub_new(struct loop *loop, struct httpc *httpc, const char *base_url)
{
    struct hub *hub = xcalloc(1, sizeof(*hub));
    hub->loop = loop;
    hub->httpc = httpc;
    if (strcmp(base_url, "none") != 0)
        hub->base_url = xstrdup(base_url);
    hub->is_own = strcmp(base_url, "https://hub.docker.com") != 0;
    return hub;
}

void hub_free(struct hub *hub)
{
    if (!hub)
        return;
    free(hub->base_url);
    free(hub);
}

static void call_free(struct hub_call *call)
{
    httpc_cancel(call->request);
    free(call->path);
    free(call);
}

static void finish(struct hub_call *call, int err, int64_t retry_at_ms)
{
    struct hub_facts *facts = call->facts;
    facts->err = err;
    facts->retry_at_ms = retry_at_ms;
    facts->call = NULL;
    facts->done = true;
    call_free(call);
}

static char *short_text(const json_t *json, const char *key, size_t max_bytes)
{
    const char *text = jsonx_str(json, key);
    return xstrndup(text, utf8_cut(text, max_bytes));
}

static int64_t count_badges(const char *text)
{
    static const char badge[] = "microbadger.com/badges/";
    int64_t count = 0;
    for (const char *at = strstr(text, badge); at; at = strstr(at + 1, badge))
        count++;
    return count;
}

/* An answer about another repository, as rate-limited clients have got, is no answer. */
static int take_facts(const struct hub_call *call, const struct httpc_response *response)
{
    JSON_AUTO
    json_t *json = NULL;
    const char *name = strchr(call->path, '/') + 1;
    if (jsonx_parse(response->body, response->body_bytes, &json) != 0)
        return ERR_PROTO;
    if (strcmp(jsonx_str(json, "name"), name) != 0)
        return ERR_PROTO;
    struct hub_facts *facts = call->facts;
    facts->description = short_text(json, "description", DESCRIPTION_MAX_BYTES);
    facts->last_updated = short_text(json, "last_updated", CLOCK_TEXT_BYTES);
    facts->pull_count = jsonx_int(json, "pull_count");
    facts->star_count = jsonx_int(json, "star_count");
    facts->badge_count = count_badges(jsonx_str(json, "full_description"));
    return 0;
}

static int status_err(int status)
{
    if (status == 404 || status == 410)
        return ERR_NOTFOUND;
    if (status == 429)
        return ERR_RATELIMIT;
    return status >= 500 ? ERR_UPSTREAM : ERR_PROTO;
}

static void on_response(void *arg, const struct httpc_response *response)
{
    struct hub_call *call = arg;
    call->request = NULL;
    int err = response->err;
    if (!err)
        err = response->status == 200 ? take_facts(call, response) : status_err(response->status);
    const char *header = response->err ? NULL : httpc_header(response, "Retry-After");
    if (err == ERR_NOTFOUND && !call->is_old_path) {
        call->is_old_path = true;
        send_request(call);
    } else if ((err == ERR_UPSTREAM || err == ERR_NETWORK) && ++call->tries < MAX_TRIES) {
        send_request(call);
    } else {
        finish(call, err, err == ERR_RATELIMIT && header ? retry_after_ms(header, clock_ms()) : 0);
    }
}

static void send_request(struct hub_call *call)
{
    const char *slash = strchr(call->path, '/');
    int64_t left_ms = call->deadline_ms - loop_now_ms(call->hub->loop);
    AUTO(free)
    char *url = call->is_old_path
                    ? xasprintf("%s/v2/repositories/%s/", call->hub->base_url, call->path)
                    : xasprintf("%s/v2/namespaces/%.*s/repositories/%s", call->hub->base_url,
                                (int)(slash - call->path), call->path, slash + 1);
    const struct httpc_request request = {
        .method = "GET",
        .url = url,
        .max_body_bytes = ANSWER_MAX_BYTES,
        .timeout_ms = left_ms > 1 ? (int)left_ms : 1,
        .allow_private = call->hub->is_own,
    };
    call->request = httpc_start(call->hub->httpc, &request, on_response, call);
}

void hub_facts_start(struct hub *hub, const struct reference *repository, struct hub_facts *facts,
                     int64_t deadline_ms)
{
    /* Docker Hub has exactly two parts; anything else it does not know. */
    const char *slash = strchr(repository->path, '/');
    if (!hub->base_url || !slash || strchr(slash + 1, '/')) {
        facts->err = ERR_NOTFOUND;
        facts->done = true;
        return;
    }
    struct hub_call *call = xcalloc(1, sizeof(*call));
    *call = (struct hub_call){
        .hub = hub, .facts = facts, .path = xstrdup(repository->path), .deadline_ms = deadline_ms};
    facts->call = call;
    send_request(call);
}

void hub_facts_cancel(struct hub_facts *facts)
{
    struct hub_call *call = TAKE(facts->call);
    if (call)
        call_free(call);
}

void hub_facts_release(struct hub_facts *facts)
{
    free(TAKE(facts->description));
    free(TAKE(facts->last_updated));
}
