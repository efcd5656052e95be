#include "aws_profile.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "aws_env.h"
#include "aws_source.h"
#include "err.h"
#include "mem.h"

#define DEFAULT_NAME "default"
#define BLANKS " \t\r"

void aws_profile_release(struct aws_profile *profile)
{
    aws_text_free(profile->access_key);
    aws_text_free(profile->secret_key);
    aws_text_free(profile->session_token);
    free(profile->region);
    free(profile->other_way);
    *profile = (struct aws_profile){0};
}

/* One line; all but its settings is left out. */
struct line {
    char *name; /* of the setting, or of the section */
    const char *value;
    bool is_section;
    bool is_indented;
};

/* Without blanks around it. */
static char *trim(char *text)
{
    text += strspn(text, BLANKS);
    size_t len = strlen(text);
    while (len > 0 && strchr(BLANKS, text[len - 1]))
        text[--len] = '\0';
    return text;
}

/* "# ..." and "; ...", at the start of a line or behind a blank. */
static void cut_comment(char *text)
{
    for (char *at = text; *at; at++) {
        if ((*at == '#' || *at == ';') && (at == text || strchr(BLANKS, at[-1]))) {
            *at = '\0';
            return;
        }
    }
}

/* Takes the line apart in place; false where there is nothing in it. */
static bool line_parse(char *text, struct line *ret_line)
{
    struct line line = {.is_indented = *text == ' ' || *text == '\t'};
    cut_comment(text);
    text = trim(text);
    char *end = *text == '[' ? strchr(text, ']') : strchr(text, '=');
    if (!end)
        return false;
    *end = '\0';
    line.is_section = *text == '[';
    line.name = trim(line.is_section ? text + 1 : text);
    line.value = line.is_section ? "" : trim(end + 1);
    *ret_line = line;
    return line.is_section || *line.name;
}

static bool is_section_of(char *section, bool is_config_file, const char *name)
{
    if (strcmp(section, name) == 0)
        return !is_config_file || strcmp(name, DEFAULT_NAME) == 0;
    if (!is_config_file || strncmp(section, "profile", 7) != 0 || !strchr(BLANKS, section[7]))
        return false;
    char *own = trim(section + 7);
    size_t len = strlen(own);
    if (len > 1 && own[0] == '"' && own[len - 1] == '"') {
        own[len - 1] = '\0';
        own++;
    }
    return *own && strcmp(own, name) == 0;
}

static void set(struct aws_profile *profile, const char *name, const char *value)
{
    static const char *const other_ways[] = {
        "role_arn",           "source_profile", "credential_source", "web_identity_token_file",
        "credential_process", "sso_session",    "sso_start_url",     "login_session",
    };
    char **target = strcasecmp(name, "aws_access_key_id") == 0       ? &profile->access_key
                    : strcasecmp(name, "aws_secret_access_key") == 0 ? &profile->secret_key
                    : strcasecmp(name, "aws_session_token") == 0     ? &profile->session_token
                    : strcasecmp(name, "region") == 0                ? &profile->region
                                                                     : NULL;
    for (size_t i = 0; i < ARRAY_LEN(other_ways) && !target; i++) {
        if (strcasecmp(name, other_ways[i]) == 0) {
            target = &profile->other_way;
            value = other_ways[i];
        }
    }
    if (!target || !*value)
        return;
    aws_text_free(*target);
    *target = xstrdup(value);
}

bool aws_profile_parse(struct aws_profile *profile, const char *text, bool is_config_file,
                       const char *name)
{
    AUTO(aws_text) char *copy = xstrdup(text);
    bool is_found = false;
    bool is_inside = false;
    bool is_nested = false; /* indented lines belong to the setting without a value above them */
    char *rest = copy;
    for (char *at; (at = strsep(&rest, "\n"));) {
        struct line line;
        if (!line_parse(at, &line))
            continue;
        if (line.is_section) {
            is_inside = is_section_of(line.name, is_config_file, name);
            is_found |= is_inside;
        }
        if (!line.is_indented)
            is_nested = !line.is_section && !*line.value;
        if (is_inside && !line.is_section && !(line.is_indented && is_nested))
            set(profile, line.name, line.value);
    }
    return is_found;
}

/* Files */

/* Keys of two files are not mixed. */
static void prefer_keys(struct aws_profile *profile, struct aws_profile *stronger)
{
    if (stronger->access_key || stronger->secret_key) {
        aws_text_free(profile->access_key);
        aws_text_free(profile->secret_key);
        aws_text_free(profile->session_token);
        profile->access_key = TAKE(stronger->access_key);
        profile->secret_key = TAKE(stronger->secret_key);
        profile->session_token = TAKE(stronger->session_token);
    }
    if (!profile->region)
        profile->region = TAKE(stronger->region);
    if (!profile->other_way)
        profile->other_way = TAKE(stronger->other_way);
}

/* NULL with err 0: there is none, and nobody named one. */
static int read_shared(const char *variable, const char *base_name, char **ret_text, char **ret_why)
{
    const char *path = aws_env(variable);
    const char *home = secure_getenv("HOME");
    AUTO(free) char *usual = xasprintf("%s/.aws/%s", home ? home : "", base_name);
    *ret_text = NULL;
    if (!path && (!home || access(usual, F_OK) != 0))
        return 0;
    return aws_file_read(path ? path : usual, ret_text, ret_why);
}

int aws_profile_load(struct aws_profile *ret_profile, char **ret_why)
{
    const char *named = aws_env("AWS_PROFILE");
    const char *name = named ? named : DEFAULT_NAME;
    AUTO(aws_text) char *config = NULL;
    AUTO(aws_text) char *credentials = NULL;
    if (read_shared("AWS_CONFIG_FILE", "config", &config, ret_why) != 0 ||
        read_shared("AWS_SHARED_CREDENTIALS_FILE", "credentials", &credentials, ret_why) != 0)
        return ERR_INVALID;
    struct aws_profile profile = {0};
    AUTO(aws_profile) struct aws_profile stronger = {0};
    bool is_found = config && aws_profile_parse(&profile, config, true, name);
    is_found |= credentials && aws_profile_parse(&stronger, credentials, false, name);
    if (named && !is_found) {
        *ret_why = xasprintf("AWS_PROFILE is \"%s\", which is in neither of the files", name);
        return ERR_INVALID;
    }
    prefer_keys(&profile, &stronger);
    *ret_profile = profile;
    return 0;
}

/* The source of keys */

/* A profile without keys, which only says a region, is no source of them. */
static bool is_configured(char **ret_problem)
{
    AUTO(aws_profile) struct aws_profile profile = {0};
    if (aws_profile_load(&profile, ret_problem) != 0)
        return true;
    if (profile.other_way)
        *ret_problem = xasprintf("its AWS profile has %s: only profiles with aws_access_key_id and "
                                 "aws_secret_access_key can be used",
                                 profile.other_way);
    return profile.other_way || profile.access_key || profile.secret_key;
}

static int load(struct aws_keys *ret_keys, char **ret_why)
{
    AUTO(aws_profile) struct aws_profile profile = {0};
    int err = aws_profile_load(&profile, ret_why);
    if (err)
        return err;
    const char *why = NULL;
    const struct aws_key_texts texts = {
        .access_key = profile.access_key,
        .secret_key = profile.secret_key,
        .session_token = profile.session_token,
    };
    err = aws_keys_make(&texts, ret_keys, &why);
    if (err)
        *ret_why = xstrdup(why);
    return err;
}

const struct aws_source aws_profile_source = {
    .name = "the profile",
    .is_configured = is_configured,
    .load = load,
};
