#include "labels.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "jsonx.h"
#include "mem.h"

#define OCI "org.opencontainers.image."
#define SCHEMA "org.label-schema."
#define KEY_MAX_BYTES 256
#define LICENSE_ID_MAX_BYTES 64
#define COMMIT_MAX_BYTES 255

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The object's keys in order; caller frees the array. */
static const char **sorted_keys(const json_t *object, size_t *ret_count)
{
    const char **keys = xcalloc(json_object_size(object), sizeof(*keys));
    size_t count = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        bool is_scalar = !json_is_object(value) && !json_is_array(value) && !json_is_null(value);
        if (is_scalar && strlen(key) <= KEY_MAX_BYTES)
            keys[count++] = key;
    }
    if (count)
        qsort(keys, count, sizeof(*keys), compare_texts);
    *ret_count = count < LABELS_MAX ? count : LABELS_MAX;
    return keys;
}

static size_t cut_len(const char *text, size_t max)
{
    size_t len = strlen(text);
    if (len <= max)
        return len;
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
        max--;
    return max;
}

/* The most that a value may have, so that all together stay within the total. */
static size_t value_cap(const json_t *texts)
{
    size_t cap = LABEL_VALUE_MAX_BYTES;
    for (size_t total_bytes;; cap /= 2) {
        const char *key;
        json_t *value;
        total_bytes = 0;
        json_object_foreach((json_t *)texts, key, value)
        {
            size_t len = json_string_length(value);
            total_bytes += len < cap ? len : cap;
        }
        if (total_bytes <= LABELS_TOTAL_MAX_BYTES)
            return cap;
    }
}

json_t *labels_texts(const json_t *object)
{
    json_t *texts = json_object();
    size_t count;
    AUTO(free) const char **keys = sorted_keys(object, &count);
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_object_get(object, keys[i]);
        if (json_is_string(value)) {
            json_object_set(texts, keys[i], value);
        } else {
            AUTO(free) char *text = jsonx_dump(value);
            json_object_set_new(texts, keys[i], json_string(text));
        }
    }
    size_t cap = value_cap(texts);
    const char *key;
    json_t *value;
    json_object_foreach(texts, key, value)
    {
        const char *text = json_string_value(value);
        if (json_string_length(value) > cap)
            json_object_set_new(texts, key, json_stringn(text, cut_len(text, cap)));
    }
    return texts;
}

/* Licenses */

/* SPDX identifiers in their own spelling, and v1's two names for others; codes with a version
 * ("Apache-2.0") need no entry but for their spelling. */
static const struct {
    const char *code;
    const char *id;
} licenses[] = {
    {"0bsd", "0BSD"},
    {"agpl-3.0", "AGPL-3.0-only"},
    {"apache-2.0", "Apache-2.0"},
    {"artistic-2.0", "Artistic-2.0"},
    {"bsd-2-clause", "BSD-2-Clause"},
    {"bsd-3-clause", "BSD-3-Clause"},
    {"cc0-1.0", "CC0-1.0"},
    {"curl", "curl"},
    {"epl-2.0", "EPL-2.0"},
    {"gpl-2.0", "GPL-2.0-only"},
    {"gpl-3.0", "GPL-3.0-only"},
    {"gplv2", "GPL-2.0-only"},
    {"gplv3", "GPL-3.0-only"},
    {"isc", "ISC"},
    {"lgpl-2.1", "LGPL-2.1-only"},
    {"lgpl-3.0", "LGPL-3.0-only"},
    {"mit", "MIT"},
    {"mpl-2.0", "MPL-2.0"},
    {"ncsa", "NCSA"},
    {"openssl", "OpenSSL"},
    {"postgresql", "PostgreSQL"},
    {"python-2.0", "Python-2.0"},
    {"unlicense", "Unlicense"},
    {"wtfpl", "WTFPL"},
    {"x11", "X11"},
    {"zlib", "Zlib"},
};

/* The SPDX identifier that a code stands for; NULL for expressions and names of no license. Words
 * alone ("Proprietary") have no page; with a version behind a dash they look like an identifier. */
static const char *spdx_id(const char *code)
{
    for (size_t i = 0; i < ARRAY_LEN(licenses); i++)
        if (strcasecmp(code, licenses[i].code) == 0)
            return licenses[i].id;
    size_t len = strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-+");
    const char *dash = strpbrk(code, "-");
    bool looks_like_one = !code[len] && len <= LICENSE_ID_MAX_BYTES && dash &&
                          strpbrk(dash, "0123456789") && strncasecmp(code, "LicenseRef-", 11) != 0;
    return looks_like_one ? code : NULL;
}

/* The value of the first key of all that holds this word. */
static const char *value_by_word(const json_t *labels, const char *word)
{
    const char *found = "";
    const char *found_key = NULL;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)labels, key, value)
    {
        const char *text = json_is_string(value) ? json_string_value(value) : "";
        if (*text && strstr(key, word) && (!found_key || strcmp(key, found_key) < 0)) {
            found = text;
            found_key = key;
        }
    }
    return found;
}

