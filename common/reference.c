#include "reference.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "digest.h"
#include "err.h"
#include "mem.h"

#define HUB "docker.io"
#define PATH_MAX_BYTES 255
#define REFERENCE_MAX_BYTES 512
#define TAG_MAX_BYTES 128

static const char upper_case_problem[] =
    "The name has upper-case letters; repository names are lower-case.";

static bool is_lower_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
    return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

bool reference_is_tag(const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len > TAG_MAX_BYTES || !(is_alnum(text[0]) || text[0] == '_'))
        return false;
    for (size_t i = 1; i < len; i++)
        if (!is_alnum(text[i]) && !strchr("_.-", text[i]))
            return false;
    return true;
}

/* comp := [a-z0-9]+ ( ( "." | "_" | "__" | "-"+ ) [a-z0-9]+ )* */
static bool component_is_valid(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len) {
        size_t start = i;
        while (i < len && is_lower_alnum(text[i]))
            i++;
        if (i == start)
            return false;
        if (i == len)
            return true;
        size_t separator = i;
        while (i < len && text[i] == text[separator])
            i++;
        size_t width = i - separator;
        char c = text[separator];
        if (!(c == '-' || (c == '.' && width == 1) || (c == '_' && width <= 2)))
            return false;
    }
    return false; /* empty, or a separator at the end */
}

