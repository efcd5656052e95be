#include "route.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ascii.h"
#include "badge_route.h"
#include "err.h"
#include "mem.h"

#define SEARCH "search/"
#define MAX_PAGE 1000000
#define VERSION_PART "/version/"

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

static bool route_is_compare(const struct route *route)
{
    return route->kind == ROUTE_COMPARE || route->kind == ROUTE_COMPARE_PAGE;
}

static void set_platform(struct route *route, const char *value, char **platform)
{
    size_t slashes = 0;
    for (const char *c = value; *c; c++)
        slashes += *c == '/';
    if (!*value && route_is_compare(route))
        return; /* a form's way not to choose */
    bool is_valid =
        strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+/") ==
            strlen(value) &&
        slashes >= 1 && slashes <= 2 && strlen(value) <= 128 && value[0] != '/' &&
        !strstr(value, "//") && value[strlen(value) - 1] != '/';
    if (!is_valid) {
        bad(route, "platform is os/architecture or os/architecture/variant, like linux/arm64.");
        return;
    }
    set_text(platform, value);
}

const char *const route_side_names[2] = {"a", "b"};

/* No name has blanks; a form sends those around it, as plus signs. */
static char *without_blanks(const char *value)
{
    size_t start = strspn(value, " +");
    size_t end = strlen(value);
    while (end > start && (value[end - 1] == ' ' || value[end - 1] == '+'))
        end--;
    return xstrndup(value + start, end - start);
}

static void set_side_image(struct route *route, size_t side, const char *value)
{
    AUTO(free) char *name = without_blanks(value);
    const char *why = NULL;
    reference_release(&route->sides[side].image);
    route->sides[side].image = (struct reference){0};
    if (*name && reference_parse(name, &route->sides[side].image, &why) != 0) {
        bad(route, why);
        route->side = route_side_names[side];
    }
}

/* "a", "b", "platform_a", "platform_b". */
static void read_side_member(struct route *route, const char *name, size_t name_len,
                             const char *value)
{
    static const char prefix[] = "platform_";
    size_t prefix_len = strlen(prefix);
    bool is_platform = name_len == prefix_len + 1 && strncmp(name, prefix, prefix_len) == 0;
    char last = name_len ? name[name_len - 1] : '\0';
    size_t side = last == 'b';
    if ((!is_platform && name_len != 1) || (last != 'a' && last != 'b'))
        return;
    if (!is_platform) {
        set_side_image(route, side, value);
    } else {
        set_platform(route, value, &route->sides[side].platform);
        route->side = route->kind == ROUTE_BAD ? route_side_names[side] : NULL;
    }
}

/* Both are there; `platform` is that of both but for the one that has its own. */
static void settle_sides(struct route *route)
{
    for (size_t i = 0; i < ARRAY_LEN(route->sides) && route_is_compare(route); i++) {
        struct route_side *side = &route->sides[i];
        if (!side->image.path && route->is_page) {
            route->kind = ROUTE_COMPARE_FORM;
        } else if (!side->image.path) {
            bad(route, "Two images are compared, a and b, like ?a=nginx:1.26&b=nginx:1.27.");
            route->side = route_side_names[i];
        }
        if (!side->platform && route->platform)
            side->platform = xstrdup(route->platform);
    }
}

/* A form sends blanks as "+". */
static char *decode_form(const char *text, size_t len)
{
    AUTO(free) char *copy = xstrndup(text, len);
    for (char *plus = strchr(copy, '+'); plus; plus = strchr(plus, '+'))
        *plus = ' ';
    return decode(copy, len);
}

static void read_typed(struct route *route, const char *text, size_t len)
{
    char *typed = decode_form(text, len);
    free(route->text);
    route->text = typed;
    route->kind = ROUTE_FIND;
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
            set_platform(route, value, &route->platform);
        else if (name_len == 7 && strncmp(query, "refresh", 7) == 0)
            set_text(&route->refresh, value);
        else if (route->kind == ROUTE_LIST && name_len == 5 && strncmp(query, "query", 5) == 0)
            set_text(&route->text, value);
        else if (name_len == 4 && strncmp(query, "page", 4) == 0)
            set_page(route, value);
        else if (route_is_compare(route))
            read_side_member(route, query, name_len, value);
        else if (route->kind == ROUTE_PAGE && len == 15 &&
                 strncmp(query, "view=dockerfile", 15) == 0)
            route->kind = ROUTE_PAGE_DOCKERFILE;
        else if ((route->kind == ROUTE_HOME || route->kind == ROUTE_FIND) && equals &&
                 name_len == 1 && *query == 'q')
            read_typed(route, equals + 1, len - name_len - 1);
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

static void read_file(struct route *route, char *rest)
{
    route->text = xstrdup(rest);
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
    {"/version", ROUTE_ABOUT_VERSION, NULL},
    {"/openapi.json", ROUTE_ABOUT_API, NULL},
    {"/.well-known/api-catalog", ROUTE_ABOUT_CATALOG, NULL},
    {"/images/", ROUTE_PAGE, read_name},
    {"/assets/", ROUTE_ASSET, read_file},
    {"/v1/compare", ROUTE_COMPARE, NULL},
    {"/compare", ROUTE_COMPARE_PAGE, NULL},
    {"/search", ROUTE_FIND, NULL},
    {"/opensearch.xml", ROUTE_OPENSEARCH, NULL},
    {"/", ROUTE_HOME, NULL},
};

static bool kind_is_page(enum route_kind kind)
{
    return kind == ROUTE_PAGE || kind == ROUTE_HOME || kind == ROUTE_FIND ||
           kind == ROUTE_COMPARE_PAGE;
}

static bool row_matches(const struct route_row *row, const char *path)
{
    size_t len = strlen(row->path);
    if (strncmp(path, row->path, len) != 0)
        return false;
    return row->read || path[len] == '\0' || (len > 1 && strcmp(path + len, "/") == 0);
}

static void read_path(struct route *route, char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!row_matches(&rows[i], path))
            continue;
        route->kind = route->path = rows[i].kind;
        route->is_page = kind_is_page(rows[i].kind);
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
    settle_sides(&route);
    *ret_route = route;
}

void route_parse_post(const char *target, struct route *ret_route)
{
    static const char pages[] = "/images/";
    const char *path = skip_origin(target);
    AUTO(free) char *rest = NULL;
    if (strncmp(path, pages, strlen(pages)) == 0)
        rest = decode(path + strlen(pages), strcspn(path + strlen(pages), "?"));
    if (!rest) {
        route_parse(target, ret_route);
        return;
    }
    struct route route = {.kind = ROUTE_WEBHOOK, .path = ROUTE_PAGE, .wait_seconds = -1, .page = 1};
    read_webhook(&route, rest);
    *ret_route = route;
}

void route_release(struct route *route)
{
    reference_release(&route->image);
    free(TAKE(route->platform));
    free(TAKE(route->text));
    free(TAKE(route->refresh));
    free(TAKE(route->token));
    for (size_t i = 0; i < ARRAY_LEN(route->sides); i++) {
        reference_release(&route->sides[i].image);
        free(TAKE(route->sides[i].platform));
    }
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
