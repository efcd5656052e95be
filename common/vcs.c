#include "vcs.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "jsonx.h"
#include "labels.h"
#include "mem.h"
#include "utf8.h"

#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define OCI "org.opencontainers.image."
#define SCHEMA "org.label-schema."

/* A way of showing commits. */
struct forge {
    const char *host;        /* a whole name, or with a dot at its end how names begin */
    const char *commit_path; /* behind the repository's address */
    bool has_groups;         /* repositories may be deeper than owner/name */
    bool only_commits;       /* no tags or branches under that path */
};

static const struct forge forges[] = {
    {"github.com", "/tree/", false, false},     {"gitlab.com", "/-/tree/", true, false},
    {"bitbucket.org", "/src/", false, false},   {"codeberg.org", "/src/commit/", false, true},
    {"gitea.com", "/src/commit/", false, true}, {"gitlab.", "/-/tree/", true, false},
    {"gitea.", "/src/commit/", false, true},    {"forgejo.", "/src/commit/", false, true},
};

/* The forge of "host/...", NULL if unknown. */
static const struct forge *find_forge(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(forges); i++) {
        size_t len = strlen(forges[i].host);
        bool is_prefix = forges[i].host[len - 1] == '.';
        if (strncasecmp(text, forges[i].host, len) == 0 && (is_prefix || text[len] == '/'))
            return &forges[i];
    }
    return NULL;
}

/* How an address begins. */
enum form { FORM_NONE, FORM_WEB, FORM_PLAIN_WEB, FORM_OTHER_PORT, FORM_SCP };

/* ret_rest is what stands behind the scheme. The ports of git and ssh are not those of pages. */
static enum form find_form(const char *address, const char **ret_rest)
{
    static const struct {
        const char *scheme;
        enum form form;
    } schemes[] = {
        {"https://", FORM_WEB},          {"http://", FORM_PLAIN_WEB}, {"git+https://", FORM_WEB},
        {"git+http://", FORM_PLAIN_WEB}, {"git://", FORM_OTHER_PORT}, {"ssh://", FORM_OTHER_PORT},
        {"git+ssh://", FORM_OTHER_PORT},
    };
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        size_t len = strlen(schemes[i].scheme);
        if (strncasecmp(address, schemes[i].scheme, len) == 0) {
            *ret_rest = address + len;
            return schemes[i].form;
        }
    }
    *ret_rest = address;
    size_t user_len = strspn(address, LETTERS_AND_DIGITS "-_.");
    if (user_len && address[user_len] == '@' && strchr(address, ':'))
        return FORM_SCP;
    return find_forge(address) ? FORM_WEB : FORM_NONE;
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

static void cut_front(char *text, size_t len)
{
    memmove(text, text + len, strlen(text + len) + 1);
}

/* "user:password@HOST:22/path" to "host/path"; false if that is no host and path. */
static bool keep_host_and_path(char *text, enum form form)
{
    size_t len = strcspn(text, form == FORM_SCP ? ":/" : "/");
    if (form == FORM_SCP) {
        if (text[len] != ':')
            return false;
        text[len] = '/';
    }
    for (char *slashes = text; (slashes = strstr(slashes, "//"));)
        cut_front(slashes, 1);
    char *at = memrchr(text, '@', len);
    if (at)
        cut_front(text, (size_t)(at + 1 - text));
    size_t host_len = strspn(text, LETTERS_AND_DIGITS ".-");
    for (size_t i = 0; i < host_len; i++)
        text[i] = (char)tolower((unsigned char)text[i]);
    size_t port_len = text[host_len] == ':' ? 1 + strspn(text + host_len + 1, "0123456789") : 0;
    if (form == FORM_OTHER_PORT)
        cut_front(text + host_len, port_len);
    else
        host_len += port_len;
    return host_len > 0 && isalnum((unsigned char)text[0]) && text[host_len] == '/' &&
           text[host_len + 1];
}

