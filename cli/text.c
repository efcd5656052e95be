#include "text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "dockerfile_line.h"
#include "jsonx.h"
#include "mem.h"

#define REPLACEMENT 0xfffd

/* The character at text and its length; what is none is one byte long. */
static wchar_t next_character(const char *text, size_t *ret_len)
{
    wchar_t character = 0;
    mbstate_t state = {0};
    size_t len = mbrtowc(&character, text, MB_LEN_MAX, &state);
    bool is_character = len != (size_t)-1 && len != (size_t)-2 && len != 0;
    *ret_len = is_character ? len : 1;
    return is_character ? character : REPLACEMENT;
}

/* Everything beyond ASCII by its number. */
static char *to_ascii(const char *text)
{
    struct strbuf out = STRBUF_INIT(TEXT_MAX_BYTES);
    size_t len;
    for (; *text; text += len) {
        wchar_t character = next_character(text, &len);
        bool is_symbol = character > 0x2400 && character <= 0x2421; /* of a control character */
        unsigned code = (unsigned)character - (is_symbol ? 0x2400 : 0);
        if (code == 0x21 && is_symbol)
            code = 0x7f;
        if ((unsigned char)*text < 0x80)
            strbuf_addc(&out, *text);
        else
            strbuf_addf(&out, "<U+%04X>", code);
    }
    return strbuf_detach(&out);
}

char *text_escape(const char *text, const char *keep, bool is_utf8)
{
    AUTO(free) char *valid = jsonx_repair_utf8(text, strlen(text));
    struct strbuf out = STRBUF_INIT(TEXT_MAX_BYTES);
    dockerfile_escape(valid, strlen(valid), keep, &out);
    char *escaped = strbuf_detach(&out);
    if (is_utf8)
        return escaped;
    char *ascii = to_ascii(escaped);
    free(escaped);
    return ascii;
}

static size_t character_width(wchar_t character)
{
    int width = wcwidth(character);
    return width > 0 ? (size_t)width : 0;
}

size_t text_width(const char *text)
{
    size_t width = 0;
    size_t len;
    for (; *text; text += len)
        width += character_width(next_character(text, &len));
    return width;
}

size_t text_fit(const char *text, size_t columns)
{
    size_t width = 0;
    size_t at = 0;
    size_t len;
    for (; text[at]; at += len) {
        width += character_width(next_character(text + at, &len));
        if (width > columns)
            break;
    }
    return at;
}

void text_add_cut(struct strbuf *out, const char *text, size_t columns, bool is_utf8)
{
    const char *ellipsis = is_utf8 ? "\xe2\x80\xa6" : "...";
    size_t ellipsis_columns = is_utf8 ? 1 : 3;
    if (text_width(text) <= columns) {
        strbuf_adds(out, text);
        return;
    }
    if (columns < ellipsis_columns)
        return;
    size_t len = text_fit(text, columns - ellipsis_columns);
    while (len > 0 && text[len - 1] == ' ')
        len--;
    strbuf_add(out, text, len);
    strbuf_adds(out, ellipsis);
}

void text_add_padded(struct strbuf *out, const char *text, size_t columns)
{
    strbuf_adds(out, text);
    for (size_t width = text_width(text); width < columns; width++)
        strbuf_addc(out, ' ');
}

/* Bytes of the next line of text: as many words as fit, one at least. */
static size_t line_len(const char *text, size_t columns)
{
    size_t at = text_fit(text, columns);
    if (!text[at])
        return at;
    while (at > 0 && text[at] != ' ')
        at--;
    return at > 0 ? at : strspn(text, " ") + strcspn(text + strspn(text, " "), " ");
}

void text_add_wrapped(struct strbuf *out, const char *text, size_t columns, size_t indent)
{
    for (bool is_first = true; *text || is_first; is_first = false) {
        size_t len = line_len(text, columns);
        if (!is_first)
            strbuf_addf(out, "\n%*s", (int)indent, "");
        strbuf_add(out, text, len);
        text += len;
        text += strspn(text, " ");
    }
}
