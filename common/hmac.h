/* Tokens that only the holder of a secret can make. Only hmac.c includes OpenSSL's HMAC. */
#ifndef MB_HMAC_H
#define MB_HMAC_H

#include <stdbool.h>

/* 43 characters of base64url without padding (RFC 4648 5), and the NUL. */
#define HMAC_TOKEN_BYTES 44

/* HMAC-SHA256 (RFC 2104) of text under key. */
void hmac_token(const char *key, const char *text, char ret_token[HMAC_TOKEN_BYTES]);
/* Compares in a time that tells nothing of what is equal. An empty secret equals nothing. */
bool secret_equals(const char *secret, const char *given);

#endif
