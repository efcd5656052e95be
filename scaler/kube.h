/* The Kubernetes API, as little as the scaler needs, through httpc: in the cluster with the mounted
 * service account (re-read as it rotates), outside with a kubeconfig. */
#ifndef MB_KUBE_H
#define MB_KUBE_H

#include <stdbool.h>
#include <stdint.h>

#include "httpc.h"

struct kube;
struct loop;

/* kubeconfig: a path, or NULL: $KUBECONFIG's file is the caller's to look up; NULL means in the
 * cluster. ns: NULL for the account's or the context's own. NULL with ret_why (caller frees) if
 * there is no usable access. */
struct kube *kube_new(struct loop *loop, struct httpc *httpc, const char *kubeconfig,
                      const char *ns, char **ret_why);
void kube_free(struct kube *kube);
const char *kube_namespace(const struct kube *kube);

#endif
