/* Base64 (RFC 4648), both alphabets. */
#ifndef MB_BASE64_H
#define MB_BASE64_H

#include <stddef.h>

/* Decodes the standard and the URL-safe alphabet, with or without padding. 0 or ERR_PROTO. Caller
 * frees; there is a NUL behind the bytes, not counted. */
int base64_decode(const char *text, size_t len, char **ret_bytes, size_t *ret_len);

#endif
