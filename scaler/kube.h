/* The Kubernetes API, as little as the scaler needs, through httpc. Access is that of
 * kube_access.h; a token is read anew every minute, and at once when it is refused. */
#ifndef MB_KUBE_H
#define MB_KUBE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "httpc.h"

struct kube;
struct kube_call;
struct loop;

struct kube_options {
    const char *kubeconfig; /* files, separated by ':', as $KUBECONFIG has them; NULL or "": in the
                               cluster, with the pod's service account */
    const char *ns;         /* NULL or "": the account's, or the context's own */
    const char *account_directory; /* NULL: where Kubernetes mounts it (kube_access.h) */
};

/* NULL with ret_why (caller frees) if there is no usable access. Asks nothing of the server. */
struct kube *kube_new(struct loop *loop, struct httpc *httpc, const struct kube_options *options,
                      char **ret_why);
/* Its calls must have ended or been cancelled. */
void kube_free(struct kube *kube);
const char *kube_namespace(const struct kube *kube);

/* All is borrowed for the call of kube_start only. */
struct kube_request {
    const char *verb;  /* as RBAC names it: "get", "list", "watch", "create", "update", "patch" */
    const char *group; /* "apps/v1": API group and version */
    const char *resource; /* "deployments" or, of a subresource, "deployments/scale" */
    const char *name;
    const char *query;  /* without '?'; NULL: none */
    const json_t *body; /* NULL: none; a merge patch where the verb is "patch" */
    int timeout_ms;     /* 0 stands for 10 s */
    httpc_data *data;   /* with kube_start's arg, as httpc.h has it; for watches */
};

struct kube_answer {
    int err;                /* kube_status.h: by the HTTP status; of httpc where there is none */
    int status;             /* HTTP; 0: none came */
    const json_t *json;     /* an object where err is 0 and nothing was streamed; else NULL */
    int64_t retry_after_ms; /* what the server asks for, 0 if it does not */
    const char *error_text; /* for people: what failed, why, what to do; "" where err is 0 */
};

/* Called once, from the loop; the answer is borrowed. */
typedef void kube_done(void *arg, const struct kube_answer *answer);

/* Never NULL. A refused token is read anew, and the request sent once more if it changed. */
struct kube_call *kube_start(struct kube *kube, const struct kube_request *request, kube_done *done,
                             void *arg);
/* No callback comes after this. NULL is fine. */
void kube_cancel(struct kube_call *call);

#endif
