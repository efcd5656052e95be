#include "registry_token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "challenge.h"
#include "clock.h"
#include "err.h"
#include "httpc.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"
#include "registries.h"
#include "strbuf.h"
#include "url.h"

#define TOKEN_MAX_BYTES 65536
#define TOKEN_TIMEOUT_MS 15000
#define TOKEN_DEFAULT_SECONDS 60 /* where the answer does not say, and the least */
#define TOKEN_MAX_SECONDS 86400
#define TOKEN_MARGIN_MS 5000 /* renewed so long before it ends */
#define MAX_ENTRIES 1024
#define HUB_REALM "https://auth.docker.io/token"
#define HUB_SERVICE "registry.docker.io"

struct token_wait {
    struct token_entry *entry;
    struct token_wait *next;
    token_done *done;
    void *arg;
};

struct token_entry {
    struct token_cache *cache;
    struct token_entry *next;
    char *key;       /* "host path" */
    char *header;    /* "Authorization: Bearer ...", NULL until the first token */
    uint64_t number; /* of the token, counted in the cache */
    int64_t valid_until_ms;
    struct token_wait *waits;
    struct token_wait *telling; /* those whose callback comes next */
    struct httpc_call *call;    /* while a token is asked for */
};

struct token_cache {
    struct loop *loop;
    struct httpc *httpc;
    struct token_entry *entries;
    size_t count;
    uint64_t tokens; /* got since the start */
    int64_t requests;
};

struct token_cache *token_cache_new(struct loop *loop, struct httpc *httpc)
{
    struct token_cache *cache = xcalloc(1, sizeof(*cache));
    cache->loop = loop;
    cache->httpc = httpc;
    return cache;
}

static void entry_free(struct token_entry *entry)
{
    httpc_cancel(entry->call);
    free(entry->key);
    free(entry->header);
    free(entry);
}

void token_cache_free(struct token_cache *cache)
{
    if (!cache)
        return;
    while (cache->entries) {
        struct token_entry *entry = cache->entries;
        cache->entries = entry->next;
        entry_free(entry);
    }
    free(cache);
}

/* Drops entries that nobody waits for once there are many: tokens are cheap to get again. */
static void make_room(struct token_cache *cache)
{
    struct token_entry **at = &cache->entries;
    while (cache->count >= MAX_ENTRIES && *at) {
        struct token_entry *entry = *at;
        if (entry->call || entry->waits || entry->telling) {
            at = &entry->next;
            continue;
        }
        *at = entry->next;
        cache->count--;
        entry_free(entry);
    }
}

static struct token_entry *entry_of(struct token_cache *cache, const struct registry_host *host,
                                    const char *path, bool create)
{
    AUTO(free) char *key = xasprintf("%s %s", host->host, path);
    for (struct token_entry *entry = cache->entries; entry; entry = entry->next)
        if (strcmp(entry->key, key) == 0)
            return entry;
    if (!create)
        return NULL;
    make_room(cache);
    struct token_entry *entry = xcalloc(1, sizeof(*entry));
    entry->cache = cache;
    entry->key = TAKE(key);
    entry->next = cache->entries;
    cache->entries = entry;
    cache->count++;
    return entry;
}

const char *token_header(struct token_cache *cache, const struct registry_host *host,
                         const char *path, uint64_t *ret_number)
{
    const struct token_entry *entry = entry_of(cache, host, path, false);
    bool is_valid = entry && entry->header && loop_now_ms(cache->loop) < entry->valid_until_ms;
    *ret_number = is_valid ? entry->number : 0;
    return is_valid ? entry->header : "";
}

bool token_is_known_beforehand(const struct registry_host *host)
{
    return strcmp(host->host, "docker.io") == 0 && !host->configured;
}

static void tell_waits(struct token_entry *entry, int err, const char *text, int64_t retry_at_ms)
{
    /* A callback may wait anew, and cancel others: neither may meet this list half told. */
    entry->telling = TAKE(entry->waits);
    while (entry->telling) {
        struct token_wait *wait = entry->telling;
        token_done *done = wait->done;
        void *arg = wait->arg;
        entry->telling = wait->next;
        free(wait);
        done(arg, err, text, retry_at_ms);
    }
}

/* It goes into a header: visible ASCII only. */
static bool token_is_valid(const char *token)
{
    const char *at = token;
    while (*at > ' ' && *at < 0x7f)
        at++;
    return at > token && !*at;
}

