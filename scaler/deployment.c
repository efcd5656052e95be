#include "deployment.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "deployment_internal.h"
#include "err.h"
#include "jsonx.h"
#include "kube.h"
#include "kube_watch.h"
#include "loop.h"
#include "mem.h"

#define POLL_MS 30000
#define BACKOFF_BASE_MS 500
#define BACKOFF_CAP_MS 30000
#define SHORT_WATCH_MS 1000 /* a watch that ends sooner is not resumed at once */

struct kube_request deployment_request(const struct deployment *deployment, const char *verb,
                                       const char *resource)
{
    return (struct kube_request){
        .verb = verb,
        .group = "apps/v1",
        .resource = resource,
        .name = deployment->name,
    };
}

void deployment_heard(struct deployment *deployment)
{
    deployment->heard_ms = loop_now_ms(deployment->loop);
    loop_timer_start(deployment->poll_timer, POLL_MS);
}

void deployment_note(struct deployment *deployment, const struct kube_answer *answer)
{
    free(deployment->last_error);
    deployment->last_error = answer->err ? xstrdup(answer->error_text) : NULL;
}

/* After a call that worked: what is wrong then is only that there is no such Deployment. */
static void note_view(struct deployment *deployment)
{
    free(deployment->last_error);
    deployment->last_error = NULL;
    if (!deployment->view.is_seen)
        deployment->last_error = xasprintf("there is no Deployment %s in the namespace %s; create "
                                           "it, or correct the name or the namespace",
                                           deployment->name, kube_namespace(deployment->kube));
}

static void tell(struct deployment *deployment, bool has_changed)
{
    if (has_changed)
        deployment->changed(deployment->arg);
}

/* List and watch */

static void look(void *arg);

static void look_later(struct deployment *deployment, int64_t at_least_ms)
{
    int64_t delay_ms =
        BACKOFF_BASE_MS + clock_backoff_ms(deployment->failures, BACKOFF_BASE_MS, BACKOFF_CAP_MS);
    deployment->failures++;
    loop_timer_start(deployment->look_timer, delay_ms > at_least_ms ? delay_ms : at_least_ms);
}

static void resume_from(struct deployment *deployment, const char *version)
{
    free(deployment->watch_version);
    deployment->watch_version = version && *version ? xstrdup(version) : NULL;
}

static void on_event(void *arg, const char *type, const json_t *object)
{
    struct deployment *deployment = arg;
    const char *version = jsonx_str(jsonx_object(object, "metadata"), "resourceVersion");
    bool has_changed = false;
    if (strcmp(type, "DELETED") == 0)
        has_changed = deployment_view_forget(&deployment->view);
    else if (strcmp(type, "ADDED") == 0 || strcmp(type, "MODIFIED") == 0)
        has_changed = deployment_view_apply(&deployment->view, object, false);
    if (*version)
        resume_from(deployment, version);
    deployment->failures = 0;
    note_view(deployment);
    deployment_heard(deployment);
    tell(deployment, has_changed);
}

/* In its time or by a cut it is resumed from where it was; anything else is told by listing. */
static void on_watch_ended(void *arg, const struct kube_answer *answer)
{
    struct deployment *deployment = arg;
    deployment->watch = NULL;
    if (answer->err)
        deployment_note(deployment, answer);
    int64_t lasted_ms = loop_now_ms(deployment->loop) - deployment->watch_start_ms;
    bool is_refused = answer->status != 0 && answer->err != 0;
    bool is_expired = answer->status == 410;
    if (is_refused)
        resume_from(deployment, NULL);
    if (lasted_ms >= POLL_MS)
        deployment->failures = 0;
    if ((answer->err == 0 || is_expired) && lasted_ms >= SHORT_WATCH_MS)
        loop_timer_start(deployment->look_timer, 0);
    else
        look_later(deployment, answer->retry_after_ms);
}

