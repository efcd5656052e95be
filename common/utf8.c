#include "utf8.h"

#include <string.h>

size_t utf8_cut(const char *text, size_t max_bytes)
{
    size_t len = strnlen(text, max_bytes);
    if (len < max_bytes || !text[len])
        return len;
    while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) /* a continuation byte */
        len--;
    return len;
}
