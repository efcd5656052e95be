#include "kubeconfig.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "base64.h"
#include "err.h"
#include "kube_access.h"
#include "mem.h"
#include "url.h"

#define MAX_FILES 8
#define MAX_FILE_BYTES ((size_t)1 << 20)

struct config_file {
    char *path;
    yaml_document_t document;
};

/* The files in their order, and why they cannot be used. */
struct reading {
    struct config_file files[MAX_FILES];
    size_t count;
    char **ret_why;
};

/* One mapping of a file: what names, contexts, clusters and users are. */
struct entry {
    const char *what; /* for messages: "user" */
    struct config_file *file;
    yaml_node_t *map; /* NULL: not found */
};

__attribute__((format(printf, 2, 3))) static int refuse(const struct reading *reading,
                                                        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        abort();
    va_end(args);
    free(*reading->ret_why);
    *reading->ret_why = text;
    return ERR_INVALID;
}

/* YAML */

static yaml_node_t *member(yaml_document_t *document, const yaml_node_t *map, const char *key)
{
    if (!map || map->type != YAML_MAPPING_NODE)
        return NULL;
    for (yaml_node_pair_t *pair = map->data.mapping.pairs.start; pair < map->data.mapping.pairs.top;
         pair++) {
        yaml_node_t *name = yaml_document_get_node(document, pair->key);
        if (name && name->type == YAML_SCALAR_NODE &&
            strcmp((char *)name->data.scalar.value, key) == 0)
            return yaml_document_get_node(document, pair->value);
    }
    return NULL;
}

/* NULL where it is missing, empty, null or no scalar. */
static const char *text_of(yaml_document_t *document, const yaml_node_t *map, const char *key)
{
    const yaml_node_t *value = member(document, map, key);
    if (!value || value->type != YAML_SCALAR_NODE)
        return NULL;
    const char *text = (const char *)value->data.scalar.value;
    bool is_plain = value->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    bool is_null = is_plain && (strcmp(text, "null") == 0 || strcmp(text, "~") == 0);
    return *text && !is_null ? text : NULL;
}

static const char *entry_text(const struct entry *entry, const char *key)
{
    return text_of(&entry->file->document, entry->map, key);
}

static bool entry_has(const struct entry *entry, const char *key)
{
    const yaml_node_t *value = member(&entry->file->document, entry->map, key);
    return value && (value->type != YAML_SCALAR_NODE || entry_text(entry, key));
}

static bool entry_is_true(const struct entry *entry, const char *key)
{
    const char *text = entry_text(entry, key);
    return text && (strcmp(text, "true") == 0 || strcmp(text, "True") == 0);
}

/* Files */

static int parse_file(struct reading *reading, const char *path, const char *text)
{
    yaml_parser_t parser;
    struct config_file *file = &reading->files[reading->count];
    if (!yaml_parser_initialize(&parser))
        abort();
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
    int err = 0;
    if (!yaml_parser_load(&parser, &file->document)) {
        err = refuse(reading, "%s: line %zu: %s", path, parser.problem_mark.line + 1,
                     parser.problem ? parser.problem : "is no YAML");
    } else {
        file->path = xstrdup(path);
        reading->count++;
    }
    yaml_parser_delete(&parser);
    return err;
}

static int read_files(struct reading *reading, const char *paths)
{
    AUTO(free) char *copy = xstrdup(paths);
    bool is_list = strchr(paths, ':');
    char *rest = NULL;
    for (char *path = strtok_r(copy, ":", &rest); path; path = strtok_r(NULL, ":", &rest)) {
        if (is_list && access(path, F_OK) != 0)
            continue;
        if (reading->count == MAX_FILES)
            return refuse(reading, "more than %d kubeconfig files", MAX_FILES);
        char *text = kube_read_file(path, MAX_FILE_BYTES, reading->ret_why);
        if (!text)
            return ERR_INVALID;
        int err = parse_file(reading, path, text);
        explicit_bzero(text, strlen(text));
        free(text);
        if (err)
            return err;
    }
    return reading->count ? 0 : refuse(reading, "%s: there is no such file", paths);
}

static void reading_release(struct reading *reading)
{
    for (size_t i = 0; i < reading->count; i++) {
        free(reading->files[i].path);
        yaml_document_delete(&reading->files[i].document);
    }
}

static void reading_cleanup(struct reading *reading)
{
    reading_release(reading);
}

/* Entries */

/* Of `clusters: [{name: NAME, cluster: {...}}]` the inner mapping, and likewise. */
static yaml_node_t *find_in_file(struct config_file *file, const char *list, const char *what,
                                 const char *name)
{
    yaml_document_t *document = &file->document;
    const yaml_node_t *items = member(document, yaml_document_get_root_node(document), list);
    if (!items || items->type != YAML_SEQUENCE_NODE)
        return NULL;
    for (yaml_node_item_t *item = items->data.sequence.items.start;
         item < items->data.sequence.items.top; item++) {
        const yaml_node_t *map = yaml_document_get_node(document, *item);
        const char *own = text_of(document, map, "name");
        if (own && strcmp(own, name) == 0)
            return member(document, map, what);
    }
    return NULL;
}

static int find_entry(struct reading *reading, const char *list, const char *what, const char *name,
                      struct entry *ret_entry)
{
    for (size_t i = 0; name && i < reading->count; i++) {
        yaml_node_t *map = find_in_file(&reading->files[i], list, what, name);
        if (!map)
            continue;
        *ret_entry = (struct entry){.what = what, .file = &reading->files[i], .map = map};
        return 0;
    }
    (void)refuse(reading, "%s: %s %s is not there", reading->files[0].path, what,
                 name ? name : "(none is named)");
    return ERR_INVALID;
}

