#include "base64.h"

#include "err.h"
#include "mem.h"

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

int base64_decode(const char *text, size_t len, char **ret_bytes, size_t *ret_len)
{
    for (int padding = 0; padding < 2 && len > 0 && text[len - 1] == '='; padding++)
        len--;
    if (len % 4 == 1)
        return ERR_PROTO;
    AUTO(free) char *bytes = xcalloc(1, len / 4 * 3 + 3);
    size_t count = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < len; i++) {
        int value = value_of(text[i]);
        if (value < 0)
            return ERR_PROTO;
        bits = (bits << 6 | (unsigned)value) & 0xffffff;
        if (i % 4 > 0)
            bytes[count++] = (char)(bits >> (6 - i % 4 * 2) & 0xff);
    }
    *ret_bytes = TAKE(bytes);
    *ret_len = count;
    return 0;
}
