#include "history_shell.h"

#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "jsonx.h"
#include "mem.h"

#define MAX_ARGUMENTS 1000

/* Behind "/bin/sh", "/usr/local/bin/bash" and the like and the blank; NULL if it is none. */
static const char *skip_shell_path(const char *text)
{
    static const char *const names[] = {"sh", "bash", "ash", "dash", "zsh", "ksh"};
    size_t len = strcspn(text, " ");
    const char *slash = memrchr(text, '/', len);
    if (!slash || *text != '/' || text[len] != ' ')
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strlen(names[i]) == (size_t)(text + len - slash - 1) && has_prefix(slash + 1, names[i]))
            return text + len + 1;
    return NULL;
}

/* Behind "-e -o pipefail -c "; NULL where no -c tells that a command follows. */
static const char *skip_shell_options(const char *text)
{
    while (*text == '-') {
        size_t len = strcspn(text, " ");
        char last = text[len - 1];
        if (text[len] != ' ')
            return NULL;
        text += len + 1;
        if (last == 'c')
            return text;
        if (last == 'o') {
            len = strcspn(text, " ");
            text += text[len] ? len + 1 : len;
        }
    }
    return NULL;
}

/* Behind "$ErrorActionPreference = 'Stop'; " and more of its kind, which belong to the shell. */
static const char *skip_preferences(const char *text)
{
    for (;;) {
        size_t name = *text == '$' ? strcspn(text, " =;'") : 0;
        const char *end = name ? strchr(text, ';') : NULL;
        if (name <= 10 || strncmp(text + name - 10, "Preference", 10) != 0 || !end)
            return text;
        text = end + 1 + strspn(end + 1, " ");
    }
}

static const char *skip_windows_shell(const char *text)
{
    static const char *const starts[] = {
        "powershell -Command ",
        "powershell.exe -Command ",
        "powershell -NoProfile -Command ",
        "powershell -NoLogo -ExecutionPolicy Bypass -Command ",
        "pwsh -Command ",
    };
    if (has_prefix(text, "cmd /S /C "))
        return text + 10;
    for (size_t i = 0; i < ARRAY_LEN(starts); i++)
        if (has_prefix(text, starts[i]))
            return skip_preferences(text + strlen(starts[i]));
    return NULL;
}

const char *shell_skip(const char *text, const char *current)
{
    if (has_prefix(text, current))
        return text + strlen(current);
    const char *options = skip_shell_path(text);
    return options ? skip_shell_options(options) : skip_windows_shell(text);
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

/* Where the known value at `at` and the blank behind it end; NULL if it is not that value. The
 * budget keeps many long values that nearly fit from costing more than the text is long. */
static const char *skip_known(const char *at, const char *value, size_t *budget_bytes)
{
    size_t len = 0;
    while (value[len] && value[len] == at[len])
        len++;
    if (len && !value[len] && at[len] == ' ')
        return at + len + 1;
    *budget_bytes -= len < *budget_bytes ? len : *budget_bytes;
    return NULL;
}

/* One "NAME=value": with the known value if it fits, else up to the next blank. */
static const char *skip_one(const char *text, const json_t *known, size_t *budget_bytes)
{
    size_t len = name_len(text);
    if (!len)
        return NULL;
    AUTO(free) char *name = xstrndup(text, len);
    const char *value = json_string_value(json_object_get(known, name));
    const char *at = text + len + 1;
    const char *end = value && *budget_bytes ? skip_known(at, value, budget_bytes) : NULL;
    return end ? end : next_word(at);
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

static void add_argument(json_t *arguments, const char *start, const char *end)
{
    size_t len = (size_t)(end - start);
    len -= len && start[len - 1] == ' ';
    json_array_append_new(arguments, json_stringn(start, len));
}

/* "A=one two B=3 " up to `end` as `count` arguments: a new one begins at each name while there are
 * more to come. */
static void split_arguments(const char *text, const char *end, long count, json_t *arguments)
{
    const char *start = text;
    for (const char *at = next_word(text); at < end; at = next_word(at)) {
        if (!name_len(at) || (long)json_array_size(arguments) + 1 >= count)
            continue;
        add_argument(arguments, start, at);
        start = at;
    }
    if (count > 0)
        add_argument(arguments, start, end);
}

const char *build_arguments_skip(const char *text, const json_t *known, const char *shell,
                                 bool *ret_sure, json_t *arguments)
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
    size_t budget_bytes = strlen(at);
    JSON_AUTO
    json_t *skipped = json_array();
    for (long i = 0; i < count && at; i++) {
        const char *start = at;
        at = skip_one(at, known, &budget_bytes);
        if (at)
            add_argument(skipped, start, at);
    }
    const char *at_shell =
        at && shell_skip(at, shell) ? at : skip_to_shell(behind_count, shell, count, ret_sure);
    if (at_shell && at_shell != at)
        split_arguments(behind_count, at_shell, count, arguments);
    else if (at)
        json_array_extend(arguments, skipped);
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
