#include "typed.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define BLANKS " \t\r\n"
#define HUB "hub.docker.com/"

/* Words before a name that mean nothing else. */
static const char *const commands[] = {
    "$",   "#",       "sudo", "docker", "podman",   "nerdctl", "crane", "skopeo", "image", "pull",
    "run", "inspect", "copy", "config", "manifest", "FROM",    "from",  "image:", "create"};

/* Options that take the next word. */
static const char *const valued[] = {"--platform", "--name", "-p", "-v", "-e", "--network"};

/* Pages of Docker Hub that are about an image: parts of its path follow, of layers' its tag too. */
static const struct hub_page {
    const char *path;
    size_t parts;
    bool has_tag;
} hub_pages[] = {
    {"r/", 2, false},
    {"_/", 1, false},
    {"layers/", 2, true},
    {"repository/docker/", 2, false},
};

static bool is_one_of(const char *const words[], size_t count, const char *word, size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(words[i]) == len && strncmp(words[i], word, len) == 0)
            return true;
    return false;
}

static const char *skip_word(const char *word)
{
    word += strcspn(word, BLANKS);
    return word + strspn(word, BLANKS);
}

/* "--platform=linux/arm64" is one word, "--platform linux/arm64" two. */
static const char *skip_option(const char *word)
{
    size_t len = strcspn(word, BLANKS);
    const char *next = skip_word(word);
    bool has_value = is_one_of(valued, ARRAY_LEN(valued), word, len);
    return has_value ? skip_word(next) : next;
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
            word = skip_word(word);
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

/* The length of so many parts of a path, the slashes between them included. */
static size_t parts_length(const char *path, size_t parts)
{
    size_t len = 0;
    for (size_t i = 0; i < parts && path[len]; i++) {
        len += i > 0;
        len += strcspn(path + len, "/");
    }
    return len;
}

static char *hub_name(const char *text, size_t text_len)
{
    AUTO(free) char *path = xstrndup(text, text_len);
    for (size_t i = 0; i < ARRAY_LEN(hub_pages); i++) {
        const struct hub_page *page = &hub_pages[i];
        if (strncmp(path, page->path, strlen(page->path)) != 0)
            continue;
        const char *name = path + strlen(page->path);
        size_t len = parts_length(name, page->parts);
        size_t tagged = page->has_tag ? parts_length(name, page->parts + 1) : len;
        if (tagged <= len + 1)
            return xstrndup(name, len);
        return xasprintf("%.*s:%.*s", (int)len, name, (int)(tagged - len - 1), name + len + 1);
    }
    return TAKE(path);
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

/* "'a/b'," is a/b. */
static void unquote(char *name)
{
    size_t len = strlen(name);
    while (len && strchr("\"'`,;", name[len - 1]))
        name[--len] = '\0';
    size_t quotes = strspn(name, "\"'`");
    memmove(name, name + quotes, len - quotes + 1);
}

char *typed_name(const char *text)
{
    const char *word = skip_commands(text);
    const char *address = skip_scheme(word);
    size_t len = strcspn(address, BLANKS);
    bool is_link = address != word || strncmp(address, HUB, strlen(HUB)) == 0;
    if (is_link)
        len = strcspn(address, BLANKS "?#");
    if (strncmp(address, "www.", 4) == 0) {
        address += 4;
        len -= 4;
    }
    char *name = strncmp(address, HUB, strlen(HUB)) == 0
                     ? hub_name(address + strlen(HUB), len - strlen(HUB))
                     : registry_name(address, len);
    unquote(name);
    cut_slashes(name);
    return name;
}

bool typed_is_exact(const char *text)
{
    AUTO(free) char *name = typed_name(text);
    const char *start = text + strspn(text, BLANKS);
    return strpbrk(name, "/:@") || strncmp(start, name, strlen(name)) != 0;
}
