#include "labels.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "jsonx.h"
#include "mem.h"

#define OCI "org.opencontainers.image."
#define SCHEMA "org.label-schema."

static const char *first_of(const json_t *labels, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (*jsonx_str(labels, keys[i]))
            return jsonx_str(labels, keys[i]);
    return "";
}

/* A single SPDX identifier has a page of its own; an expression has none. */
static bool is_spdx_id(const char *code)
{
    for (const char *c = code; *c; c++) {
        bool is_alnum =
            (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        if (!is_alnum && !strchr("-.+", *c))
            return false;
    }
    return *code && strlen(code) <= 64;
}

json_t *labels_license(const json_t *labels)
{
    static const char *const keys[] = {SCHEMA "license", OCI "licenses", "license"};
    const char *code = first_of(labels, keys, ARRAY_LEN(keys));
    if (!*code)
        return NULL;
    json_t *license = json_object();
    json_object_set_new(license, "Code", json_string(code));
    if (is_spdx_id(code))
        json_object_set_new(license, "URL",
                            json_sprintf("https://spdx.org/licenses/%s.html", code));
    return license;
}

/* Hosts whose pages show a commit, and under which path. */
static const struct {
    const char *host;
    const char *path;
} forges[] = {{"github.com", "/tree/"},
              {"gitlab.com", "/-/tree/"},
              {"bitbucket.org", "/src/"},
              {"codeberg.org", "/src/commit/"}};

/* "git@host:path", "ssh://git@host/path", "git://host/path" and "https://host/path.git" to
 * "https://host/path"; other forms as they are. Caller frees. */
static char *web_url(const char *url)
{
    const char *rest = NULL;
    if (strncmp(url, "git@", 4) == 0 && strchr(url, ':'))
        rest = url + 4;
    else if (strncmp(url, "ssh://git@", 10) == 0)
        rest = url + 10;
    else if (strncmp(url, "git://", 6) == 0)
        rest = url + 6;
    else if (strncmp(url, "git+https://", 12) == 0)
        rest = url + 12;
    else if (strncmp(url, "http://github.com/", 18) == 0)
        rest = url + 7;
    char *web = rest ? xasprintf("https://%s", rest) : xstrdup(url);
    char *colon = rest ? strchr(web + 8, ':') : NULL;
    if (colon)
        *colon = '/';
    size_t len = strlen(web);
    if (len > 4 && strcmp(web + len - 4, ".git") == 0)
        web[len - 4] = '\0';
    return web;
}

static const char *forge_path(const char *web)
{
    for (size_t i = 0; i < ARRAY_LEN(forges); i++) {
        size_t len = strlen(forges[i].host);
        if (strncmp(web, "https://", 8) == 0 && strncasecmp(web + 8, forges[i].host, len) == 0 &&
            web[8 + len] == '/')
            return forges[i].path;
    }
    return NULL;
}

json_t *labels_version_control(const json_t *labels)
{
    static const char *const url_keys[] = {SCHEMA "vcs-url", OCI "source"};
    static const char *const commit_keys[] = {SCHEMA "vcs-ref", OCI "revision"};
    const char *url = first_of(labels, url_keys, ARRAY_LEN(url_keys));
    const char *commit = first_of(labels, commit_keys, ARRAY_LEN(commit_keys));
    if (!*url || !*commit)
        return NULL;
    AUTO(free) char *web = web_url(url);
    const char *path = forge_path(web);
    const char *type = jsonx_str(labels, SCHEMA "vcs-type");
    json_t *control = json_object();
    json_object_set_new(control, "Type", json_string(path || !*type ? "git" : type));
    json_object_set_new(control, "URL",
                        path ? json_sprintf("%s%s%s", web, path, commit) : json_string(web));
    json_object_set_new(control, "Commit", json_string(commit));
    return control;
}
