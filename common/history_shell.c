#include "history_shell.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define MAX_ARGUMENTS 1000

static const char powershell_quiet[] = "powershell -Command $ErrorActionPreference = 'Stop'; "
                                       "$ProgressPreference = 'SilentlyContinue'; ";

/* Longer ones before their own beginnings. */
static const char *const shells[] = {
    "/bin/sh -c ",
    "/bin/bash -o pipefail -c ",
    "/bin/bash -eo pipefail -c ",
    "/bin/bash -c ",
    "/bin/ash -eo pipefail -c ",
    "/bin/ash -c ",
    "cmd /S /C ",
    powershell_quiet,
    "powershell -Command $ErrorActionPreference = 'Stop'; ",
    "powershell -Command ",
};

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

const char *shell_skip(const char *text, const char *current)
{
    if (has_prefix(text, current))
        return text + strlen(current);
    for (size_t i = 0; i < ARRAY_LEN(shells); i++)
        if (has_prefix(text, shells[i]))
            return text + strlen(shells[i]);
    return NULL;
}

/* Length of the name in front of '=', 0 if this is no "NAME=". */
static size_t name_len(const char *text)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
    bool starts_with_digit = *text >= '0' && *text <= '9';
    return text[len] == '=' && !starts_with_digit ? len : 0;
}

static const char *next_word(const char *text)
{
    text += strcspn(text, " ");
    return *text ? text + 1 : text;
}

/* One "NAME=value": with the known value if it fits, else up to the next blank. */
static const char *skip_one(const char *text, const json_t *known)
{
    size_t len = name_len(text);
    if (!len)
        return NULL;
    AUTO(free) char *name = xstrndup(text, len);
    const char *value = json_string_value(json_object_get(known, name));
    const char *at = text + len + 1;
    if (value && *value && has_prefix(at, value) && at[strlen(value)] == ' ')
        return at + strlen(value) + 1;
    return next_word(at);
}

/* Where values have blanks that no ARG entry explains: up to the first words of the shell that have
 * at least `count` names before them. */
static const char *skip_to_shell(const char *text, const char *shell, long count, bool *ret_sure)
{
    long names = 0;
    if (!name_len(text))
        return NULL;
    for (const char *at = text; *at; at = next_word(at)) {
        if (names >= count && has_prefix(at, shell)) {
            *ret_sure = names == count;
            return at;
        }
        names += name_len(at) > 0;
    }
    return NULL;
}

const char *build_arguments_skip(const char *text, const json_t *known, const char *shell,
                                 bool *ret_sure)
{
    *ret_sure = true;
    if (*text != '|')
        return text;
    char *end;
    long count = strtol(text + 1, &end, 10);
    if (end == text + 1 || *end != ' ' || count < 0 || count > MAX_ARGUMENTS)
        return text;
    const char *behind_count = end + 1;
    const char *at = behind_count;
    for (long i = 0; i < count && at; i++)
        at = skip_one(at, known);
    if (at && shell_skip(at, shell))
        return at;
    const char *at_shell = skip_to_shell(behind_count, shell, count, ret_sure);
    if (at_shell)
        return at_shell;
    *ret_sure = false; /* exec form: no shell tells where the arguments end */
    return at ? at : text;
}

/* True for "A=1 B=2", where each word is an argument of its own. */
static bool is_list(const char *text)
{
    for (const char *at = text; *at; at = next_word(at))
        if (!name_len(at))
            return false;
    return true;
}

void build_arguments_note(json_t *known, const char *text)
{
    bool several = is_list(text);
    for (const char *at = text; *at && json_object_size(known) < MAX_ARGUMENTS;
         at = next_word(at)) {
        size_t len = name_len(at);
        if (!len)
            return;
        AUTO(free) char *name = xstrndup(at, len);
        const char *value = at + len + 1;
        json_object_set_new(known, name,
                            json_stringn(value, several ? strcspn(value, " ") : strlen(value)));
        if (!several)
            return;
    }
}