static int take_token(struct token_entry *entry, const struct httpc_response *response)
{
    JSON_AUTO
    json_t *json = NULL;
    if (jsonx_parse(response->body, response->body_bytes, &json) != 0)
        return ERR_PROTO;
    const char *token = jsonx_str(json, "token");
    if (!*token)
        token = jsonx_str(json, "access_token");
    if (!token_is_valid(token))
        return ERR_PROTO;
    int64_t seconds = jsonx_int(json, "expires_in");
    if (seconds < TOKEN_DEFAULT_SECONDS)
        seconds = TOKEN_DEFAULT_SECONDS;
    else if (seconds > TOKEN_MAX_SECONDS)
        seconds = TOKEN_MAX_SECONDS;
    entry->number = ++entry->cache->tokens;
    free(entry->header);
    entry->header = xasprintf("Authorization: Bearer %s", token);
    entry->valid_until_ms = loop_now_ms(entry->cache->loop) + seconds * 1000 - TOKEN_MARGIN_MS;
    return 0;
}

static int status_err(int status)
{
    if (status == 200)
        return 0;
    if (status == 429)
        return ERR_RATELIMIT;
    return status >= 500                    ? ERR_UPSTREAM
           : status == 401 || status == 403 ? ERR_UNAUTHORIZED
                                            : ERR_PROTO;
}

static void on_token(void *arg, const struct httpc_response *response)
{
    struct token_entry *entry = arg;
    char text[160];
    entry->call = NULL;
    int err = response->err ? response->err : status_err(response->status);
    if (err == 0)
        err = take_token(entry, response);
    const char *retry_after = response->err ? NULL : httpc_header(response, "Retry-After");
    int64_t retry_at_ms =
        err == ERR_RATELIMIT && retry_after ? retry_after_ms(retry_after, clock_ms()) : 0;
    if (response->err)
        (void)snprintf(text, sizeof(text), "the token server: %.120s", response->error_text);
    else
        (void)snprintf(text, sizeof(text), "the token server answered %d%s", response->status,
                       response->status == 200 ? " without a token" : "");
    tell_waits(entry, err, text, retry_at_ms);
}

static void add_parameter(struct strbuf *url, const char *name, const char *value)
{
    AUTO(free) char *encoded = url_encode(value);
    strbuf_addf(url, "%c%s=%s", strchr(strbuf_str(url), '?') ? '&' : '?', name, encoded);
}

char *token_scope(const char *path, const struct challenge *challenge)
{
    return challenge && *challenge->scope ? xstrdup(challenge->scope)
                                          : xasprintf("repository:%s:pull", path);
}

static char *token_url(const char *path, const struct challenge *challenge)
{
    struct strbuf url = STRBUF_INIT(8192);
    AUTO(free) char *scope = token_scope(path, challenge);
    const char *service = challenge ? challenge->service : HUB_SERVICE;
    strbuf_adds(&url, challenge ? challenge->realm : HUB_REALM);
    if (*service)
        add_parameter(&url, "service", service);
    add_parameter(&url, "scope", scope);
    return strbuf_detach(&url);
}

/* Realms come from the registry: only https, but for a registry that the configuration reaches by
 * http itself. */
static bool realm_is_allowed(const struct registry_host *host, const char *url)
{
    return strncasecmp(url, "https://", 8) == 0 ||
           (host->configured && strncasecmp(url, "http://", 7) == 0);
}

static void start_request(struct token_entry *entry, const struct registry_host *host,
                          const char *url, int64_t deadline_ms)
{
    int64_t left_ms = deadline_ms - loop_now_ms(entry->cache->loop);
    const struct httpc_request request = {
        .method = "GET",
        .url = url,
        .max_body_bytes = TOKEN_MAX_BYTES,
        .timeout_ms =
            left_ms < TOKEN_TIMEOUT_MS ? (left_ms > 1 ? (int)left_ms : 1) : TOKEN_TIMEOUT_MS,
        .allow_private = host->configured,
    };
    entry->cache->requests++;
    entry->call = httpc_start(entry->cache->httpc, &request, on_token, entry);
}

struct token_wait *token_fetch(struct token_cache *cache, const struct registry_host *host,
                               const char *path, const struct challenge *challenge,
                               int64_t deadline_ms, token_done *done, void *arg)
{
    struct token_entry *entry = entry_of(cache, host, path, true);
    AUTO(free) char *url = token_url(path, challenge);
    if (!realm_is_allowed(host, url))
        return NULL;
    struct token_wait *wait = xcalloc(1, sizeof(*wait));
    *wait = (struct token_wait){.entry = entry, .done = done, .arg = arg};
    struct token_wait **last = &entry->waits;
    while (*last)
        last = &(*last)->next;
    *last = wait;
    if (!entry->call)
        start_request(entry, host, url, deadline_ms);
    return wait;
}

void token_cancel(struct token_wait *wait)
{
    if (!wait)
        return;
    struct token_wait **lists[] = {&wait->entry->waits, &wait->entry->telling};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct token_wait **at = lists[i];
        while (*at && *at != wait)
            at = &(*at)->next;
        if (*at)
            *at = wait->next;
    }
    free(wait);
}

int64_t token_requests(const struct token_cache *cache)
{
    return cache->requests;
}
