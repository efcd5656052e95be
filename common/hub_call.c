#include "hub_call.h"

#include <stdlib.h>
#include <string.h>

#include "budget.h"
#include "challenge.h"
#include "clock.h"
#include "err.h"
#include "httpc.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"

#define MAX_TRIES 2
#define REQUEST_TIMEOUT_MS 10000

struct hub_call {
    struct hub *hub;
    char *urls[2]; /* by enum hub_path */
    enum hub_path path;
    bool is_path_known;
    size_t max_body_bytes;
    int64_t deadline_ms;
    int tries;
    struct httpc_call *request;
    hub_call_done *done;
    void *arg;
};

static void send_request(struct hub_call *call);

bool hub_knows(const struct hub *hub, const struct reference *repository, char **ret_namespace,
               char **ret_name)
{
    const char *slash = strchr(repository->path, '/');
    if (!hub->base_url || !slash || strchr(slash + 1, '/'))
        return false;
    *ret_namespace = xstrndup(repository->path, (size_t)(slash - repository->path));
    *ret_name = xstrdup(slash + 1);
    return true;
}

int hub_take(struct hub *hub, bool is_wanted, int64_t *ret_retry_at_ms)
{
    return budget_take(hub->budget, BUDGET_HUB, is_wanted, ret_retry_at_ms);
}

void hub_call_cancel(struct hub_call *call)
{
    if (!call)
        return;
    httpc_cancel(call->request);
    free(call->urls[HUB_PATH_NEW]);
    free(call->urls[HUB_PATH_OLD]);
    free(call);
}

static void finish(struct hub_call *call, const struct hub_outcome *outcome)
{
    hub_call_done *done = call->done;
    void *arg = call->arg;
    done(arg, outcome);
    hub_call_cancel(call);
}

static int status_err(int status)
{
    if (status == 200)
        return 0;
    if (status == 404 || status == 410)
        return ERR_NOTFOUND;
    if (status == 429)
        return ERR_RATELIMIT;
    return status >= 500 ? ERR_UPSTREAM : ERR_PROTO;
}

static void note_budget(struct hub *hub, const struct httpc_response *response)
{
    const struct budget_headers headers = {
        .limit = httpc_header(response, "x-ratelimit-limit"),
        .remaining = httpc_header(response, "x-ratelimit-remaining"),
        .reset = httpc_header(response, "x-ratelimit-reset"),
        .retry_after = httpc_header(response, "Retry-After"),
        .is_refused = response->status == 429,
    };
    budget_note(hub->budget, BUDGET_HUB, &headers);
}

/* True where another request is under way. */
static bool goes_on(struct hub_call *call, int err)
{
    if (err == ERR_NOTFOUND && !call->is_path_known && call->path == HUB_PATH_NEW)
        call->path = HUB_PATH_OLD;
    else if ((err != ERR_UPSTREAM && err != ERR_NETWORK) || ++call->tries >= MAX_TRIES)
        return false;
    send_request(call);
    return true;
}

static void on_response(void *arg, const struct httpc_response *response)
{
    struct hub_call *call = arg;
    JSON_AUTO
    json_t *json = NULL;
    call->request = NULL;
    int err = response->err ? response->err : status_err(response->status);
    if (!response->err)
        note_budget(call->hub, response);
    if (err == 0)
        err = jsonx_parse(response->body, response->body_bytes, &json);
    if (goes_on(call, err))
        return;
    const char *header = err == ERR_RATELIMIT ? httpc_header(response, "Retry-After") : NULL;
    const struct hub_outcome outcome = {
        .err = err,
        .status = response->err ? 0 : response->status,
        .retry_at_ms = header ? retry_after_ms(header, clock_ms()) : 0,
        .json = json,
        .path = call->path,
    };
    finish(call, &outcome);
}

static void send_request(struct hub_call *call)
{
    int64_t left_ms = call->deadline_ms - loop_now_ms(call->hub->loop);
    if (left_ms > REQUEST_TIMEOUT_MS)
        left_ms = REQUEST_TIMEOUT_MS;
    const struct httpc_request request = {
        .method = "GET",
        .url = call->urls[call->path],
        .max_body_bytes = call->max_body_bytes,
        .timeout_ms = left_ms > 1 ? (int)left_ms : 1,
        .allow_private = call->hub->is_own,
    };
    call->request = httpc_start(call->hub->httpc, &request, on_response, call);
}

struct hub_call *hub_call_start(struct hub *hub, const struct hub_request *request,
                                hub_call_done *done, void *arg)
{
    struct hub_call *call = xcalloc(1, sizeof(*call));
    *call = (struct hub_call){
        .hub = hub,
        .path = request->path,
        .is_path_known = request->is_path_known,
        .max_body_bytes = request->max_body_bytes,
        .deadline_ms = request->deadline_ms,
        .done = done,
        .arg = arg,
    };
    call->urls[HUB_PATH_NEW] = xasprintf("%s/v2/namespaces/%s/repositories/%s%s", hub->base_url,
                                         request->namespace, request->name, request->new_tail);
    call->urls[HUB_PATH_OLD] = xasprintf("%s/v2/repositories/%s/%s%s", hub->base_url,
                                         request->namespace, request->name, request->old_tail);
    send_request(call);
    return call;
}
