/* Base64 with padding (RFC 4648 4), by OpenSSL's EVP. */
#ifndef MB_BASE64_H
#define MB_BASE64_H

#include <stddef.h>

/* Caller frees. */
char *base64_encode(const void *data, size_t len);
/* 0 or ERR_INVALID. ret_data has a NUL behind its ret_len bytes; caller frees. */
int base64_decode(const char *text, char **ret_data, size_t *ret_len);

/* The same for base64url, without padding (RFC 4648 5), as JSON web signatures have it. */
int base64url_decode(const char *text, char **ret_data, size_t *ret_len);

#endif
