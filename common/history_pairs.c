#include "history_pairs.h"

#include <string.h>

#include "mem.h"

#define MAX_SPACED_NAME 256 /* a name with blanks in it is looked for no further */

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
#define DIGITS "0123456789"

struct reader {
    const struct pairs_style *style;
    const char *first_equals; /* the text's first '=' */
    size_t budget_bytes;      /* what comparing with known values may cost: no more than linear */
};

static const char *known_value(const struct reader *reader, const char *at, size_t name_len)
{
    if (!reader->style->known)
        return NULL;
    AUTO(free) char *name = xstrndup(at, name_len);
    return json_string_value(json_object_get(reader->style->known, name));
}

/* Length of the name of the pair at `at`, 0 if none begins there. */
static size_t name_at(const struct reader *reader, const char *at)
{
    const char *allowed = reader->style->is_label ? LETTERS DIGITS ".-/" : LETTERS DIGITS;
    size_t len = strspn(at, allowed);
    bool is_plain = at[len] == '=' && strspn(at, LETTERS) > 0;
    if (json_object_size(reader->style->known) == 0)
        return is_plain ? len : 0;
    if (is_plain && known_value(reader, at, len))
        return len;
    const char *equals = memchr(at, '=', strnlen(at, MAX_SPACED_NAME));
    return equals && known_value(reader, at, (size_t)(equals - at)) ? (size_t)(equals - at) : 0;
}

/* Length of the known value where it stands at `at`, -1 where it does not. */
static long known_len(struct reader *reader, const char *at, const char *known)
{
    size_t len = 0;
    while (known[len] && known[len] == at[len])
        len++;
    if (!known[len] && (!at[len] || (at[len] == ' ' && name_at(reader, at + len + 1))))
        return (long)len;
    reader->budget_bytes -= len < reader->budget_bytes ? len : reader->budget_bytes;
    return -1;
}

/* Length of the value at `at` up to the next pair or the end. */
static size_t len_to_next(const struct reader *reader, const char *at)
{
    for (const char *blank = at; (blank = strchr(blank, ' ')); blank++)
        if (name_at(reader, blank + 1))
            return (size_t)(blank - at);
    return strlen(at);
}

static void write_value(const char *value, size_t len, char escape, struct strbuf *out)
{
    const char special[] = {' ', '\t', '\n', '"', '\'', '$', escape, '\0'};
    if (strcspn(value, special) >= len) {
        strbuf_add(out, value, len);
        return;
    }
    strbuf_addc(out, '"');
    for (size_t i = 0; i < len; i++) {
        if (value[i] == '"' || value[i] == '$' || value[i] == escape)
            strbuf_addc(out, escape);
        strbuf_addc(out, value[i]);
    }
    strbuf_addc(out, '"');
}

/* A value that nothing confirms ends where a guess says, if there is something to guess. */
static bool is_clear(const struct reader *reader, const char *value, size_t len)
{
    bool has_blank = memchr(value, ' ', len) != NULL;
    bool is_only_pair =
        value == reader->first_equals + 1 && !value[len] && !memchr(value, '=', len);
    return !has_blank || is_only_pair;
}

enum certainty history_pairs(const char *text, const struct pairs_style *style, struct strbuf *out)
{
    struct reader reader = {style, strchr(text, '='), strlen(text) + 1024};
    enum certainty certainty = CERTAINTY_EXACT;
    for (const char *at = text; *at;) {
        size_t name_len = name_at(&reader, at);
        if (!name_len && at == text)
            name_len = strcspn(at, "= ");
        if (!name_len || at[name_len] != '=') {
            strbuf_adds(out, at);
            return at > text || strchr(at, '=') ? CERTAINTY_LOSSY : certainty;
        }
        const char *value = at + name_len + 1;
        const char *known = reader.budget_bytes ? known_value(&reader, at, name_len) : NULL;
        long len = known ? known_len(&reader, value, known) : -1;
        if (len < 0) {
            len = (long)len_to_next(&reader, value);
            if (!is_clear(&reader, value, (size_t)len))
                certainty = CERTAINTY_LOSSY;
        }
        write_value(at, name_len, style->escape, out);
        strbuf_addc(out, '=');
        write_value(value, (size_t)len, style->escape, out);
        at = value + len;
        at += strspn(at, " ");
        strbuf_adds(out, *at ? " " : "");
    }
    return certainty;
}
