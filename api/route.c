#include "route.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "badge_route.h"
#include "err.h"
#include "mem.h"

#define SEARCH "search/"
#define MAX_PAGE 1000000
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

static void set_text(char **text, const char *value)
{
    free(*text);
    *text = xstrdup(value);
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

/* v1's rule: what is no page is the first. */
static void set_page(struct route *route, const char *value)
{
    char *end;
    long page = strtol(value, &end, 10);
    bool is_page = *value >= '0' && *value <= '9' && !*end && page >= 1 && page <= MAX_PAGE;
    route->page = is_page ? (int)page : 1;
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
    set_text(&route->platform, value);
}

/* Members that are not ours are left alone: old clients send their own. */
static void read_query(struct route *route, const char *query)
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
        else if (name_len == 7 && strncmp(query, "refresh", 7) == 0)
            set_text(&route->refresh, value);
        else if (route->kind == ROUTE_LIST && name_len == 5 && strncmp(query, "query", 5) == 0)
            set_text(&route->text, value);
        else if (name_len == 4 && strncmp(query, "page", 4) == 0)
            set_page(route, value);
        query += len + (query[len] == '&');
    }
}

static void read_name(struct route *route, char *name)
{
    const char *why = NULL;
    if (reference_parse(name, &route->image, &why) != 0)
        bad(route, why);
}

static void cut_trailing_slash(char *text)
{
    size_t len = strlen(text);
    if (len && text[len - 1] == '/')
        text[len - 1] = '\0';
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
    cut_trailing_slash(sha);
    bool is_sha = *sha && !strchr(sha, '/') && found != name;
    if (is_sha) {
        *found = '\0';
        *ret_sha = sha;
    }
    return is_sha;
}

/* "search/TERM", "search/TERM/TERM2". Anything else is an image of an organisation called search:
 * longer, with a tag, with a digest; and docker.io/search/NAME always is. */
static bool is_search(const char *name)
{
    if (strncmp(name, SEARCH, strlen(SEARCH)) != 0)
        return false;
    const char *term = name + strlen(SEARCH);
    const char *slash = strchr(term, '/');
    const char *next = slash ? strchr(slash + 1, '/') : NULL;
    return *term && !strpbrk(term, ":@") && (!next || !next[1]);
}

static void set_search(struct route *route, const char *name)
{
    AUTO(free) char *term = xstrdup(name + strlen(SEARCH));
    cut_trailing_slash(term);
    route->kind = ROUTE_SEARCH;
    route->why = NULL;
    route->text = TAKE(term);
}

static void read_version_or_image(struct route *route, char *name)
{
    const char *sha = NULL;
    if (split_version(name, &sha)) {
        route->kind = ROUTE_VERSION;
        if (digest_from_user(sha, route->digest) != 0)
            bad(route, "A version is 64 lower-case hex digits, or a digest like sha256:<hex>.");
    }
    if (route->kind != ROUTE_BAD)
        read_name(route, name);
}

/* People search for any text: what is no image's name is looked for, and not found. */
static void read_image(struct route *route, char *name)
{
    AUTO(free) char *typed = xstrdup(name);
    if (is_search(name))
        set_search(route, name);
    else
        read_version_or_image(route, name);
    if (route->kind == ROUTE_BAD && strncmp(typed, SEARCH, strlen(SEARCH)) == 0)
        set_search(route, typed);
}

static void read_digest(struct route *route, char *rest)
{
    cut_trailing_slash(rest);
    if (digest_from_user(rest, route->digest) != 0)
        bad(route, "A digest is sha256:<64 lower-case hex digits>, or those digits alone.");
}

/* "org/name/TOKEN": a whole image's. */
static void read_webhook(struct route *route, char *rest)
{
    cut_trailing_slash(rest);
    char *slash = strrchr(rest, '/');
    if (slash)
        *slash = '\0';
    if (!slash || reference_parse(rest, &route->image, NULL) != 0 || route->image.tag ||
        route->image.digest)
        route->kind = ROUTE_NOT_FOUND;
    else
        route->token = xstrdup(slash + 1);
}

struct route_row {
    const char *path; /* ends in a slash where `read` takes what follows it */
    enum route_kind kind;
    void (*read)(struct route *route, char *rest); /* may settle on another kind */
};

/* The first that matches counts. */
static const struct route_row rows[] = {
    {"/healthcheck.txt", ROUTE_HEALTH, NULL},
    {"/v1/me", ROUTE_ME, NULL},
    {"/v1/badges/counts", ROUTE_BADGE_COUNTS, NULL},
    {"/v1/images", ROUTE_LIST, NULL},
    {"/v1/images/", ROUTE_IMAGE, read_image},
    {"/v1/status/", ROUTE_STATUS, read_name},
    {"/v1/dockerfile/", ROUTE_DOCKERFILE, read_name},
    {"/v1/events/", ROUTE_EVENTS, read_name},
    {"/v1/digests/", ROUTE_DIGEST, read_digest},
    {"/badges/", ROUTE_BADGE, badge_route_read},
    {"/images/", ROUTE_WEBHOOK, read_webhook},
    {"/version", ROUTE_ABOUT_VERSION, NULL},
    {"/openapi.json", ROUTE_ABOUT_API, NULL},
    {"/.well-known/api-catalog", ROUTE_ABOUT_CATALOG, NULL},
};

static bool row_matches(const struct route_row *row, const char *path)
{
    size_t len = strlen(row->path);
    if (strncmp(path, row->path, len) != 0)
        return false;
    return row->read || strcmp(path + len, "") == 0 || strcmp(path + len, "/") == 0;
}

static void read_path(struct route *route, char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!row_matches(&rows[i], path))
            continue;
        route->kind = route->path = rows[i].kind;
        if (rows[i].read)
            rows[i].read(route, path + strlen(rows[i].path));
        return;
    }
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
    struct route route = {.wait_seconds = -1, .page = 1};
    target = skip_origin(target);
    size_t path_len = strcspn(target, "?");
    AUTO(free) char *path = decode(target, path_len);
    if (!path)
        bad(&route, "The path has a broken percent escape or a control character.");
    else
        read_path(&route, path);
    if (route.kind != ROUTE_BAD && target[path_len] == '?')
        read_query(&route, target + path_len + 1);
    *ret_route = route;
}

void route_release(struct route *route)
{
    reference_release(&route->image);
    free(TAKE(route->platform));
    free(TAKE(route->text));
    free(TAKE(route->refresh));
    free(TAKE(route->token));
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