static void on_listed(void *arg, const struct kube_answer *answer)
{
    struct deployment *deployment = arg;
    deployment->list = NULL;
    if (answer->err) {
        deployment_note(deployment, answer);
        look_later(deployment, answer->retry_after_ms);
        return;
    }
    const json_t *item = json_array_get(jsonx_array(answer->json, "items"), 0);
    /* Items of a list have no kind of their own. */
    bool has_changed = item ? deployment_view_apply(&deployment->view, item, true)
                            : deployment_view_forget(&deployment->view);
    note_view(deployment);
    resume_from(deployment, jsonx_str(jsonx_object(answer->json, "metadata"), "resourceVersion"));
    deployment_heard(deployment);
    loop_timer_start(deployment->look_timer, 0);
    tell(deployment, has_changed);
}

static void look(void *arg)
{
    static const struct kube_watch_handlers handlers = {on_event, on_watch_ended};
    struct deployment *deployment = arg;
    deployment->watch_start_ms = loop_now_ms(deployment->loop);
    if (!deployment->watch_version) {
        const struct kube_request request = deployment_request(deployment, "list", "deployments");
        deployment->list = kube_start(deployment->kube, &request, on_listed, deployment);
        return;
    }
    const struct kube_request request = deployment_request(deployment, "watch", "deployments");
    deployment->watch = kube_watch_start(deployment->loop, deployment->kube, &request,
                                         deployment->watch_version, &handlers, deployment);
}

/* Poll: of a quiet watch nobody knows whether it is still one. */

static void on_polled(void *arg, const struct kube_answer *answer)
{
    struct deployment *deployment = arg;
    deployment->poll = NULL;
    deployment_note(deployment, answer);
    bool has_changed = false;
    if (answer->err == 0)
        has_changed = deployment_view_apply(&deployment->view, answer->json, false);
    else if (answer->status == 404)
        has_changed = deployment_view_forget(&deployment->view);
    if (answer->err == 0)
        deployment_heard(deployment);
    else
        loop_timer_start(deployment->poll_timer, POLL_MS);
    tell(deployment, has_changed);
}

static void on_poll(void *arg)
{
    struct deployment *deployment = arg;
    const struct kube_request request = deployment_request(deployment, "get", "deployments");
    if (!deployment->poll)
        deployment->poll = kube_start(deployment->kube, &request, on_polled, deployment);
}

/* What is known */

const char *deployment_name(const struct deployment *deployment)
{
    return deployment->name;
}

bool deployment_is_known(const struct deployment *deployment, int64_t stale_ms)
{
    return deployment->view.is_seen &&
           loop_now_ms(deployment->loop) - deployment->heard_ms <= stale_ms;
}

int deployment_replicas(const struct deployment *deployment)
{
    return deployment->view.replicas;
}

int deployment_available(const struct deployment *deployment)
{
    return deployment->view.available;
}

const char *deployment_last_error(const struct deployment *deployment)
{
    return deployment->last_error ? deployment->last_error : "";
}

struct deployment *deployment_new(struct loop *loop, struct kube *kube, const char *name,
                                  void (*changed)(void *arg), void *arg)
{
    struct deployment *deployment = xcalloc(1, sizeof(*deployment));
    deployment->loop = loop;
    deployment->kube = kube;
    deployment->name = xstrdup(name);
    deployment->changed = changed;
    deployment->arg = arg;
    deployment->look_timer = loop_timer_new(loop, look, deployment);
    deployment->poll_timer = loop_timer_new(loop, on_poll, deployment);
    loop_timer_start(deployment->look_timer, 0);
    loop_timer_start(deployment->poll_timer, POLL_MS);
    return deployment;
}

void deployment_free(struct deployment *deployment)
{
    if (!deployment)
        return;
    deployment_cancel_scalings(deployment);
    kube_cancel(deployment->list);
    kube_cancel(deployment->poll);
    kube_watch_stop(deployment->watch);
    loop_timer_free(deployment->look_timer);
    loop_timer_free(deployment->poll_timer);
    deployment_view_release(&deployment->view);
    free(deployment->watch_version);
    free(deployment->last_error);
    free(deployment->name);
    free(deployment);
}