json_t *labels_license(const json_t *labels)
{
    const char *code = jsonx_str(labels, SCHEMA "license");
    if (!*code)
        code = jsonx_str(labels, OCI "licenses");
    if (!*code)
        code = value_by_word(labels, "license");
    if (!*code)
        return NULL;
    json_t *license = json_object();
    json_object_set_new(license, "Code", json_string(code));
    const char *id = spdx_id(code);
    if (id)
        json_object_set_new(license, "URL", json_sprintf("https://spdx.org/licenses/%s.html", id));
    return license;
}

/* Version control */

/* Hosts whose pages show a commit, and under which path; a repository is owner/name there. */
static const struct {
    const char *host;
    const char *path;
} forges[] = {{"github.com", "/tree/"},
              {"gitlab.com", "/-/tree/"},
              {"bitbucket.org", "/src/"},
              {"codeberg.org", "/src/commit/"}};

/* The text behind "scheme://" or, in "git@host:path", behind the user; NULL for other forms. */
static const char *behind_scheme(const char *url, bool *ret_is_scp)
{
    static const char *const schemes[] = {"https://",     "http://",     "git://",    "ssh://",
                                          "git+https://", "git+http://", "git+ssh://"};
    *ret_is_scp = false;
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
            return url + strlen(schemes[i]);
    *ret_is_scp = strncmp(url, "git@", 4) == 0 && strchr(url, ':');
    return *ret_is_scp ? url + 4 : NULL;
}

static bool is_web_text(const char *text)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f || strchr("\"'<>\\^`{|}", *c))
            return false;
    return *text != '\0';
}

static void cut_suffix(char *text, const char *suffix)
{
    size_t len = strlen(text);
    size_t suffix_len = strlen(suffix);
    if (len > suffix_len && strcmp(text + len - suffix_len, suffix) == 0)
        text[len - suffix_len] = '\0';
}

/* "git@host:path", "ssh://git@host/path", "https://user:token@host/path.git#branch" to "host/path";
 * NULL for what is no address of that kind. Caller frees. */
static char *host_and_path(const char *url)
{
    bool is_scp;
    const char *rest = behind_scheme(url, &is_scp);
    if (!rest || !is_web_text(rest))
        return NULL;
    char *text = xstrndup(rest, strcspn(rest, "?#"));
    size_t host_len = strcspn(text, is_scp ? ":" : "/");
    if (is_scp && text[host_len])
        text[host_len] = '/';
    char *at = memrchr(text, '@', host_len);
    if (at)
        memmove(text, at + 1, strlen(at + 1) + 1);
    cut_suffix(text, "/");
    cut_suffix(text, ".git");
    size_t name_len = strcspn(text, "/");
    if (name_len == 0 || !text[name_len]) {
        free(text);
        return NULL;
    }
    return text;
}

/* The path of commits on a known host; cuts text to host/owner/name there. */
static const char *forge_path(char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(forges); i++) {
        size_t len = strlen(forges[i].host);
        if (strncasecmp(text, forges[i].host, len) != 0 || text[len] != '/')
            continue;
        char *name = strchr(text + len + 1, '/');
        char *more = name ? strchr(name + 1, '/') : NULL;
        if (!name)
            return NULL;
        if (more && strcmp(forges[i].host, "gitlab.com") != 0) { /* GitLab has groups in groups */
            *more = '\0';
            cut_suffix(text, ".git");
        }
        return forges[i].path;
    }
    return NULL;
}

static bool is_commit(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-") ==
               strlen(text) &&
           strlen(text) <= COMMIT_MAX_BYTES && !strstr(text, "..") && *text != '/';
}

/* Both from one family where it has both: a base image's labels are inherited, and its revision
 * says nothing of this image's source. */
static bool url_and_commit(const json_t *labels, const char **ret_url, const char **ret_commit)
{
    const char *urls[] = {jsonx_str(labels, SCHEMA "vcs-url"), jsonx_str(labels, OCI "source"),
                          value_by_word(labels, "vcs-url")};
    const char *commits[] = {jsonx_str(labels, SCHEMA "vcs-ref"), jsonx_str(labels, OCI "revision"),
                             value_by_word(labels, "vcs-ref")};
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        if (*urls[i] && *commits[i]) {
            *ret_url = urls[i];
            *ret_commit = commits[i];
            return true;
        }
    }
    *ret_url = *urls[1] ? urls[1] : urls[2];
    *ret_commit = *commits[1] ? commits[1] : commits[2];
    return **ret_url && **ret_commit;
}

json_t *labels_version_control(const json_t *labels)
{
    const char *url;
    const char *commit;
    const char *type = jsonx_str(labels, SCHEMA "vcs-type");
    if (!url_and_commit(labels, &url, &commit) || (*type && strcasecmp(type, "git") != 0))
        return NULL;
    AUTO(free) char *text = host_and_path(url);
    if (!text)
        return NULL;
    const char *path = forge_path(text);
    json_t *control = json_object();
    json_object_set_new(control, "Type", json_string("git"));
    json_object_set_new(control, "URL",
                        path && is_commit(commit)
                            ? json_sprintf("https://%s%s%s", text, path, commit)
                            : json_sprintf("https://%s", text));
    json_object_set_new(control, "Commit", json_string(commit));
    return control;
}
