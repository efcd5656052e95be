#include "registries.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "err.h"
#include "mem.h"
#include "url.h"

#define MAX_REGISTRIES 256

struct registries {
    struct registry_host *hosts;
    size_t count;
};

/* The public registries that `default` stands for. */
static const char *const public_hosts[] = {
    "docker.io",         "ghcr.io", "quay.io",         "public.ecr.aws",
    "mcr.microsoft.com", "gcr.io",  "registry.k8s.io", "registry.gitlab.com"};

static struct registry_host *find(struct registries *registries, const char *host)
{
    for (size_t i = 0; i < registries->count; i++)
        if (strcmp(registries->hosts[i].host, host) == 0)
            return &registries->hosts[i];
    return NULL;
}

/* The last word on a host counts: "default,docker.io=http://..." moves Docker Hub. */
static void add(struct registries *registries, const char *host, const char *url)
{
    struct registry_host *entry = find(registries, host);
    if (!entry) {
        registries->hosts =
            xrealloc(registries->hosts, (registries->count + 1) * sizeof(*registries->hosts));
        entry = &registries->hosts[registries->count++];
        *entry = (struct registry_host){.host = xstrdup(host), .list = registries};
    }
    if (!url && entry->base_url)
        return;
    free(entry->base_url);
    entry->configured = url != NULL;
    if (url)
        entry->base_url = xstrndup(url, strlen(url) - (url[strlen(url) - 1] == '/'));
    else
        entry->base_url =
            xasprintf("https://%s", strcmp(host, "docker.io") == 0 ? "registry-1.docker.io" : host);
}

static bool host_is_valid(const char *host)
{
    return *host && strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-:[]") == strlen(host);
}

static bool url_is_valid(const char *text)
{
    AUTO(url) struct url url = {0};
    if (url_parse(text, &url) != 0)
        return false;
    bool is_http = strcmp(url.scheme, "http") == 0 || strcmp(url.scheme, "https") == 0;
    /* Paths are put behind it. */
    return is_http && *url.host && !strpbrk(text, "?#") && !*url.user;
}

/* One of the list; a sentence that says what is wrong with it, NULL if nothing is. */
static const char *add_item(struct registries *registries, char *item)
{
    char *equals = strchr(item, '=');
    if (strcmp(item, "default") == 0) {
        for (size_t i = 0; i < ARRAY_LEN(public_hosts); i++)
            add(registries, public_hosts[i], NULL);
        return NULL;
    }
    if (equals)
        *equals = '\0';
    if (!host_is_valid(item))
        return "is no host name";
    if (!equals && strcmp(item, "localhost") != 0 && !strpbrk(item, ".:"))
        return "is no registry's host: names in references know one by a '.' or ':'";
    if (equals && !url_is_valid(equals + 1))
        return "has no http:// or https:// URL behind '='";
    if (registries->count >= MAX_REGISTRIES)
        return "is one too many";
    add(registries, item, equals ? equals + 1 : NULL);
    return NULL;
}

int registries_parse(const char *text, struct registries **ret_registries, char **ret_why)
{
    struct registries *registries = xcalloc(1, sizeof(*registries));
    AUTO(free) char *list = xstrdup(text);
    const char *why = NULL;
    char *save = NULL;
    char *item = strtok_r(list, ", ", &save);
    for (; item; item = strtok_r(NULL, ", ", &save))
        if ((why = add_item(registries, item)))
            break;
    if (!why && registries->count == 0) {
        item = list;
        why = "allows no registry at all";
    }
    if (!why) {
        *ret_registries = registries;
        return 0;
    }
    *ret_why = xasprintf("\"%s\" %s", item, why);
    registries_free(registries);
    return ERR_INVALID;
}

void registries_free(struct registries *registries)
{
    if (!registries)
        return;
    for (size_t i = 0; i < registries->count; i++) {
        free(registries->hosts[i].host);
        free(registries->hosts[i].base_url);
    }
    free(registries->hosts);
    free(registries);
}

const struct registry_host *registries_find(const struct registries *registries, const char *host)
{
    return find((struct registries *)registries, host);
}

bool registry_host_allows_private(const struct registry_host *host, const char *text)
{
    AUTO(url) struct url url = {0};
    if (!host->configured || url_parse(text, &url) != 0)
        return false;
    bool is_named = false;
    for (size_t i = 0; i < host->list->count && !is_named; i++) {
        AUTO(url) struct url named = {0};
        is_named = host->list->hosts[i].configured &&
                   url_parse(host->list->hosts[i].base_url, &named) == 0 &&
                   strcasecmp(url.host, named.host) == 0;
    }
    return is_named;
}

bool registry_host_is_http(const struct registry_host *host)
{
    return host->configured && strncasecmp(host->base_url, "http://", 7) == 0;
}
