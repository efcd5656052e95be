#include <stdlib.h>
#include <string.h>

#include "deployment.h"
#include "deployment_internal.h"
#include "err.h"
#include "jsonx.h"
#include "kube.h"
#include "loop.h"
#include "mem.h"

/* A Deployment's version changes with every pod that comes or goes, too; that is no conflict. */
#define MAX_TRIES 5

struct scaling {
    struct deployment *deployment;
    struct scaling *next, *prev;
    struct kube_call *call;
    int replicas;
    bool is_dry_run;
    bool has_seen;
    int seen_replicas; /* where has_seen: what we decided by */
    int tries;
    deployment_scaled *done;
    void *arg;
};

static void scaling_free(struct scaling *scaling)
{
    struct deployment *deployment = scaling->deployment;
    if (scaling->prev)
        scaling->prev->next = scaling->next;
    else
        deployment->scalings = scaling->next;
    if (scaling->next)
        scaling->next->prev = scaling->prev;
    kube_cancel(scaling->call);
    free(scaling);
}

void deployment_cancel_scalings(struct deployment *deployment)
{
    while (deployment->scalings)
        scaling_free(deployment->scalings);
}

static int result_of(int err)
{
    bool is_told =
        err == ERR_CONFLICT || err == ERR_NOTFOUND || err == ERR_FORBIDDEN || err == ERR_INVALID;
    return err == 0 || is_told ? err : ERR_UNAVAILABLE;
}

static void finish(struct scaling *scaling, int err, int64_t retry_after_ms)
{
    scaling->done(scaling->arg, result_of(err), retry_after_ms);
    scaling_free(scaling);
}

static void patch(struct scaling *scaling, const char *version);

static void on_read(void *arg, const struct kube_answer *answer)
{
    struct scaling *scaling = arg;
    struct deployment *deployment = scaling->deployment;
    scaling->call = NULL;
    deployment_note(deployment, answer);
    if (answer->err) {
        finish(scaling, answer->err, answer->retry_after_ms);
        return;
    }
    bool has_changed = deployment_view_apply(&deployment->view, answer->json, false);
    deployment_heard(deployment);
    int replicas = (int)jsonx_int(jsonx_object(answer->json, "spec"), "replicas");
    bool is_as_seen = !scaling->has_seen || scaling->seen_replicas == replicas;
    if (replicas == scaling->replicas && scaling->tries > 0) {
        finish(scaling, 0, 0); /* somebody else did it */
    } else if (is_as_seen && scaling->tries < MAX_TRIES) {
        scaling->has_seen = true;
        scaling->seen_replicas = replicas;
        patch(scaling, jsonx_str(jsonx_object(answer->json, "metadata"), "resourceVersion"));
    } else {
        finish(scaling, is_as_seen ? ERR_UNAVAILABLE : ERR_CONFLICT, 0);
    }
    if (has_changed)
        deployment->changed(deployment->arg);
}

static void read_anew(struct scaling *scaling)
{
    const struct kube_request request =
        deployment_request(scaling->deployment, "get", "deployments/scale");
    scaling->call = kube_start(scaling->deployment->kube, &request, on_read, scaling);
}

static void on_patched(void *arg, const struct kube_answer *answer)
{
    struct scaling *scaling = arg;
    struct deployment *deployment = scaling->deployment;
    scaling->call = NULL;
    deployment_note(deployment, answer);
    if (answer->err == ERR_CONFLICT) {
        read_anew(scaling);
        return;
    }
    bool has_changed = false;
    if (answer->err == 0 && !scaling->is_dry_run) {
        has_changed = deployment_view_apply(&deployment->view, answer->json, false);
        deployment_heard(deployment);
    }
    finish(scaling, answer->err, answer->retry_after_ms);
    if (has_changed)
        deployment->changed(deployment->arg);
}

static void patch(struct scaling *scaling, const char *version)
{
    JSON_AUTO
    json_t *body = json_pack("{s:{s:s}, s:{s:i}}", "metadata", "resourceVersion", version, "spec",
                             "replicas", scaling->replicas);
    struct kube_request request =
        deployment_request(scaling->deployment, "patch", "deployments/scale");
    request.body = body;
    request.query = scaling->is_dry_run ? "dryRun=All" : NULL;
    scaling->tries++;
    scaling->call = kube_start(scaling->deployment->kube, &request, on_patched, scaling);
}

void deployment_scale(struct deployment *deployment, int replicas, bool is_dry_run,
                      deployment_scaled *done, void *arg)
{
    struct scaling *scaling = xcalloc(1, sizeof(*scaling));
    scaling->deployment = deployment;
    scaling->replicas = replicas;
    scaling->is_dry_run = is_dry_run;
    scaling->has_seen = deployment->view.is_seen;
    scaling->seen_replicas = deployment->view.replicas;
    scaling->done = done;
    scaling->arg = arg;
    scaling->next = deployment->scalings;
    if (scaling->next)
        scaling->next->prev = scaling;
    deployment->scalings = scaling;
    if (scaling->has_seen)
        patch(scaling, deployment->view.version);
    else
        read_anew(scaling);
}