/* Of a page within a repository leaves the repository. */
static void cut_page(char *text, const struct forge *forge)
{
    char *page = strstr(text, "/-/"); /* how GitLab parts repositories from their pages */
    if (page)
        *page = '\0';
    char *owner = strchr(text, '/');
    char *name = owner ? strchr(owner + 1, '/') : NULL;
    char *more = name ? strchr(name + 1, '/') : NULL;
    if (more && forge && !forge->has_groups)
        *more = '\0';
}

/* As vcs_repository; ret_form is how it was written. */
static char *read_address(const char *address, enum form *ret_form)
{
    const char *rest;
    *ret_form = find_form(address, &rest);
    if (*ret_form == FORM_NONE || strlen(rest) > VCS_ADDRESS_MAX_BYTES || !is_web_text(rest))
        return NULL;
    AUTO(free) char *text = xstrndup(rest, strcspn(rest, "?#"));
    if (!keep_host_and_path(text, *ret_form))
        return NULL;
    const struct forge *forge = find_forge(text);
    cut_page(text, forge);
    cut_suffix(text, "/");
    cut_suffix(text, ".git");
    cut_suffix(text, "/");
    const char *path = strchr(text, '/');
    bool is_whole = path && (!forge || strchr(path + 1, '/')); /* owner and name */
    return is_whole ? TAKE(text) : NULL;
}

char *vcs_repository(const char *address)
{
    enum form form;
    return read_address(address, &form);
}

static bool is_commit_id(const char *text)
{
    size_t len = strspn(text, "0123456789abcdefABCDEF");
    return !text[len] && len >= 7;
}

/* What may stand in a page's path: a commit, a tag or a branch. */
static bool is_revision(const char *text)
{
    size_t len = strspn(text, LETTERS_AND_DIGITS "._/-");
    return len > 0 && len <= VCS_COMMIT_MAX_BYTES && !text[len] && !strstr(text, "..") &&
           *text != '/';
}

static json_t *page_of(const char *repository, enum form form, const char *revision)
{
    const struct forge *forge = find_forge(repository);
    bool has_page =
        forge && is_revision(revision) && (!forge->only_commits || is_commit_id(revision));
    return json_sprintf("%s://%s%s%s", !forge && form == FORM_PLAIN_WEB ? "http" : "https",
                        repository, has_page ? forge->commit_path : "", has_page ? revision : "");
}

/* Both from one family where it has both: a base image's labels are inherited, and its revision
 * says nothing of this image's source. */
static bool find_both(const json_t *labels, const char **ret_address, const char **ret_revision)
{
    const char *addresses[] = {jsonx_str(labels, SCHEMA "vcs-url"), jsonx_str(labels, OCI "source"),
                               labels_value_containing(labels, "vcs-url")};
    const char *revisions[] = {jsonx_str(labels, SCHEMA "vcs-ref"),
                               jsonx_str(labels, OCI "revision"),
                               labels_value_containing(labels, "vcs-ref")};
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        if (*addresses[i] && *revisions[i]) {
            *ret_address = addresses[i];
            *ret_revision = revisions[i];
            return true;
        }
    }
    *ret_address = *addresses[1] ? addresses[1] : addresses[2];
    *ret_revision = *revisions[1] ? revisions[1] : revisions[2];
    return **ret_address && **ret_revision;
}

json_t *vcs_of(const json_t *labels)
{
    const char *address;
    const char *revision;
    const char *type = jsonx_str(labels, SCHEMA "vcs-type");
    if (!*type)
        type = labels_value_containing(labels, "vcs-type");
    if (!find_both(labels, &address, &revision) || (*type && strcasecmp(type, "git") != 0))
        return NULL;
    enum form form;
    AUTO(free) char *repository = read_address(address, &form);
    if (!repository)
        return NULL;
    json_t *control = json_object();
    json_object_set_new(control, "Type", json_string("git"));
    json_object_set_new(control, "URL", page_of(repository, form, revision));
    json_object_set_new(control, "Commit",
                        json_stringn(revision, utf8_cut(revision, VCS_COMMIT_MAX_BYTES)));
    return control;
}
