#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "mem.h"
#include "redis_internal.h"
#include "url.h"

#define DEFAULT_PORT 6379
#define MAX_DB 1000000

/* "/3" or "3": a database number; "" is 0. */
static bool db_parse(const char *text, int *ret_db)
{
    if (*text == '/')
        text++;
    if (!*text) {
        *ret_db = 0;
        return true;
    }
    char *end;
    long db = strtol(text, &end, 10);
    if (*end || *text < '0' || *text > '9' || db > MAX_DB)
        return false;
    *ret_db = (int)db;
    return true;
}

static const char *address_fill(struct url *url, struct redis_address *address)
{
    bool is_socket = strcmp(url->scheme, "unix") == 0;
    address->is_tls = strcmp(url->scheme, "rediss") == 0;
    if (address->is_tls && !redis_tls_is_supported())
        return "rediss:// is not supported by this version";
    if (!is_socket && !address->is_tls && strcmp(url->scheme, "redis") != 0)
        return "it does not start with redis://, rediss:// or unix:";
    AUTO(free) char *query_db = url_query_get(url, "db");
    const char *db = is_socket ? (query_db ? query_db : "") : url->path;
    if (!db_parse(db, &address->db))
        return "its database is not a number";
    if (is_socket && url->path[0] != '/')
        return "its socket has no absolute path";
    if (!is_socket && !url->host[0])
        return "it names no host";
    address->port = url->port ? url->port : DEFAULT_PORT;
    address->host = TAKE(url->host);
    address->user = TAKE(url->user);
    address->password = TAKE(url->password);
    if (is_socket)
        address->socket_path = TAKE(url->path);
    return NULL;
}

int redis_address_parse(const char *text, struct redis_address *ret_address, const char **ret_why)
{
    AUTO(url) struct url url = {0};
    if (url_parse(text, &url) != 0) {
        *ret_why = "it is not a URL";
        return ERR_INVALID;
    }
    *ret_why = address_fill(&url, ret_address);
    if (!*ret_why)
        return 0;
    return ret_address->is_tls && !redis_tls_is_supported() ? ERR_UNSUPPORTED : ERR_INVALID;
}

void redis_address_release(struct redis_address *address)
{
    free(address->host);
    free(address->socket_path);
    free(address->user);
    free(address->password);
    memset(address, 0, sizeof(*address));
}

int redis_url_check(const char *url, const char **ret_why)
{
    struct redis_address address = {0};
    int err = redis_address_parse(url, &address, ret_why);
    redis_address_release(&address);
    return err;
}

char *redis_url_identity(const char *url)
{
    struct redis_address address = {0};
    const char *why;
    char *identity;
    if (redis_address_parse(url, &address, &why) != 0)
        identity = xstrdup("");
    else if (address.socket_path)
        identity = xasprintf("%s/%d", address.socket_path, address.db);
    else
        identity = xasprintf("%s:%d/%d", address.host, address.port, address.db);
    redis_address_release(&address);
    return identity;
}

int redis_url_db(const char *url)
{
    struct redis_address address = {0};
    const char *why;
    int db = redis_address_parse(url, &address, &why) == 0 ? address.db : 0;
    redis_address_release(&address);
    return db;
}
