#include "route.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "err.h"
#include "mem.h"

#define IMAGES "/v1/images/"
#define STATUS "/v1/status/"
#define DIGESTS "/v1/digests/"
#define SEARCH "/v1/images/search/"
#define VERSION_PART "/version/"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decoded; NULL for broken escapes and control characters. Caller frees. */
static char *decode(const char *text, size_t len)
{
    char *out = xmalloc(len + 1);
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < len ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                goto fail;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if ((unsigned char)c < 0x20 || c == 0x7f)
            goto fail;
        out[at++] = c;
    }
    out[at] = '\0';
    return out;
fail:
    free(out);
    return NULL;
}

static void bad(struct route *route, const char *why)
{
    route->kind = ROUTE_BAD;
    route->why = why;
}

static void set_wait(struct route *route, const char *value)
{
    char *end;
    long seconds = strtol(value, &end, 10);
    if (*value < '0' || *value > '9' || *end || seconds > ROUTE_MAX_WAIT_SECONDS)
        bad(route, "wait is a whole number of seconds from 0 to 25.");
    else
        route->wait_seconds = (int)seconds;
}

static void set_platform(struct route *route, const char *value)
{
    size_t slashes = 0;
    for (const char *c = value; *c; c++)
        slashes += *c == '/';
    bool is_valid =
        strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+/") ==
            strlen(value) &&
        slashes >= 1 && slashes <= 2 && strlen(value) <= 128 && value[0] != '/' &&
        !strstr(value, "//") && value[strlen(value) - 1] != '/';
    if (!is_valid) {
        bad(route, "platform is os/architecture or os/architecture/variant, like linux/arm64.");
        return;
    }
    free(route->platform);
    route->platform = xstrdup(value);
}

/* Members that are not ours are left alone: old clients send their own. */
static void parse_query(struct route *route, const char *query)
{
    while (*query && route->kind != ROUTE_BAD) {
        size_t len = strcspn(query, "&");
        const char *equals = memchr(query, '=', len);
        size_t name_len = equals ? (size_t)(equals - query) : len;
        AUTO(free) char *value = equals ? decode(equals + 1, len - name_len - 1) : xstrdup("");
        if (!value)
            bad(route, "The query has a broken percent escape.");
        else if (name_len == 4 && strncmp(query, "wait", 4) == 0)
            set_wait(route, value);
        else if (name_len == 8 && strncmp(query, "platform", 8) == 0)
            set_platform(route, value);
        query += len + (query[len] == '&');
    }
}

static void parse_name(struct route *route, const char *name, enum route_kind kind)
{
    const char *why = NULL;
    route->kind = kind;
    if (reference_parse(name, &route->image, &why) != 0)
        bad(route, why);
}

/* "/v1/images/NAME/version/SHA": the last such part counts, so a repository may be called
 * version. */
static bool split_version(char *name, const char **ret_sha)
{
    char *found = NULL;
    for (char *at = strstr(name, VERSION_PART); at; at = strstr(at + 1, VERSION_PART))
        found = at;
    if (!found)
        return false;
    char *sha = found + strlen(VERSION_PART);
    size_t len = strlen(sha);
    if (len && sha[len - 1] == '/')
        sha[len - 1] = '\0';
    bool is_sha = *sha && !strchr(sha, '/') && found != name;
    if (is_sha) {
        *found = '\0';
        *ret_sha = sha;
    }
    return is_sha;
}

static void parse_image(struct route *route, char *name)
{
    const char *sha = NULL;
    if (!split_version(name, &sha)) {
        parse_name(route, name, ROUTE_IMAGE);
        return;
    }
    parse_name(route, name, ROUTE_VERSION);
    if (route->kind == ROUTE_VERSION && digest_from_user(sha, route->digest) != 0)
        bad(route, "A version is 64 lower-case hex digits, or a digest like sha256:<hex>.");
}

static void parse_digest(struct route *route, const char *text)
{
    route->kind = ROUTE_DIGEST;
    if (digest_from_user(text, route->digest) != 0)
        bad(route, "A digest is sha256:<64 lower-case hex digits>, or those digits alone.");
}

static void parse_path(struct route *route, char *path)
{
    /* A route of its own, not an image's name. */
    bool is_search = strncmp(path, SEARCH, strlen(SEARCH)) == 0 && path[strlen(SEARCH)];
    if (strcmp(path, "/healthcheck.txt") == 0)
        route->kind = ROUTE_HEALTH;
    else if (strncmp(path, IMAGES, strlen(IMAGES)) == 0 && !is_search)
        parse_image(route, path + strlen(IMAGES));
    else if (strncmp(path, STATUS, strlen(STATUS)) == 0)
        parse_name(route, path + strlen(STATUS), ROUTE_STATUS);
    else if (strncmp(path, DIGESTS, strlen(DIGESTS)) == 0)
        parse_digest(route, path + strlen(DIGESTS));
    else
        route->kind = ROUTE_NOT_FOUND;
}

/* Proxies may send the whole URL (RFC 9112 3.2.2); any host answers. */
static const char *skip_origin(const char *target)
{
    bool is_absolute =
        strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0;
    return is_absolute ? strstr(target, "//") + 2 + strcspn(strstr(target, "//") + 2, "/?")
                       : target;
}

void route_parse(const char *target, struct route *ret_route)
{
    struct route route = {.wait_seconds = -1};
    target = skip_origin(target);
    size_t path_len = strcspn(target, "?");
    AUTO(free) char *path = decode(target, path_len);
    if (!path)
        bad(&route, "The path has a broken percent escape or a control character.");
    else
        parse_path(&route, path);
    if (route.kind != ROUTE_BAD && target[path_len] == '?')
        parse_query(&route, target + path_len + 1);
    *ret_route = route;
}

void route_release(struct route *route)
{
    reference_release(&route->image);
    free(route->platform);
    route->platform = NULL;
}

int route_prefer_wait(const char *header)
{
    for (const char *at = header; at && *at; at += strcspn(at, ",;")) {
        at += strspn(at, ",; \t");
        if (strncasecmp(at, "wait", 4) != 0)
            continue;
        const char *value = at + 4 + strspn(at + 4, " \t");
        if (*value != '=')
            continue;
        value += 1 + strspn(value + 1, " \t\"");
        long seconds = strtol(value, NULL, 10);
        return seconds < 0                        ? 0
               : seconds > ROUTE_MAX_WAIT_SECONDS ? ROUTE_MAX_WAIT_SECONDS
                                                  : (int)seconds;
    }
    return 0;
}
