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
#include "registry_auth.h"
#include "registry_error.h"
#include "strbuf.h"
#include "url.h"

#define TOKEN_MAX_BYTES 65536
#define TOKEN_TIMEOUT_MS 15000
#define TOKEN_DEFAULT_SECONDS 60 /* where the answer does not say, and the least */
#define TOKEN_MAX_SECONDS 86400
#define TOKEN_MARGIN_MS 5000 /* renewed so long before it ends */
#define MAX_ENTRIES 1024
#define CLIENT_ID "microbadger"
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
    char *url;                  /* of that request, where it is a GET */
    char *realm, *form;         /* the same for a POST; form NULL: it is a GET */
    const struct registry_host *host;
    int64_t deadline_ms;
};

struct token_cache {
    struct loop *loop;
    struct httpc *httpc;
    struct registry_auth *auth; /* NULL: everything is asked for anonymously */
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

void token_cache_use_auth(struct token_cache *cache, struct registry_auth *auth)
{
    cache->auth = auth;
}

static void entry_free(struct token_entry *entry)
{
    httpc_cancel(entry->call);
    free(entry->key);
    free(entry->header);
    free(entry->url);
    free(entry->realm);
    free(entry->form);
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

/* Some token servers say no with a 200. */
static bool is_refusal(const json_t *json)
{
    const char *code = jsonx_str(json_array_get(json_object_get(json, "errors"), 0), "code");
    return strcmp(code, "DENIED") == 0 || strcmp(code, "UNAUTHORIZED") == 0;
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
        return is_refusal(json) ? ERR_UNAUTHORIZED : ERR_PROTO;
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

static void start_request(struct token_entry *entry);

static void on_token(void *arg, const struct httpc_response *response)
{
    struct token_entry *entry = arg;
    char text[160 + REGISTRY_ERROR_BYTES];
    entry->call = NULL;
    if (response->err == 0 && response->status == 404 && entry->form) {
        free(TAKE(entry->form)); /* it knows no OAuth2: the older way */
        start_request(entry);
        return;
    }
    int err = response->err ? response->err : status_err(response->status);
    if (err == 0)
        err = take_token(entry, response);
    const char *retry_after = response->err ? NULL : httpc_header(response, "Retry-After");
    int64_t retry_at_ms =
        err == ERR_RATELIMIT && retry_after ? retry_after_ms(retry_after, clock_ms()) : 0;
    AUTO(free)
    char *words =
        response->err ? xstrdup("") : registry_error_words(response->body, response->body_bytes);
    if (response->err)
        (void)snprintf(text, sizeof(text), "the token server: %.120s", response->error_text);
    else
        (void)snprintf(text, sizeof(text), "the token server answered %d%s%s", response->status,
                       response->status == 200 ? " without a token" : "", words);
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
           (registry_host_is_http(host) && strncasecmp(url, "http://", 7) == 0);
}

/* The form of OAuth2 (distribution's "oauth" document), for an identity token. Caller frees. */
static char *token_form(const char *path, const struct challenge *challenge,
                        const char *identity_token)
{
    AUTO(free) char *scope = token_scope(path, challenge);
    AUTO(free) char *encoded_scope = url_encode(scope);
    AUTO(free) char *service = url_encode(challenge ? challenge->service : HUB_SERVICE);
    AUTO(free) char *token = url_encode(identity_token);
    return xasprintf("grant_type=refresh_token&service=%s&client_id=" CLIENT_ID
                     "&scope=%s&refresh_token=%s",
                     service, encoded_scope, token);
}

/* The header for a GET. An identity token stands for a password by Docker's convention; caller
 * frees. */
static char *basic_of(const struct docker_credential *credential)
{
    if (*credential->user && *credential->password)
        return registry_auth_header(credential->user, credential->password);
    return registry_auth_header("<token>", credential->identity_token);
}

/* By the url, form, host and deadline of the entry. */
static void start_request(struct token_entry *entry)
{
    struct token_cache *cache = entry->cache;
    const char *path = strchr(entry->key, ' ') + 1;
    const struct docker_credential *credential =
        entry->form ? NULL : registry_auth_for_realm(cache->auth, entry->host, path, entry->url);
    AUTO(free) char *authorization = credential ? basic_of(credential) : NULL;
    const char *headers[] = {authorization, NULL};
    int64_t left_ms = entry->deadline_ms - loop_now_ms(cache->loop);
    const struct httpc_request request = {
        .method = entry->form ? "POST" : "GET",
        .url = entry->form ? entry->realm : entry->url,
        .headers = headers,
        .body = entry->form,
        .body_bytes = entry->form ? strlen(entry->form) : 0,
        .max_body_bytes = TOKEN_MAX_BYTES,
        .timeout_ms =
            left_ms < TOKEN_TIMEOUT_MS ? (left_ms > 1 ? (int)left_ms : 1) : TOKEN_TIMEOUT_MS,
        .allow_private = registry_host_allows_private(entry->host, entry->url),
    };
    cache->requests++;
    entry->call = httpc_start(cache->httpc, &request, on_token, entry);
}

/* Takes url. */
static void ask(struct token_entry *entry, const struct registry_host *host, const char *path,
                const struct challenge *challenge, char *url, int64_t deadline_ms)
{
    const struct docker_credential *credential =
        registry_auth_for_realm(entry->cache->auth, host, path, url);
    free(entry->url);
    free(entry->realm);
    free(entry->form);
    entry->url = url;
    entry->realm = xstrdup(challenge ? challenge->realm : HUB_REALM);
    entry->form = credential && *credential->identity_token
                      ? token_form(path, challenge, credential->identity_token)
                      : NULL;
    entry->host = host;
    entry->deadline_ms = deadline_ms;
    start_request(entry);
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
        ask(entry, host, path, challenge, TAKE(url), deadline_ms);
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
