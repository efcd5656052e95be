/* How an API server is reached and who we are there: of a pod's service account, or of a kubeconfig
 * (kubeconfig.h). Certificates and tokens that are in files may change under us. */
#ifndef MB_KUBE_ACCESS_H
#define MB_KUBE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#define KUBE_ACCOUNT_DIRECTORY "/var/run/secrets/kubernetes.io/serviceaccount"

struct kube_secret {
    char *path; /* NULL: text is all there is */
    char *text; /* NULL: none */
};

struct kube_access {
    char *server; /* URL without a '/' at its end; its host is what certificates are checked for */
    char *connect_to; /* "host:port" where that is another one; NULL */
    bool is_unverified;
    char *ns; /* NULL: none is said */
    struct kube_secret ca, cert, key, token;
};

/* In the cluster: KUBERNETES_SERVICE_HOST and _PORT, and token, ca.crt and namespace of the
 * directory. 0, or ERR_INVALID with ret_why (caller frees). Caller releases. */
int kube_access_of_account(const char *directory, struct kube_access *ret_access, char **ret_why);
void kube_access_release(struct kube_access *access);

/* Where no file need be read yet: sets server and connect_to from a URL, and the name that its
 * certificate has (NULL: the host's). 0 or ERR_INVALID. */
int kube_access_set_server(struct kube_access *access, const char *url, const char *server_name);

/* Reads what is in files, by path, as Kubernetes swaps whole directories; what cannot be read or
 * used stays as it was. 0, or ERR_INVALID with ret_why of the first one (caller frees; never a
 * secret). ret_changed: some text is another one now. */
int kube_access_read(struct kube_access *access, bool *ret_changed, char **ret_why);

/* A whole file of at most max_bytes as text; NULL with ret_why. Caller frees. */
char *kube_read_file(const char *path, size_t max_bytes, char **ret_why);

static inline void kube_access_cleanup(struct kube_access *access)
{
    kube_access_release(access);
}

#endif
