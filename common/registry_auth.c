#include "registry_auth.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base64.h"
#include "err.h"
#include "mem.h"
#include "registries.h"
#include "url.h"

#define FILE_MAX_BYTES (1 << 20)

/* Token servers on another host than their registry's. */
static const struct {
    const char *registry;
    const char *host;
} known_realms[] = {{"docker.io", "auth.docker.io"}, {"registry.gitlab.com", "gitlab.com"}};

/* By which a file is known to be another one: its secrets are replaced by renaming, or written
 * anew. */
struct file_mark {
    dev_t device;
    ino_t inode;
    off_t size_bytes;
    struct timespec modified;
};

struct registry_auth {
    char *path; /* NULL: none */
    struct file_mark mark;
    struct docker_config *config; /* NULL: none yet */
    registry_auth_reread *reread;
    void *arg;
};

static struct file_mark mark_of(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return (struct file_mark){0};
    return (struct file_mark){status.st_dev, status.st_ino, status.st_size, status.st_mtim};
}

static bool is_same(const struct file_mark *a, const struct file_mark *b)
{
    return a->device == b->device && a->inode == b->inode && a->size_bytes == b->size_bytes &&
           a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec;
}

static int read_file(const char *path, struct docker_config **ret_config, char **ret_why)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        *ret_why = xasprintf("cannot be read: %s", strerror(errno));
        return ERR_INVALID;
    }
    AUTO(free) char *text = xmalloc(FILE_MAX_BYTES + 1);
    size_t len = fread(text, 1, FILE_MAX_BYTES + 1, file);
    bool is_broken = ferror(file); /* a directory */
    (void)fclose(file);
    if (is_broken || len > FILE_MAX_BYTES) {
        *ret_why = xstrdup(is_broken ? "cannot be read" : "is larger than 1 MiB");
        return ERR_INVALID;
    }
    int err = docker_config_parse(text, len, ret_config, ret_why);
    explicit_bzero(text, len);
    return err;
}

int registry_auth_check(const char *path, char **ret_why)
{
    struct docker_config *config = NULL;
    if (strcmp(path, REGISTRY_AUTH_NONE) == 0)
        return 0;
    int err = read_file(path, &config, ret_why);
    docker_config_free(config);
    return err;
}

/* What the file says now; what it said before while it cannot be used. */
static const struct docker_config *current(struct registry_auth *auth)
{
    if (!auth || !auth->path)
        return NULL;
    struct file_mark mark = mark_of(auth->path);
    if (auth->config && is_same(&mark, &auth->mark))
        return auth->config;
    struct docker_config *config = NULL;
    AUTO(free) char *why = NULL;
    bool is_first = !auth->config;
    auth->mark = mark; /* also of a bad one: it is complained of once */
    if (read_file(auth->path, &config, &why) == 0) {
        docker_config_free(auth->config);
        auth->config = config;
    }
    if (!is_first || why)
        auth->reread(auth->arg, why);
    return auth->config;
}

struct registry_auth *registry_auth_new(const char *path, registry_auth_reread *reread, void *arg)
{
    struct registry_auth *auth = xcalloc(1, sizeof(*auth));
    auth->path = strcmp(path, REGISTRY_AUTH_NONE) == 0 ? NULL : xstrdup(path);
    auth->reread = reread;
    auth->arg = arg;
    (void)current(auth);
    return auth;
}

void registry_auth_free(struct registry_auth *auth)
{
    if (!auth)
        return;
    docker_config_free(auth->config);
    free(auth->path);
    free(auth);
}

static const struct docker_credential *find(struct registry_auth *auth,
                                            const struct registry_host *host, const char *path)
{
    const struct docker_config *config = current(auth);
    return config ? docker_config_find(config, host->host, path) : NULL;
}

char *registry_auth_header(const char *user, const char *password)
{
    AUTO(free) char *pair = xasprintf("%s:%s", user, password);
    AUTO(free) char *encoded = base64_encode(pair, strlen(pair));
    return xasprintf("Authorization: Basic %s", encoded);
}

char *registry_auth_basic(struct registry_auth *auth, const struct registry_host *host,
                          const char *path)
{
    const struct docker_credential *credential = find(auth, host, path);
    return credential && *credential->password
               ? registry_auth_header(credential->user, credential->password)
               : NULL;
}

/* On the registry's own host, at whatever port, or the one that is known to be its own. */
static bool is_own_realm(const struct registry_host *host, const char *realm)
{
    AUTO(url) struct url url = {0};
    AUTO(url) struct url own = {0};
    if (url_parse(realm, &url) != 0 || url_parse(host->base_url, &own) != 0)
        return false;
    if (strcmp(url.scheme, "https") != 0 && strcmp(url.scheme, own.scheme) != 0)
        return false;
    if (strcasecmp(url.host, own.host) == 0)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(known_realms); i++)
        if (strcmp(known_realms[i].registry, host->host) == 0 &&
            strcasecmp(known_realms[i].host, url.host) == 0)
            return strcmp(url.scheme, "https") == 0;
    return false;
}

const struct docker_credential *registry_auth_for_realm(struct registry_auth *auth,
                                                        const struct registry_host *host,
                                                        const char *path, const char *realm)
{
    return is_own_realm(host, realm) ? find(auth, host, path) : NULL;
}
