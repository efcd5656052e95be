#include "strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "mem.h"

/* Makes room for `extra` bytes and the final NUL; false sets the overflow flag. */
static bool strbuf_grow(struct strbuf *sb, size_t extra)
{
    if (sb->overflow || extra > sb->max_bytes || sb->len > sb->max_bytes - extra) {
        sb->overflow = true;
        return false;
    }
    size_t need = sb->len + extra + 1;
    if (need > sb->alloc) {
        size_t alloc = sb->alloc ? sb->alloc * 2 : 64;
        sb->alloc = alloc > need ? alloc : need;
        sb->buf = xrealloc(sb->buf, sb->alloc);
    }
    return true;
}

void strbuf_release(struct strbuf *sb)
{
    free(sb->buf);
    sb->buf = NULL;
    sb->len = sb->alloc = 0;
}

void strbuf_reset(struct strbuf *sb)
{
    sb->len = 0;
    sb->overflow = false;
    if (sb->buf)
        sb->buf[0] = '\0';
}

void strbuf_add(struct strbuf *sb, const void *data, size_t len)
{
    if (!strbuf_grow(sb, len))
        return;
    if (len)
        memcpy(sb->buf + sb->len, data, len);
    sb->len += len;
    sb->buf[sb->len] = '\0';
}

void strbuf_adds(struct strbuf *sb, const char *text)
{
    strbuf_add(sb, text, strlen(text));
}

void strbuf_addc(struct strbuf *sb, char c)
{
    strbuf_add(sb, &c, 1);
}

void strbuf_addf(struct strbuf *sb, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len >= 0 && strbuf_grow(sb, (size_t)len)) {
        (void)vsnprintf(sb->buf + sb->len, (size_t)len + 1, format, again);
        sb->len += (size_t)len;
    }
    va_end(again);
}

const char *strbuf_str(const struct strbuf *sb)
{
    return sb->buf ? sb->buf : "";
}

char *strbuf_detach(struct strbuf *sb)
{
    char *text = sb->buf ? sb->buf : xstrdup("");
    sb->buf = NULL;
    sb->len = sb->alloc = 0;
    return text;
}

int strbuf_err(const struct strbuf *sb)
{
    return sb->overflow ? ERR_TOOBIG : 0;
}
