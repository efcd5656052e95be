#include "aws_fetch.h"

#include <stdlib.h>
#include <string.h>

#include "aws_env.h"
#include "err.h"
#include "httpc.h"
#include "mem.h"

#define MAX_ANSWER_BYTES ((size_t)64 * 1024)

struct aws_fetch {
    struct httpc *httpc;
    const struct aws_source *source;
    struct aws_dialogue dialogue;
    struct aws_request request;
    struct httpc_call *call; /* NULL between two requests */
    aws_fetched *done;
    void *arg;
};

void aws_fetch_cancel(struct aws_fetch *fetch)
{
    if (!fetch)
        return;
    httpc_cancel(fetch->call);
    aws_request_release(&fetch->request);
    aws_text_free(fetch->dialogue.token);
    free(fetch->dialogue.role);
    free(fetch);
}

static void finish(struct aws_fetch *fetch, int err, struct aws_keys *keys, const char *why)
{
    aws_fetched *done = fetch->done;
    void *arg = fetch->arg;
    aws_fetch_cancel(fetch);
    done(arg, err, keys, why);
}

static void on_answer(void *arg, const struct httpc_response *response);

static int ask(struct aws_fetch *fetch, char **ret_why)
{
    struct aws_request *request = &fetch->request;
    aws_request_release(request);
    int err = fetch->source->request(&fetch->dialogue, request, ret_why);
    if (err)
        return err;
    const struct httpc_request http = {
        .method = request->method,
        .url = request->url,
        .headers = (const char *const *)request->headers,
        .body = request->body,
        .body_bytes = request->body ? strlen(request->body) : 0,
        .max_body_bytes = MAX_ANSWER_BYTES,
        .timeout_ms = request->timeout_ms,
        .allow_private = true, /* addresses of this machine, or configuration */
        .own_connection = true,
    };
    fetch->call = httpc_start(fetch->httpc, &http, on_answer, fetch);
    return 0;
}

static void on_answer(void *arg, const struct httpc_response *response)
{
    struct aws_fetch *fetch = arg;
    struct aws_keys keys = {0};
    AUTO(free) char *why = NULL;
    fetch->call = NULL;
    if (response->err) {
        finish(fetch, response->err, NULL, response->error_text);
        return;
    }
    const struct aws_answer answer = {response->status, response->body, response->body_bytes};
    int err = fetch->source->answer(&fetch->dialogue, &answer, &keys, &why);
    if (err == 0 && !keys.access_key) {
        err = ask(fetch, &why);
        if (err == 0)
            return;
    }
    finish(fetch, err, &keys, err ? why : "");
}

int aws_fetch_start(struct httpc *httpc, const struct aws_source *source, const char *sts_url,
                    aws_fetched *done, void *arg, struct aws_fetch **ret_fetch, char **ret_why)
{
    struct aws_fetch *fetch = xcalloc(1, sizeof(*fetch));
    fetch->httpc = httpc;
    fetch->source = source;
    fetch->dialogue.sts_url = sts_url;
    fetch->done = done;
    fetch->arg = arg;
    int err = ask(fetch, ret_why);
    if (err) {
        aws_fetch_cancel(fetch);
        return err;
    }
    *ret_fetch = fetch;
    return 0;
}
