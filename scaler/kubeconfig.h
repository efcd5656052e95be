/* Kubeconfig files, as kubectl reads them: access of the current context. */
#ifndef MB_KUBECONFIG_H
#define MB_KUBECONFIG_H

struct kube_access;

/* paths: one file, or several separated by ':', of which the first that says something counts and
 * missing ones are passed over. Relative paths inside are of the file's own directory. What runs a
 * program or needs a proxy (exec, auth-provider, proxy-url), passwords and impersonation are
 * refused. 0, or ERR_INVALID with ret_why (caller frees; never a secret). Caller releases. */
int kubeconfig_read(const char *paths, struct kube_access *ret_access, char **ret_why);

#endif
