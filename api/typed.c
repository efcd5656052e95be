#include "typed.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mem.h"

#define BLANKS " \t\r\n"
#define HUB "hub.docker.com/"

/* Words before a name that mean nothing else. */
static const char *const commands[] = {
    "$",   "#",       "sudo", "docker", "podman",   "nerdctl", "crane", "skopeo", "image", "pull",
    "run", "inspect", "copy", "config", "manifest", "FROM",    "from",  "image:", "create"};

/* Pages of Docker Hub that are about an image; the name follows. */
static const char *const hub_pages[] = {"r/", "_/", "layers/", "repository/docker/", "u/"};

static bool is_one_of(const char *const words[], size_t count, const char *word, size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(words[i]) == len && strncmp(words[i], word, len) == 0)
            return true;
    return false;
}

/* "--platform=linux/arm64" is one word, "--platform linux/arm64" two. */
static const char *skip_option(const char *word)
{
    size_t len = strcspn(word, BLANKS);
    const char *next = word + len + strspn(word + len, BLANKS);
    bool has_value = !memchr(word, '=', len) &&
                     (strncmp(word, "--platform", len) == 0 || strncmp(word, "--name", len) == 0 ||
                      strncmp(word, "-p", len) == 0 || strncmp(word, "-v", len) == 0 ||
                      strncmp(word, "-e", len) == 0);
    if (has_value)
        next += strcspn(next, BLANKS), next += strspn(next, BLANKS);
    return next;
}

/* The first word that is neither a command nor an option, and the text itself where all are. */
static const char *skip_commands(const char *text)
{
    const char *word = text + strspn(text, BLANKS "-");
    const char *start = word;
    while (*word) {
        size_t len = strcspn(word, BLANKS);
        if (*word == '-')
            word = skip_option(word);
        else if (word[len] && is_one_of(commands, ARRAY_LEN(commands), word, len))
            word += len + strspn(word + len, BLANKS);
        else
            return word;
    }
    return start;
}

static const char *skip_scheme(const char *word)
{
    const char *scheme = strstr(word, "://");
    return scheme && (size_t)(scheme - word) < strcspn(word, BLANKS "/") + 1 ? scheme + 3 : word;
}

static char *hub_name(const char *path, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(hub_pages); i++) {
        size_t page = strlen(hub_pages[i]);
        if (len > page && strncmp(path, hub_pages[i], page) == 0) {
            path += page;
            len -= page;
            break;
        }
    }
    AUTO(free) char *name = xstrndup(path, len);
    char *tags = strstr(name, "/tags");
    if (!tags) /* "layers/org/name/1.0/images/sha256-..." */
        tags = strstr(name, "/images/");
    if (tags)
        *tags = '\0';
    return TAKE(name);
}

/* "quay.io/repository/org/name" is the page of quay.io/org/name. */
static char *registry_name(const char *word, size_t len)
{
    static const char quay[] = "quay.io/repository/";
    if (len > strlen(quay) && strncmp(word, quay, strlen(quay)) == 0)
        return xasprintf("quay.io/%.*s", (int)(len - strlen(quay)), word + strlen(quay));
    return xstrndup(word, len);
}

static void cut_slashes(char *name)
{
    size_t len = strlen(name);
    while (len && name[len - 1] == '/')
        name[--len] = '\0';
}

char *typed_name(const char *text)
{
    const char *word = skip_commands(text);
    const char *address = skip_scheme(word);
    size_t len = strcspn(address, BLANKS);
    bool is_link = address != word || strncmp(address, HUB, strlen(HUB)) == 0;
    if (is_link)
        len = strcspn(address, BLANKS "?#");
    if (strncmp(address, "www.", 4) == 0)
        address += 4, len -= 4;
    char *name = strncmp(address, HUB, strlen(HUB)) == 0
                     ? hub_name(address + strlen(HUB), len - strlen(HUB))
                     : registry_name(address, len);
    for (size_t i = 0; len && i < 2; i++) { /* quotes around it */
        size_t end = strlen(name);
        if (end && strchr("\"'`,;", name[end - 1]))
            name[end - 1] = '\0';
        if (*name && strchr("\"'`", *name))
            memmove(name, name + 1, strlen(name));
    }
    cut_slashes(name);
    return name;
}

bool typed_is_exact(const char *text)
{
    AUTO(free) char *name = typed_name(text);
    const char *start = text + strspn(text, BLANKS);
    return strpbrk(name, "/:@") || strncmp(start, name, strlen(name)) != 0;
}
