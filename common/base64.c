#include "base64.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "mem.h"

char *base64_encode(const void *data, size_t len)
{
    if (len > INT_MAX / 2)
        abort();
    char *text = xmalloc((len + 2) / 3 * 4 + 1);
    (void)EVP_EncodeBlock((unsigned char *)text, data, (int)len);
    return text;
}

int base64_decode(const char *text, char **ret_data, size_t *ret_len)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = strlen(text);
    size_t digits = strspn(text, alphabet); /* EVP would skip blanks and stop at a dash */
    size_t padding = len - digits;
    if (len % 4 || len > INT_MAX || padding > 2 || strspn(text + digits, "=") != padding)
        return ERR_INVALID;
    char *data = xmalloc(len / 4 * 3 + 1);
    int count = EVP_DecodeBlock((unsigned char *)data, (const unsigned char *)text, (int)len);
    if (count < 0) {
        free(data);
        return ERR_INVALID;
    }
    *ret_len = (size_t)count - padding; /* EVP counts it as zero bytes */
    data[*ret_len] = '\0';
    *ret_data = data;
    return 0;
}

int base64url_decode(const char *text, char **ret_data, size_t *ret_len)
{
    size_t len = strlen(text);
    if (strpbrk(text, "+/=") || len > INT_MAX / 2)
        return ERR_INVALID;
    AUTO(free) char *padded = xcalloc(1, len + 4);
    for (size_t i = 0; i < len; i++)
        padded[i] = (char)(text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i]);
    while (len % 4)
        padded[len++] = '=';
    return base64_decode(padded, ret_data, ret_len);
}
