/* Small questions about ASCII texts. */
#ifndef MB_ASCII_H
#define MB_ASCII_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static inline bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Whether a text that a peer wrote repeats the start of a secret. Peers cut what they repeat. */
static inline bool quotes_secret(const char *text, const char *secret)
{
    char start[17];
    (void)snprintf(start, sizeof(start), "%.16s", secret);
    return *start && strstr(text, start);
}

/* The value of a hexadecimal digit in any case, -1 for what is none. */
static inline int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
