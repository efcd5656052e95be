#include "kube_access.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "mem.h"
#include "url.h"

#define MAX_FILE_BYTES ((size_t)1 << 20)
#define MAX_NAMESPACE_BYTES 64

char *kube_read_file(const char *path, size_t max_bytes, char **ret_why)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        *ret_why = xasprintf("%s: cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    char *text = xmalloc(max_bytes + 2);
    size_t len = fread(text, 1, max_bytes + 1, file);
    bool is_broken = ferror(file); /* a directory */
    (void)fclose(file);
    text[len] = '\0';
    if (!is_broken && len <= max_bytes && strlen(text) == len)
        return text;
    *ret_why = xasprintf("%s: %s", path, len > max_bytes ? "is too large" : "cannot be read");
    explicit_bzero(text, len);
    free(text);
    return NULL;
}

/* Texts */

static void text_free(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

static void secret_release(struct kube_secret *secret)
{
    free(secret->path);
    text_free(secret->text);
}

static void trim_end(char *text)
{
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        text[--len] = '\0';
}

/* It becomes part of a header. */
static bool is_token(const char *text)
{
    for (const char *c = text; *c; c++)
        if (!isgraph((unsigned char)*c))
            return false;
    return *text;
}

static int secret_read(struct kube_secret *secret, bool is_of_header, bool *ret_changed,
                       char **ret_why)
{
    if (!secret->path && secret->text && is_of_header && !is_token(secret->text)) {
        *ret_why = xstrdup("the token is none: it has blanks or other characters in it");
        return ERR_INVALID;
    }
    if (!secret->path)
        return 0;
    char *text = kube_read_file(secret->path, MAX_FILE_BYTES, ret_why);
    if (!text)
        return ERR_INVALID;
    trim_end(text);
    if (is_of_header ? !is_token(text) : !*text) {
        *ret_why = xasprintf("%s: %s", secret->path, *text ? "is no token" : "is empty");
        text_free(text);
        return ERR_INVALID;
    }
    *ret_changed |= !secret->text || strcmp(secret->text, text) != 0;
    text_free(secret->text);
    secret->text = text;
    return 0;
}

int kube_access_read(struct kube_access *access, bool *ret_changed, char **ret_why)
{
    struct kube_secret *const secrets[] = {&access->ca, &access->cert, &access->key,
                                           &access->token};
    int result = 0;
    bool changed = false;
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
        char *why = NULL;
        int err = secret_read(secrets[i], secrets[i] == &access->token, &changed, &why);
        if (err && result == 0) {
            result = err;
            *ret_why = TAKE(why);
        }
        free(why);
    }
    *ret_changed = changed;
    return result;
}

void kube_access_release(struct kube_access *access)
{
    free(access->server);
    free(access->connect_to);
    free(access->ns);
    secret_release(&access->ca);
    secret_release(&access->cert);
    secret_release(&access->key);
    secret_release(&access->token);
    *access = (struct kube_access){0};
}

/* The server */

/* As a URL and libcurl want it: IPv6 in brackets. */
static char *host_and_port(const char *host, int port)
{
    return strchr(host, ':') ? xasprintf("[%s]:%d", host, port) : xasprintf("%s:%d", host, port);
}

int kube_access_set_server(struct kube_access *access, const char *url, const char *server_name)
{
    AUTO(url) struct url parts = {0};
    if (url_parse(url, &parts) != 0 || !*parts.host || *parts.user || *parts.query)
        return ERR_INVALID;
    bool is_tls = strcmp(parts.scheme, "https") == 0;
    if (!is_tls && strcmp(parts.scheme, "http") != 0)
        return ERR_INVALID;
    int port = parts.port ? parts.port : is_tls ? 443 : 80;
    AUTO(free) char *place = host_and_port(parts.host, port);
    AUTO(free) char *named = host_and_port(server_name ? server_name : parts.host, port);
    size_t path_len = strlen(parts.path);
    while (path_len > 0 && parts.path[path_len - 1] == '/')
        path_len--;
    access->server = xasprintf("%s://%s%.*s", parts.scheme, named, (int)path_len, parts.path);
    access->connect_to = server_name ? TAKE(place) : NULL;
    return 0;
}

/* The account of a pod */

static char *read_namespace(const char *directory)
{
    AUTO(free) char *path = xasprintf("%s/namespace", directory);
    AUTO(free) char *why = NULL;
    char *ns = kube_read_file(path, MAX_NAMESPACE_BYTES, &why);
    if (ns)
        trim_end(ns);
    return ns;
}

int kube_access_of_account(const char *directory, struct kube_access *ret_access, char **ret_why)
{
    const char *host = getenv("KUBERNETES_SERVICE_HOST");
    const char *port = getenv("KUBERNETES_SERVICE_PORT");
    if (!host || !*host || !port || !*port) {
        *ret_why = xstrdup("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this "
                           "is no pod of a cluster; name a kubeconfig");
        return ERR_INVALID;
    }
    AUTO(kube_access) struct kube_access access = {0};
    bool is_ipv6 = strchr(host, ':');
    AUTO(free)
    char *url = xasprintf("https://%s%s%s:%s", is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "", port);
    if (kube_access_set_server(&access, url, NULL) != 0) {
        *ret_why = xasprintf("KUBERNETES_SERVICE_HOST and _PORT make no address: %s", url);
        return ERR_INVALID;
    }
    access.ca.path = xasprintf("%s/ca.crt", directory);
    access.token.path = xasprintf("%s/token", directory);
    access.ns = read_namespace(directory);
    bool changed;
    int err = kube_access_read(&access, &changed, ret_why);
    if (err)
        return err;
    *ret_access = access;
    access = (struct kube_access){0};
    return 0;
}
