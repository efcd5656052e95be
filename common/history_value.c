#include "history_value.h"

#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "gostring.h"
#include "jsonx.h"
#include "mem.h"

#define MAX_PATH_WORDS 16 /* of a volume's path with blanks */

/* The text between the brackets of "[...]"; NULL if it has none. Caller frees. */
static char *inside_brackets(const char *text)
{
    size_t len = strlen(text);
    if (len < 2 || text[0] != '[' || text[len - 1] != ']')
        return NULL;
    return xstrndup(text + 1, len - 2);
}

void value_write_array(const json_t *array, struct strbuf *out)
{
    size_t i;
    json_t *item;
    strbuf_addc(out, '[');
    json_array_foreach(array, i, item)
    {
        AUTO(free) char *text = jsonx_dump(item);
        strbuf_adds(out, i ? ", " : "");
        strbuf_adds(out, text);
    }
    strbuf_addc(out, ']');
}

const char *value_skip_joined(const json_t *list, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (!json_is_string(item) || (i && *text++ != ' ') ||
            !has_prefix(text, json_string_value(item)))
            return NULL;
        text += json_string_length(item);
    }
    return text;
}

bool value_is_joined(const json_t *list, const char *text)
{
    const char *rest = value_skip_joined(list, text);
    return json_array_size(list) > 0 && rest && !*rest;
}

static json_t *json_array_of_strings(const char *text)
{
    json_t *array = NULL;
    if (*text != '[' || jsonx_parse(text, strlen(text), &array) != 0)
        return NULL;
    size_t i;
    json_t *item;
    json_array_foreach(array, i, item)
    {
        if (!json_is_string(item)) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

/* A JSON array, or Go's list of quoted strings, in old Docker inside `&{}`. NULL if it is neither.
 * Caller owns. */
static json_t *quoted_list(const char *text)
{
    json_t *array = json_array_of_strings(text);
    if (array)
        return array;
    bool is_pointer = has_prefix(text, "&{");
    const char *end = gostring_read_list(is_pointer ? text + 2 : text, &array);
    if (end && strcmp(end, is_pointer ? "}" : "") == 0)
        return array;
    json_decref(array);
    return NULL;
}

/* `[a b]`, whose strings may have blanks: as the final config has them if it is the same list. */
static enum certainty unquoted_list(const char *text, const json_t *config_list, struct strbuf *out)
{
    AUTO(free) char *inside = inside_brackets(text);
    if (!inside || *inside == '"') {
        strbuf_adds(out, text);
        return *text == '[' || has_prefix(text, "&{") ? CERTAINTY_LOSSY : CERTAINTY_EXACT;
    }
    if (value_is_joined(config_list, inside)) {
        value_write_array(config_list, out);
        return CERTAINTY_EXACT;
    }
    JSON_AUTO
    json_t *words = json_array();
    char *save = NULL;
    for (char *word = strtok_r(inside, " ", &save); word; word = strtok_r(NULL, " ", &save))
        json_array_append_new(words, json_string(word));
    value_write_array(words, out);
    return CERTAINTY_LOSSY;
}

enum certainty value_list(const char *text, const json_t *config_list, struct strbuf *out)
{
    JSON_AUTO
    json_t *array = quoted_list(text);
    if (!array)
        return unquoted_list(text, config_list, out);
    value_write_array(array, out);
    return CERTAINTY_EXACT;
}

enum certainty value_ports(const char *text, struct strbuf *out)
{
    AUTO(free) char *inside = inside_brackets(has_prefix(text, "map[") ? text + 3 : text);
    if (!inside || strspn(inside, "0123456789abcdefghijklmnopqrstuvwxyz/-:{} ") != strlen(inside)) {
        strbuf_adds(out, text);
        return CERTAINTY_EXACT;
    }
    char *save = NULL;
    bool is_first = true;
    for (char *word = strtok_r(inside, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        strbuf_adds(out, is_first ? "" : " ");
        strbuf_add(out, word, strcspn(word, ":"));
        is_first = false;
    }
    return CERTAINTY_EXACT;
}

/* The longest known path at the start of text, followed by a blank or the end; 0 if there is none.
 */
static size_t known_path_len(const char *text, const json_t *known)
{
    size_t found = 0;
    size_t len = 0;
    for (int words = 0; words < MAX_PATH_WORDS && (!words || text[len]); words++) {
        len += words ? 1 : 0;
        len += strcspn(text + len, " ");
        AUTO(free) char *path = xstrndup(text, len);
        if (json_object_get(known, path))
            found = len;
    }
    return found;
}

/* The paths in text by those that the final config has; NULL where they do not explain it. */
static json_t *known_paths(const char *text, const json_t *known)
{
    JSON_AUTO
    json_t *paths = json_array();
    for (const char *at = text; *at;) {
        size_t len = known_path_len(at, known);
        if (!len)
            return NULL;
        json_array_append_new(paths, json_stringn(at, len));
        at += len;
        at += *at == ' ';
    }
    return json_incref(paths);
}

enum certainty value_volumes(const char *text, const json_t *config_volumes, struct strbuf *out)
{
    JSON_AUTO
    json_t *array = json_array_of_strings(text);
    AUTO(free) char *inside = inside_brackets(text);
    if (array || !inside)
        return value_list(text, NULL, out);
    /* A word that is no path must be the rest of one with a blank in it. */
    bool has_blank_path = false;
    for (const char *blank = inside; (blank = strchr(blank, ' ')); blank++)
        has_blank_path = has_blank_path || blank[1] != '/';
    JSON_AUTO
    json_t *paths = has_blank_path ? known_paths(inside, config_volumes) : NULL;
    if (paths)
        value_write_array(paths, out);
    else
        strbuf_adds(out, inside);
    return has_blank_path && !paths ? CERTAINTY_LOSSY : CERTAINTY_EXACT;
}

/* Where "file:", "dir:" or "multi:" and a hash begin that end right before `end`; NULL if they do
 * not. Nothing need stand between --chown's value and them. */
static const char *hash_source(const char *text, const char *end)
{
    static const char *const kinds[] = {"file:", "dir:", "multi:"};
    const char *hash = end;
    while (hash > text && strchr("0123456789abcdef", hash[-1]))
        hash--;
    for (size_t i = 0; i < ARRAY_LEN(kinds) && hash < end; i++) {
        size_t len = strlen(kinds[i]);
        if ((size_t)(hash - text) >= len && strncmp(hash - len, kinds[i], len) == 0)
            return hash - len;
    }
    return NULL;
}

enum certainty value_copy(const char *text, bool is_rootfs_add, struct strbuf *out)
{
    for (const char *in = text; (in = strchr(in, ' ')); in++) {
        const char *source = has_prefix(in, " in ") ? hash_source(text, in) : NULL;
        if (!source)
            continue;
        const char *target = in + 4 + strspn(in + 4, " ");
        if (is_rootfs_add && source == text && has_prefix(source, "file:") &&
            strcmp(target, "/") == 0) {
            strbuf_adds(out, "rootfs /");
            return CERTAINTY_LOSSY;
        }
        strbuf_add(out, text, (size_t)(source - text));
        strbuf_adds(out, source > text && source[-1] != ' ' ? " " : "");
        strbuf_add(out, source, (size_t)(in - source));
        strbuf_addf(out, " %s", target);
        return CERTAINTY_LOSSY; /* the sources' names are not recorded */
    }
    strbuf_adds(out, text);
    return CERTAINTY_EXACT;
}