static const char *path_problem(const char *path)
{
    if (!*path)
        return "The name is empty.";
    if (strlen(path) > PATH_MAX_BYTES)
        return "The name is longer than 255 characters.";
    for (const char *c = path; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            return upper_case_problem;
    for (const char *at = path;;) {
        size_t len = strcspn(at, "/");
        if (!component_is_valid(at, len))
            return "Each part of the name is lower-case letters and digits, with single '.', '_', "
                   "'__' or dashes between them.";
        if (!at[len])
            return NULL;
        at += len + 1;
    }
}

/* domain-component ("." domain-component)* or "[" IPv6 "]", then [":" digits] */
static bool domain_is_valid(const char *text)
{
    size_t host_len;
    if (*text == '[') {
        host_len = strspn(text + 1, "0123456789abcdefABCDEF:.") + 1;
        if (text[host_len++] != ']')
            return false;
    } else {
        host_len = strcspn(text, ":");
        for (size_t i = 0; i < host_len; i++) {
            bool at_edge = i == 0 || i + 1 == host_len || text[i - 1] == '.' || text[i + 1] == '.';
            if (!is_alnum(text[i]) && (at_edge || (text[i] != '-' && text[i] != '.')))
                return false;
        }
        if (host_len == 0)
            return false;
    }
    const char *port = text + host_len;
    if (!*port)
        return true;
    size_t digits = strspn(port + 1, "0123456789");
    return *port == ':' && digits > 0 && digits <= 5 && !port[1 + digits];
}

/* The first part is a registry if it is localhost, holds '.' or ':', or has an upper-case letter.
 */
static bool is_domain(const char *text, size_t len)
{
    if (len == 9 && strncmp(text, "localhost", 9) == 0)
        return true;
    for (size_t i = 0; i < len; i++)
        if (text[i] == '.' || text[i] == ':' || text[i] == '[' ||
            (text[i] >= 'A' && text[i] <= 'Z'))
            return true;
    return false;
}

/* Cuts "@digest" and ":tag" off the end of name. */
static const char *cut_suffixes(char *name, struct reference *ref)
{
    char *at = strchr(name, '@');
    if (at) {
        *at = '\0';
        if (!digest_is_valid(at + 1))
            return "What follows '@' is no digest like sha256:<64 lower-case hex digits>.";
        ref->digest = xstrdup(at + 1);
    }
    char *slash = strrchr(name, '/');
    char *colon = strchr(slash ? slash : name, ':');
    if (colon) {
        *colon = '\0';
        if (!reference_is_tag(colon + 1))
            return "What follows ':' is no tag: up to 128 letters, digits, '_', '.' and '-', not "
                   "starting with '.' or '-'.";
        ref->tag = xstrdup(colon + 1);
    }
    return NULL;
}

static bool is_hub_alias(const char *domain)
{
    return strcmp(domain, HUB) == 0 || strcmp(domain, "index.docker.io") == 0 ||
           strcmp(domain, "registry-1.docker.io") == 0;
}

static const char *split_name(const char *name, struct reference *ref)
{
    const char *slash = strchr(name, '/');
    const char *path = name;
    if (slash && is_domain(name, (size_t)(slash - name))) {
        AUTO(free) char *domain = xstrndup(name, (size_t)(slash - name));
        if (!strpbrk(domain, ".:[") && strcasecmp(domain, "localhost") != 0)
            return upper_case_problem; /* only its capitals made it look like a host */
        if (!domain_is_valid(domain))
            return "The part before the first '/' is no registry's host name.";
        for (char *c = domain; *c; c++)
            *c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
        ref->registry = is_hub_alias(domain) ? xstrdup(HUB) : TAKE(domain);
        path = slash + 1;
    } else {
        ref->registry = xstrdup(HUB);
    }
    bool is_hub = strcmp(ref->registry, HUB) == 0;
    if (is_hub && strncmp(path, "_/", 2) == 0)
        ref->path = xasprintf("library/%s", path + 2);
    else if (is_hub && !strchr(path, '/'))
        ref->path = xasprintf("library/%s", path);
    else
        ref->path = xstrdup(path);
    return path_problem(ref->path);
}

static bool is_bare_hex(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

int reference_parse(const char *text, struct reference *ret_reference, const char **ret_why)
{
    struct reference ref = {0};
    const char *why = NULL;
    size_t len = strlen(text);
    if (len && text[len - 1] == '/')
        len--;
    AUTO(free) char *name = xstrndup(text, len);
    if (len == 0)
        why = "The name is empty.";
    else if (len > REFERENCE_MAX_BYTES)
        why = "The name is too long.";
    if (!why)
        why = cut_suffixes(name, &ref);
    if (!why && is_bare_hex(name))
        why = "64 hex digits are an image's id, not a name.";
    if (!why)
        why = split_name(name, &ref);
    if (!why) {
        *ret_reference = ref;
        return 0;
    }
    reference_release(&ref);
    if (ret_why)
        *ret_why = why;
    return ERR_INVALID;
}

void reference_release(struct reference *reference)
{
    free(reference->registry);
    free(reference->path);
    free(reference->tag);
    free(reference->digest);
    memset(reference, 0, sizeof(*reference));
}

static char *copy(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

void reference_copy(struct reference *ret_copy, const struct reference *reference)
{
    *ret_copy = (struct reference){copy(reference->registry), copy(reference->path),
                                   copy(reference->tag), copy(reference->digest)};
}

char *reference_canonical(const struct reference *reference)
{
    return xasprintf("%s/%s", reference->registry, reference->path);
}

/* Whether a path of Docker Hub's still means Docker Hub where it is read without the host. */
static bool stands_alone(const char *path)
{
    const char *slash = strchr(path, '/');
    return !slash || !is_domain(path, (size_t)(slash - path));
}

char *reference_message_name(const struct reference *reference)
{
    if (strcmp(reference->registry, HUB) == 0 && stands_alone(reference->path))
        return xstrdup(reference->path);
    return reference_canonical(reference);
}

char *reference_shown(const struct reference *reference)
{
    bool is_hub = strcmp(reference->registry, HUB) == 0;
    bool is_official = strncmp(reference->path, "library/", 8) == 0;
    /* 64 hex digits alone would be an image's id. */
    if (is_hub && is_official && !strchr(reference->path + 8, '/') &&
        !is_bare_hex(reference->path + 8))
        return xstrdup(reference->path + 8);
    return reference_message_name(reference);
}
