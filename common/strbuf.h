/* The only growing string. Always NUL-terminated; never grows past `max`, where it sets a sticky
 * flag instead of failing visibly, so appends need no check: ask strbuf_err() once at the end. */
#ifndef MB_STRBUF_H
#define MB_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

struct strbuf {
    char *buf;
    size_t len;
    size_t alloc;
    size_t max_bytes;
    bool overflow;
};

#define STRBUF_INIT(max)                                                                           \
    {                                                                                              \
        .max_bytes = (max)                                                                         \
    }

void strbuf_release(struct strbuf *sb);
/* Keeps the memory, empties the text and clears the overflow flag. */
void strbuf_reset(struct strbuf *sb);
void strbuf_add(struct strbuf *sb, const void *data, size_t len);
void strbuf_adds(struct strbuf *sb, const char *text);
void strbuf_addc(struct strbuf *sb, char c);
void strbuf_addf(struct strbuf *sb, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The text, "" when empty; borrowed until the next change. */
const char *strbuf_str(const struct strbuf *sb);
/* Caller frees the text; the buffer is empty afterwards. */
char *strbuf_detach(struct strbuf *sb);
/* 0 or ERR_TOOBIG. */
int strbuf_err(const struct strbuf *sb);

static inline void strbuf_cleanup(struct strbuf *sb)
{
    strbuf_release(sb);
}

#endif
