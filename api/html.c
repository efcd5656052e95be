#include "html.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The code point that starts at text, and its bytes; U+FFFD and one byte where it is not UTF-8. */
static uint32_t code_point(const char *text, size_t *ret_len)
{
    const unsigned char *c = (const unsigned char *)text;
    static const unsigned char masks[] = {0x7f, 0x1f, 0x0f, 0x07};
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000}; /* less would have been shorter */
    size_t more = c[0] < 0xc0 ? 0 : c[0] < 0xe0 ? 1 : c[0] < 0xf0 ? 2 : 3;
    uint32_t code = c[0] & masks[more];
    bool is_valid = c[0] < 0x80 || (c[0] >= 0xc0 && c[0] < 0xf8);
    for (size_t i = 1; i <= more && is_valid; i++) {
        is_valid = (c[i] & 0xc0) == 0x80;
        code = code << 6 | (c[i] & 0x3f);
    }
    bool is_surrogate = code >= 0xd800 && code < 0xe000;
    is_valid = is_valid && code >= least[more] && code <= 0x10ffff && !is_surrogate;
    *ret_len = is_valid ? more + 1 : 1;
    return is_valid ? code : 0xfffd;
}

static bool is_hidden(uint32_t code)
{
    bool is_control =
        (code < 0x20 && code != '\n' && code != '\t') || (code >= 0x7f && code < 0xa0);
    bool is_direction = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
                        code == 0x200e || code == 0x200f || code == 0x061c;
    return is_control || is_direction || code == 0xfeff || code == 0x200b;
}

static const char *entity(uint32_t code)
{
    switch (code) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_text(struct strbuf *out, const char *text)
{
    while (text && *text) {
        size_t len;
        uint32_t code = code_point(text, &len);
        const char *escaped = entity(code);
        if (escaped)
            strbuf_adds(out, escaped);
        else if (is_hidden(code))
            strbuf_addf(out, "\\u{%x}", code);
        else if (code == 0xfffd)
            strbuf_adds(out, "\xef\xbf\xbd");
        else
            strbuf_add(out, text, len);
        text += len;
    }
}

void html_add(struct strbuf *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    while (*format) {
        size_t len = strcspn(format, "%");
        strbuf_add(out, format, len);
        format += len;
        if (!*format)
            break;
        if (format[1] == 's')
            html_text(out, va_arg(args, const char *));
        else if (format[1] == 'l')
            strbuf_addf(out, "%lld", va_arg(args, long long));
        else
            strbuf_addc(out, '%');
        format += format[1] == 'l' ? 4 : 2;
    }
    va_end(args);
}

bool html_is_link(const char *url)
{
    if (strncasecmp(url, "https://", 8) != 0 && strncasecmp(url, "http://", 7) != 0)
        return false;
    for (const char *c = url; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f)
            return false;
    return true;
}

void html_size(int64_t bytes, char ret_text[HTML_SIZE_BYTES])
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB"};
    double size = (double)bytes;
    size_t unit = 0;
    while (size >= 1023.95 && unit < 4) {
        size /= 1024;
        unit++;
    }
    (void)snprintf(ret_text, HTML_SIZE_BYTES, unit ? "%.1f %s" : "%.0f %s", size, units[unit]);
}

void html_time(struct strbuf *out, const char *rfc3339)
{
    char text[17];
    if (strlen(rfc3339) < 16 || strncmp(rfc3339, "0001-", 5) == 0 || rfc3339[10] != 'T') {
        strbuf_adds(out, "unknown");
        return;
    }
    (void)snprintf(text, sizeof(text), "%.10s %.5s", rfc3339, rfc3339 + 11);
    html_add(out, "<time datetime=\"%s\">%s</time>", rfc3339, text);
}
