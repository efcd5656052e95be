#include "admin.h"

#include <stdlib.h>
#include <string.h>

#include "httpd.h"
#include "mem.h"
#include "metrics.h"
#include "strbuf.h"

#define METRICS_MAX_BYTES (1 << 20)

struct admin {
    struct httpd *httpd;
    bool (*ready)(void *arg, const char **ret_why);
    void *arg;
    bool is_draining;
};

/* Takes body. */
static void reply(struct httpd_request *request, int status, const char *type, char *body)
{
    struct httpd_response *response = httpd_response_new(status, body, strlen(body));
    httpd_response_header(response, "Content-Type", type);
    httpd_response_header(response, "Cache-Control", "no-store");
    if (status == 405)
        httpd_response_header(response, "Allow", "GET, HEAD");
    httpd_reply(request, response);
    httpd_response_unref(response);
}

static void reply_ready(struct admin *admin, struct httpd_request *request)
{
    const char *why = NULL;
    bool is_ready = !admin->is_draining && admin->ready(admin->arg, &why);
    if (admin->is_draining)
        why = "draining";
    reply(request, is_ready ? 200 : 503, "text/plain; charset=utf-8",
          xasprintf("%s\n", is_ready ? "ready" : why));
}

static void on_request(void *arg, struct httpd_request *request)
{
    struct admin *admin = arg;
    const char *method = httpd_method(request);
    AUTO(free)
    char *target = xstrndup(httpd_target(request), strcspn(httpd_target(request), "?"));
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        reply(request, 405, "text/plain; charset=utf-8", xstrdup("only GET and HEAD\n"));
    } else if (strcmp(target, "/healthz") == 0) {
        reply(request, 200, "text/plain; charset=utf-8", xstrdup("ok\n"));
    } else if (strcmp(target, "/readyz") == 0) {
        reply_ready(admin, request);
    } else if (strcmp(target, "/metrics") == 0) {
        struct strbuf text = STRBUF_INIT(METRICS_MAX_BYTES);
        metrics_render(&text);
        reply(request, 200, "text/plain; version=0.0.4; charset=utf-8", strbuf_detach(&text));
    } else {
        reply(request, 404, "text/plain; charset=utf-8",
              xstrdup("here are /healthz, /readyz and /metrics\n"));
    }
}

struct admin *admin_new(struct loop *loop, const char *listen,
                        bool (*ready)(void *arg, const char **ret_why), void *arg, char **ret_why)
{
    const struct httpd_options options = {
        .listen = listen, .max_connections = 64, .idle_timeout_seconds = 60};
    struct admin *admin = xcalloc(1, sizeof(*admin));
    admin->ready = ready;
    admin->arg = arg;
    admin->httpd = httpd_new(loop, &options, on_request, admin, ret_why);
    if (admin->httpd)
        return admin;
    free(admin);
    return NULL;
}

int admin_port(const struct admin *admin)
{
    return httpd_port(admin->httpd);
}

void admin_drain(struct admin *admin)
{
    admin->is_draining = true;
}

void admin_free(struct admin *admin)
{
    if (!admin)
        return;
    httpd_free(admin->httpd);
    free(admin);
}
