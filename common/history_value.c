#include "history_value.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "jsonx.h"
#include "mem.h"

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The text between the brackets of "[...]"; NULL if it has none. Caller frees. */
static char *inside_brackets(const char *text)
{
    size_t len = strlen(text);
    if (len < 2 || text[0] != '[' || text[len - 1] != ']')
        return NULL;
    return xstrndup(text + 1, len - 2);
}

static void write_array(const json_t *array, struct strbuf *out)
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

static json_t *json_array_of_strings(const char *text)
{
    json_t *array = NULL;
    if (jsonx_parse(text, strlen(text), &array) != 0)
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

static void add_utf8(struct strbuf *out, uint32_t code)
{
    if (code < 0x80) {
        strbuf_addc(out, (char)code);
    } else if (code < 0x800) {
        strbuf_addc(out, (char)(0xc0 | code >> 6));
        strbuf_addc(out, (char)(0x80 | (code & 0x3f)));
    } else if (code < 0x10000) {
        strbuf_addc(out, (char)(0xe0 | code >> 12));
        strbuf_addc(out, (char)(0x80 | (code >> 6 & 0x3f)));
        strbuf_addc(out, (char)(0x80 | (code & 0x3f)));
    } else {
        strbuf_addc(out, (char)(0xf0 | code >> 18));
        strbuf_addc(out, (char)(0x80 | (code >> 12 & 0x3f)));
        strbuf_addc(out, (char)(0x80 | (code >> 6 & 0x3f)));
        strbuf_addc(out, (char)(0x80 | (code & 0x3f)));
    }
}

/* `\x04`, `\u00e9`, `\U0001f433` behind the backslash; returns where it ends, NULL if broken. */
static const char *go_hex_escape(const char *at, struct strbuf *out)
{
    size_t digits = *at == 'x' ? 2 : *at == 'u' ? 4 : 8;
    char hex[9] = "";
    if (strspn(at + 1, "0123456789abcdefABCDEF") < digits)
        return NULL;
    memcpy(hex, at + 1, digits);
    uint32_t code = (uint32_t)strtoul(hex, NULL, 16);
    if (*at == 'x')
        strbuf_addc(out, (char)code); /* a byte */
    else if (code > 0x10ffff)
        return NULL;
    else
        add_utf8(out, code);
    return at + 1 + digits;
}

/* A string of Go's %q at its opening quote; returns where it ends, NULL if it does not. */
static const char *go_string(const char *at, struct strbuf *out)
{
    static const char letters[] = "abfnrtv\\\"'";
    static const char meanings[] = "\a\b\f\n\r\t\v\\\"'";
    for (at++; *at && *at != '"';) {
        if (*at != '\\') {
            strbuf_addc(out, *at++);
            continue;
        }
        const char *letter = at[1] ? strchr(letters, at[1]) : NULL;
        if (letter) {
            strbuf_addc(out, meanings[letter - letters]);
            at += 2;
        } else if (at[1] == 'x' || at[1] == 'u' || at[1] == 'U') {
            at = go_hex_escape(at + 1, out);
            if (!at)
                return NULL;
        } else {
            return NULL;
        }
    }
    return *at ? at + 1 : NULL;
}

/* `["a" "b"]`; NULL if it is not one. Caller owns. */
static json_t *go_array(const char *text)
{
    if (*text++ != '[')
        return NULL;
    json_t *array = json_array();
    while (*text == '"') {
        AUTO(strbuf) struct strbuf item = STRBUF_INIT(strlen(text) * 4);
        text = go_string(text, &item);
        if (!text)
            break;
        AUTO(free) char *valid = jsonx_repair_utf8(strbuf_str(&item), item.len);
        json_array_append_new(array, json_string(valid));
        if (*text == ' ' && text[1] == '"')
            text++;
    }
    if (text && strcmp(text, "]") == 0)
        return array;
    json_decref(array);
    return NULL;
}

enum certainty value_array(const char *text, struct strbuf *out)
{
    JSON_AUTO
    json_t *array = *text == '[' ? json_array_of_strings(text) : NULL;
    if (!array)
        array = go_array(text);
    if (array) {
        write_array(array, out);
        return CERTAINTY_EXACT;
    }
    strbuf_adds(out, text);
    return *text == '[' ? CERTAINTY_LOSSY : CERTAINTY_EXACT;
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

enum certainty value_volumes(const char *text, struct strbuf *out)
{
    JSON_AUTO
    json_t *array = *text == '[' ? json_array_of_strings(text) : NULL;
    AUTO(free) char *inside = inside_brackets(text);
    if (array || !inside)
        return value_array(text, out);
    strbuf_adds(out, inside);
    /* A word that is no path must be the rest of one with a blank in it. */
    for (const char *blank = inside; (blank = strchr(blank, ' ')); blank++)
        if (blank[1] != '/')
            return CERTAINTY_LOSSY;
    return CERTAINTY_EXACT;
}

enum certainty value_shell(const char *text, const json_t *config_shell, struct strbuf *out)
{
    JSON_AUTO
    json_t *array = json_array_of_strings(text);
    AUTO(free) char *inside = inside_brackets(text);
    if (array || !inside)
        return value_array(text, out);
    AUTO(strbuf) struct strbuf joined = STRBUF_INIT(strlen(text) + 1);
    size_t i;
    json_t *item;
    json_array_foreach(config_shell, i, item)
    {
        strbuf_adds(&joined, i ? " " : "");
        strbuf_adds(&joined, json_is_string(item) ? json_string_value(item) : "");
    }
    if (strcmp(strbuf_str(&joined), inside) == 0) {
        write_array(config_shell, out);
        return CERTAINTY_EXACT;
    }
    JSON_AUTO
    json_t *words = json_array();
    char *save = NULL;
    for (char *word = strtok_r(inside, " ", &save); word; word = strtok_r(NULL, " ", &save))
        json_array_append_new(words, json_string(word));
    write_array(words, out);
    return CERTAINTY_LOSSY;
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
    for (const char *in = text; (in = strstr(in, " in ")); in++) {
        const char *source = hash_source(text, in);
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

enum certainty value_pairs(const char *text, struct strbuf *out)
{
    strbuf_adds(out, text);
    for (const char *word = text; *word;) {
        size_t len = strcspn(word, " ");
        if (!memchr(word, '=', len))
            return CERTAINTY_LOSSY;
        word += len + strspn(word + len, " ");
    }
    return CERTAINTY_EXACT;
}
