#include "docker_config.h"

#include <ctype.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base64.h"
#include "err.h"
#include "jsonx.h"
#include "mem.h"
#include "strbuf.h"

#define PROBLEMS_MAX_BYTES 4096
#define KEY_MAX_BYTES 512

struct docker_config {
    struct docker_credential *credentials;
    size_t count;
};

static void credential_release(struct docker_credential *credential)
{
    free(credential->key);
    free(credential->user);
    free(credential->password);
    free(credential->identity_token);
}

/* "https://index.docker.io/v1/" to "docker.io", "Quay.io/org/" to "quay.io/org". Caller frees. */
static char *key_normalised(const char *key)
{
    bool is_url = strncasecmp(key, "https://", 8) == 0 || strncasecmp(key, "http://", 7) == 0;
    const char *from = is_url ? strstr(key, "//") + 2 : key;
    size_t host_len = strcspn(from, "/");
    size_t len = is_url ? host_len : strlen(from);
    while (len > host_len && from[len - 1] == '/')
        len--;
    AUTO(free) char *host = xstrndup(from, host_len);
    for (char *c = host; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    bool is_hub = strcmp(host, "index.docker.io") == 0 || strcmp(host, "registry-1.docker.io") == 0;
    const char *path = from + host_len;
    size_t path_len = len - host_len;
    bool is_version = path_len == 3 && (!strncmp(path, "/v1", 3) || !strncmp(path, "/v2", 3));
    return xasprintf("%s%.*s", is_hub ? "docker.io" : host, is_version ? 0 : (int)path_len, path);
}

/* It goes into headers and forms. */
static bool is_plain(const char *text)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    return true;
}

/* "user:password" in base64; a sentence where it is not, else NULL. */
static const char *take_auth(const char *auth, struct docker_credential *credential)
{
    AUTO(free) char *text = NULL;
    size_t len;
    if (base64_decode(auth, &text, &len) != 0)
        return "its \"auth\" is no base64";
    char *colon = strchr(text, ':'); /* what is behind a NUL is Docker's padding */
    if (!colon || colon == text)
        return "its \"auth\" is not user:password";
    credential->user = xstrndup(text, (size_t)(colon - text));
    credential->password = xstrdup(colon + 1);
    return NULL;
}

static const char *take_entry(const json_t *entry, struct docker_credential *credential)
{
    const char *auth = jsonx_str(entry, "auth");
    const char *why = NULL;
    if (!json_is_object(entry))
        return "is no object";
    if (*jsonx_str(entry, "registrytoken"))
        return "\"registrytoken\" is not supported: give user and password or an identity token";
    credential->identity_token = xstrdup(jsonx_str(entry, "identitytoken"));
    if (*auth) {
        why = take_auth(auth, credential);
    } else {
        credential->user = xstrdup(jsonx_str(entry, "username"));
        credential->password = xstrdup(jsonx_str(entry, "password"));
    }
    if (why)
        return why;
    if (!*credential->identity_token && (!*credential->user || !*credential->password))
        return "has neither user and password nor an identity token";
    if (strchr(credential->user, ':'))
        return "its user has a colon";
    return is_plain(credential->user) && is_plain(credential->password) &&
                   is_plain(credential->identity_token)
               ? NULL
               : "has control characters";
}

static void add_entry(struct docker_config *config, const char *key, const json_t *entry,
                      struct strbuf *problems)
{
    struct docker_credential credential = {0};
    const char *why = strlen(key) > KEY_MAX_BYTES ? "its name is too long" : NULL;
    if (!why)
        why = take_entry(entry, &credential);
    credential.key = key_normalised(key);
    if (!why && !*credential.key)
        why = "names no host";
    if (why) {
        strbuf_addf(problems, "%sauths \"%.100s\": %s", problems->len ? "; " : "", key, why);
        credential_release(&credential);
        return;
    }
    config->credentials[config->count++] = credential;
}

/* Docker would run a program for these. */
static void check_programs(const json_t *json, struct strbuf *problems)
{
    static const char *const members[] = {"credHelpers", "credsStore"};
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const json_t *value = json_object_get(json, members[i]);
        bool is_set = json_string_length(value) > 0 || json_object_size(value) > 0;
        if (is_set)
            strbuf_addf(problems,
                        "%s\"%s\" is not supported: no other program is asked for credentials, put "
                        "them into \"auths\"",
                        problems->len ? "; " : "", members[i]);
    }
}

static void read_auths(struct docker_config *config, const json_t *json, struct strbuf *problems)
{
    json_t *auths = json_object_get(json, "auths");
    const char *key;
    json_t *entry;
    if (auths && !json_is_object(auths))
        strbuf_adds(problems, "\"auths\" is no object");
    config->credentials = xcalloc(json_object_size(auths) + 1, sizeof(*config->credentials));
    json_object_foreach(auths, key, entry) add_entry(config, key, entry, problems);
}

int docker_config_parse(const char *text, size_t len, struct docker_config **ret_config,
                        char **ret_why)
{
    json_error_t error;
    JSON_AUTO
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(json)) {
        /* jansson's own words would repeat what stands there. */
        *ret_why = json ? xstrdup("it is no JSON object")
                        : xasprintf("it is no JSON: see line %d", error.line);
        return ERR_INVALID;
    }
    struct docker_config *config = xcalloc(1, sizeof(*config));
    AUTO(strbuf) struct strbuf problems = STRBUF_INIT(PROBLEMS_MAX_BYTES);
    read_auths(config, json, &problems);
    check_programs(json, &problems);
    if (problems.len) {
        *ret_why = strbuf_detach(&problems);
        docker_config_free(config);
        return ERR_INVALID;
    }
    *ret_config = config;
    return 0;
}

void docker_config_free(struct docker_config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->count; i++)
        credential_release(&config->credentials[i]);
    free(config->credentials);
    free(config);
}

const struct docker_credential *docker_config_find(const struct docker_config *config,
                                                   const char *host, const char *path)
{
    AUTO(free) char *name = xasprintf("%s/%s", host, path);
    const struct docker_credential *found = NULL;
    for (size_t i = 0; i < config->count; i++) {
        const struct docker_credential *credential = &config->credentials[i];
        size_t len = strlen(credential->key);
        bool leads_there =
            strncmp(name, credential->key, len) == 0 && (name[len] == '/' || name[len] == '\0');
        if (leads_there && (!found || len >= strlen(found->key)))
            found = credential;
    }
    return found;
}
