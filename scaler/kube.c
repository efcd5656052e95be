#include "kube.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "jsonx.h"
#include "kube_access.h"
#include "kube_status.h"
#include "kubeconfig.h"
#include "loop.h"
#include "mem.h"
#include "url.h"

#define REREAD_MS 60000
#define TIMEOUT_MS 10000
#define MAX_ANSWER_BYTES ((size_t)4 << 20) /* etcd takes objects of 1.5 MiB */

struct kube {
    struct loop *loop;
    struct httpc *httpc;
    struct kube_access access;
    unsigned generation; /* of access: how often it changed */
    struct loop_timer *reread_timer;
    char *ns;
};

struct kube_call {
    struct kube *kube;
    struct kube_request request; /* with texts of our own; body is not used */
    char *url;
    char *body; /* NULL: none */
    unsigned generation;
    bool has_asked_again;
    struct httpc_call *http;
    kube_done *done;
    void *arg;
};

/* Access */

/* A failure leaves what was: the old token is good for minutes yet, and its end is a 401. */
static void reread(struct kube *kube)
{
    bool changed = false;
    char *why = NULL;
    (void)kube_access_read(&kube->access, &changed, &why);
    free(why);
    kube->generation += changed;
    loop_timer_start(kube->reread_timer, REREAD_MS);
}

static void on_reread(void *arg)
{
    reread(arg);
}

static bool is_set(const char *text)
{
    return text && *text;
}

struct kube *kube_new(struct loop *loop, struct httpc *httpc, const struct kube_options *options,
                      char **ret_why)
{
    struct kube_access access;
    int err;
    if (is_set(options->kubeconfig)) {
        err = kubeconfig_read(options->kubeconfig, &access, ret_why);
    } else {
        const char *directory = options->account_directory;
        err = kube_access_of_account(directory ? directory : KUBE_ACCOUNT_DIRECTORY, &access,
                                     ret_why);
    }
    if (err)
        return NULL;
    if (!is_set(options->ns) && !is_set(access.ns)) {
        *ret_why = xstrdup("no namespace is known: the account names none, so name one");
        kube_access_release(&access);
        return NULL;
    }
    struct kube *kube = xcalloc(1, sizeof(*kube));
    kube->loop = loop;
    kube->httpc = httpc;
    kube->access = access;
    kube->ns = xstrdup(is_set(options->ns) ? options->ns : access.ns);
    kube->reread_timer = loop_timer_new(loop, on_reread, kube);
    loop_timer_start(kube->reread_timer, REREAD_MS);
    return kube;
}

void kube_free(struct kube *kube)
{
    if (!kube)
        return;
    loop_timer_free(kube->reread_timer);
    kube_access_release(&kube->access);
    free(kube->ns);
    free(kube);
}

const char *kube_namespace(const struct kube *kube)
{
    return kube->ns;
}

/* Requests */

static bool is_of_collection(const struct kube_request *request)
{
    return strcmp(request->verb, "list") == 0 || strcmp(request->verb, "watch") == 0;
}

/* The Role allows collections only where the one name is selected. */
static char *url_of(const struct kube *kube, const struct kube_request *request)
{
    AUTO(free) char *ns = url_encode(kube->ns);
    AUTO(free) char *name = url_encode(request->name);
    AUTO(free)
    char *selector =
        is_of_collection(request) ? xasprintf("fieldSelector=metadata.name%%3D%s", name) : NULL;
    const char *subresource = strchr(request->resource, '/');
    int resource_len = (int)strcspn(request->resource, "/");
    bool is_named = !selector && strcmp(request->verb, "create") != 0;
    bool has_query = selector || request->query;
    return xasprintf("%s/apis/%s/namespaces/%s/%.*s%s%s%s%s%s%s%s", kube->access.server,
                     request->group, ns, resource_len, request->resource, is_named ? "/" : "",
                     is_named ? name : "", subresource ? subresource : "", has_query ? "?" : "",
                     selector ? selector : "", selector && request->query ? "&" : "",
                     request->query ? request->query : "");
}

static const char *method_of(const char *verb)
{
    return strcmp(verb, "create") == 0   ? "POST"
           : strcmp(verb, "update") == 0 ? "PUT"
           : strcmp(verb, "patch") == 0  ? "PATCH"
                                         : "GET";
}

static void on_data(void *arg, const char *data, size_t len)
{
    const struct kube_call *call = arg;
    call->request.data(call->arg, data, len);
}