static const char *current_context(struct reading *reading)
{
    const char *name = NULL;
    for (size_t i = 0; i < reading->count && !name; i++) {
        yaml_document_t *document = &reading->files[i].document;
        name = text_of(document, yaml_document_get_root_node(document), "current-context");
    }
    return name;
}

static int refuse_members(const struct reading *reading, const struct entry *entry,
                          const char *const *names)
{
    for (; *names; names++)
        if (entry_has(entry, *names))
            return refuse(reading,
                          "%s: the %s has %s, which is not supported: use a token, tokenFile or a "
                          "client certificate, and a server that is reached directly",
                          entry->file->path, entry->what, *names);
    return 0;
}

static char *path_beside(const struct entry *entry, const char *path)
{
    const char *slash = strrchr(entry->file->path, '/');
    if (*path == '/' || !slash)
        return xstrdup(path);
    return xasprintf("%.*s/%s", (int)(slash - entry->file->path), entry->file->path, path);
}

/* Without the line breaks of YAML's block texts. */
static char *without_blanks(const char *text)
{
    char *copy = xstrdup(text);
    char *to = copy;
    for (const char *from = text; *from; from++)
        if (!strchr(" \t\r\n", *from))
            *to++ = *from;
    *to = '\0';
    return copy;
}

/* `key` is a path, `key-data` the same in base64, which wins. */
static int read_secret(const struct reading *reading, const struct entry *entry, const char *key,
                       struct kube_secret *secret)
{
    AUTO(free) char *data_key = xasprintf("%s-data", key);
    const char *data = entry_text(entry, data_key);
    const char *path = entry_text(entry, key);
    if (!data) {
        secret->path = path ? path_beside(entry, path) : NULL;
        return 0;
    }
    AUTO(free) char *compact = without_blanks(data);
    size_t len;
    if (base64_decode(compact, &secret->text, &len) != 0)
        return refuse(reading, "%s: %s of the %s is no base64", entry->file->path, data_key,
                      entry->what);
    return 0;
}

static int read_cluster(const struct reading *reading, const struct entry *cluster,
                        struct kube_access *access)
{
    static const char *const unsupported[] = {"proxy-url", NULL};
    const char *server = entry_text(cluster, "server");
    int err = refuse_members(reading, cluster, unsupported);
    if (err)
        return err;
    if (!server || kube_access_set_server(access, server, entry_text(cluster, "tls-server-name")))
        return refuse(reading, "%s: the server of the cluster is no http: or https: URL",
                      cluster->file->path);
    access->is_unverified = entry_is_true(cluster, "insecure-skip-tls-verify");
    return read_secret(reading, cluster, "certificate-authority", &access->ca);
}

static int read_user(const struct reading *reading, const struct entry *user,
                     struct kube_access *access)
{
    static const char *const unsupported[] = {"exec", "auth-provider", "username",  "password",
                                              "as",   "as-uid",        "as-groups", "as-user-extra",
                                              NULL};
    int err = refuse_members(reading, user, unsupported);
    const char *token_file = entry_text(user, "tokenFile");
    const char *token = entry_text(user, "token");
    access->token.path = token_file ? path_beside(user, token_file) : NULL;
    access->token.text = token && !token_file ? xstrdup(token) : NULL;
    if (!err)
        err = read_secret(reading, user, "client-certificate", &access->cert);
    if (!err)
        err = read_secret(reading, user, "client-key", &access->key);
    return err;
}

/* A token would be readable by all on the way. */
static bool is_exposed(const struct kube_access *access)
{
    AUTO(url) struct url url = {0};
    if (!access->token.text || url_parse(access->server, &url) != 0)
        return false;
    bool is_local = strcmp(url.host, "127.0.0.1") == 0 || strcmp(url.host, "localhost") == 0 ||
                    strcmp(url.host, "::1") == 0;
    return strcmp(url.scheme, "http") == 0 && !is_local;
}

static int read_context(struct reading *reading, struct kube_access *access)
{
    struct entry context;
    struct entry cluster;
    struct entry user;
    int err = find_entry(reading, "contexts", "context", current_context(reading), &context);
    if (!err)
        err = find_entry(reading, "clusters", "cluster", entry_text(&context, "cluster"), &cluster);
    if (!err)
        err = find_entry(reading, "users", "user", entry_text(&context, "user"), &user);
    if (!err)
        err = read_cluster(reading, &cluster, access);
    if (!err)
        err = read_user(reading, &user, access);
    if (err)
        return err;
    const char *ns = entry_text(&context, "namespace");
    access->ns = xstrdup(ns ? ns : "default");
    bool changed;
    err = kube_access_read(access, &changed, reading->ret_why);
    if (!err && is_exposed(access))
        err = refuse(reading,
                     "%s: a token would go unencrypted to %s: use https:", cluster.file->path,
                     access->server);
    return err;
}

int kubeconfig_read(const char *paths, struct kube_access *ret_access, char **ret_why)
{
    char *why = NULL;
    AUTO(kube_access) struct kube_access access = {0};
    AUTO(reading) struct reading reading = {.ret_why = &why};
    int err = read_files(&reading, paths);
    if (!err)
        err = read_context(&reading, &access);
    if (err) {
        *ret_why = why;
        return err;
    }
    *ret_access = access;
    access = (struct kube_access){0};
    return 0;
}
