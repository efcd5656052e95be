/* The allow list of registries (MB_REGISTRIES) and how each is reached. */
#ifndef MB_REGISTRIES_H
#define MB_REGISTRIES_H

#include <stdbool.h>
#include <stddef.h>

struct registries;

struct registry_host {
    char *host;                    /* as in names: "docker.io", "samples.local" */
    char *base_url;                /* "https://registry-1.docker.io", without a trailing slash */
    bool configured;               /* a URL names it */
    const struct registries *list; /* that it is in */
};

/* "default,samples.local=http://127.0.0.1:5000". 0, or ERR_INVALID with ret_why (caller frees). */
int registries_parse(const char *text, struct registries **ret_registries, char **ret_why);
void registries_free(struct registries *registries);
/* NULL where the host is not allowed. Borrowed. */
const struct registry_host *registries_find(const struct registries *registries, const char *host);

/* True where what this registry names may be at a private address: only for a registry that a URL
 * of the list names, and only on hosts that URLs of the list name. */
bool registry_host_allows_private(const struct registry_host *host, const char *url);
/* True where the configuration says that this registry is reached by http. */
bool registry_host_is_http(const struct registry_host *host);

#endif