static void on_response(void *arg, const struct httpc_response *response);

static void send(struct kube_call *call)
{
    struct kube *kube = call->kube;
    const struct kube_access *access = &kube->access;
    AUTO(free)
    char *bearer =
        access->token.text ? xasprintf("Authorization: Bearer %s", access->token.text) : NULL;
    const char *type = strcmp(call->request.verb, "patch") == 0
                           ? "Content-Type: application/merge-patch+json"
                           : "Content-Type: application/json";
    const char *headers[] = {"Accept: application/json", type, bearer, NULL};
    const struct httpc_tls tls = {
        .ca_pem = access->ca.text,
        .cert_pem = access->cert.text,
        .key_pem = access->key.text,
        .connect_to = access->connect_to,
        .is_unverified = access->is_unverified,
    };
    const struct httpc_request request = {
        .method = method_of(call->request.verb),
        .url = call->url,
        .headers = headers,
        .body = call->body,
        .body_bytes = call->body ? strlen(call->body) : 0,
        .max_body_bytes = MAX_ANSWER_BYTES,
        .timeout_ms = call->request.timeout_ms ? call->request.timeout_ms : TIMEOUT_MS,
        .allow_private = true,
        /* A watch is quiet for long. And a connection on which a call timed out is closed, where
         * HTTP/2 would send the next ones into it, too. */
        .own_connection = true,
        .data = call->request.data ? on_data : NULL,
        .tls = &tls,
    };
    call->generation = kube->generation;
    call->http = httpc_start(kube->httpc, &request, on_response, call);
    if (bearer)
        explicit_bzero(bearer, strlen(bearer));
}

static void call_free(struct kube_call *call)
{
    free((char *)call->request.verb);
    free((char *)call->request.resource);
    free((char *)call->request.name);
    free(call->url);
    free(call->body);
    free(call);
}

/* Answers */

static bool is_json(const struct httpc_response *response)
{
    const char *type = httpc_header(response, "Content-Type");
    return type && strncasecmp(type, "application/json", 16) == 0;
}

static void finish(struct kube_call *call, const struct httpc_response *response)
{
    JSON_AUTO
    json_t *json = NULL;
    struct kube_answer answer = {
        .status = response->status,
        .err = response->err ? response->err : kube_status_err(response->status),
        .error_text = "",
    };
    /* A busy server answers in plain text. */
    if (response->err == 0 && is_json(response))
        (void)jsonx_parse(response->body, response->body_bytes, &json);
    bool is_streamed = call->request.data && answer.status == 200;
    if (answer.err == 0 && !is_streamed && !json_is_object(json))
        answer.err = ERR_PROTO;
    AUTO(free) char *error_text = NULL;
    if (answer.err) {
        const char *message = jsonx_str(json, "message");
        if (!*message)
            message = response->err             ? response->error_text
                      : answer.err == ERR_PROTO ? "the answer is no JSON object"
                                                : "";
        error_text = kube_status_text(&call->request, answer.status, message);
        answer.error_text = error_text;
        if (response->err == 0)
            answer.retry_after_ms = kube_retry_after_ms(httpc_header(response, "Retry-After"));
    } else {
        answer.json = is_streamed ? NULL : json;
    }
    call->done(call->arg, &answer);
    call_free(call);
}

static void on_response(void *arg, const struct httpc_response *response)
{
    struct kube_call *call = arg;
    call->http = NULL;
    if (response->status == 401)
        reread(call->kube);
    if (response->status == 401 && !call->has_asked_again &&
        call->generation != call->kube->generation) {
        call->has_asked_again = true;
        send(call);
        return;
    }
    finish(call, response);
}

struct kube_call *kube_start(struct kube *kube, const struct kube_request *request, kube_done *done,
                             void *arg)
{
    struct kube_call *call = xcalloc(1, sizeof(*call));
    call->kube = kube;
    call->url = url_of(kube, request);
    call->body = request->body ? jsonx_dump(request->body) : NULL;
    call->request = *request;
    call->request.body = NULL;
    call->request.verb = xstrdup(request->verb);
    call->request.resource = xstrdup(request->resource);
    call->request.name = xstrdup(request->name);
    call->done = done;
    call->arg = arg;
    send(call);
    return call;
}

void kube_cancel(struct kube_call *call)
{
    if (!call)
        return;
    httpc_cancel(call->http);
    call_free(call);
}
