#include "gostring.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "jsonx.h"
#include "mem.h"
#include "strbuf.h"

#define MAX_BYTES (64u << 20) /* far above any config: the text itself is the limit */

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

/* One escape at its backslash. ret_is_byte: `\xff` stands for a byte, not for a character. */
static const char *read_escape(const char *at, uint32_t *ret_code, bool *ret_is_byte)
{
    static const char letters[] = "abfnrtv\\\"'";
    static const char meanings[] = "\a\b\f\n\r\t\v\\\"'";
    const char *letter = at[1] ? strchr(letters, at[1]) : NULL;
    *ret_is_byte = at[1] == 'x';
    if (letter) {
        *ret_code = (unsigned char)meanings[letter - letters];
        return at + 2;
    }
    size_t digits = at[1] == 'x' ? 2 : at[1] == 'u' ? 4 : at[1] == 'U' ? 8 : 0;
    char hex[9] = "";
    if (!digits || strnlen(at + 2, digits) < digits)
        return NULL;
    memcpy(hex, at + 2, digits);
    if (strspn(hex, "0123456789abcdefABCDEF") < digits)
        return NULL;
    *ret_code = (uint32_t)strtoul(hex, NULL, 16);
    return *ret_code <= 0x10ffff ? at + 2 + digits : NULL;
}

const char *gostring_read(const char *at, char **ret_text)
{
    if (*at != '"')
        return NULL;
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(MAX_BYTES);
    for (at++; *at && *at != '"';) {
        uint32_t code;
        bool is_byte;
        size_t plain = strcspn(at, "\\\"");
        strbuf_add(&text, at, plain);
        at += plain;
        if (*at != '\\')
            continue;
        at = read_escape(at, &code, &is_byte);
        if (!at)
            return NULL;
        if (is_byte)
            strbuf_addc(&text, (char)code);
        else
            add_utf8(&text, code);
    }
    if (!*at)
        return NULL;
    *ret_text = jsonx_repair_utf8(strbuf_str(&text), text.len);
    return at + 1;
}

const char *gostring_read_list(const char *at, json_t **ret_list)
{
    if (*at++ != '[')
        return NULL;
    JSON_AUTO
    json_t *list = json_array();
    while (*at == '"') {
        char *item;
        at = gostring_read(at, &item);
        if (!at)
            return NULL;
        json_array_append_new(list, json_string(item));
        free(item);
        if (*at == ' ' && at[1] == '"')
            at++;
    }
    if (*at != ']')
        return NULL;
    *ret_list = json_incref(list);
    return at + 1;
}

const char *gostring_read_character(const char *at, uint32_t *ret_code)
{
    bool is_byte;
    uint32_t code;
    if (*at++ != '\'' || !*at)
        return NULL;
    if (*at == '\\') {
        at = read_escape(at, &code, &is_byte);
    } else if ((unsigned char)*at < 0x80) {
        code = (unsigned char)*at++;
    } else {
        return NULL; /* a number above 127: nobody retries that often */
    }
    if (!at || *at != '\'')
        return NULL;
    *ret_code = code;
    return at + 1;
}
