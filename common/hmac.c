#include "hmac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SHA256_BYTES 32

static void hmac(const char *key, const char *text, uint8_t ret_mac[SHA256_BYTES])
{
    unsigned len = 0;
    if (!HMAC(EVP_sha256(), key, (int)strlen(key), (const uint8_t *)text, strlen(text), ret_mac,
              &len))
        abort();
}

void hmac_token(const char *key, const char *text, char ret_token[HMAC_TOKEN_BYTES])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t mac[SHA256_BYTES + 1] = {0};
    hmac(key, text, mac);
    size_t at = 0;
    for (size_t i = 0; i < SHA256_BYTES; i += 3) {
        uint32_t group = (uint32_t)mac[i] << 16 | (uint32_t)mac[i + 1] << 8 |
                         (i + 2 < sizeof(mac) ? mac[i + 2] : 0);
        for (int shift = 18; shift >= 0 && at < HMAC_TOKEN_BYTES - 1; shift -= 6)
            ret_token[at++] = digits[group >> shift & 63];
    }
    ret_token[at] = '\0';
}

/* The texts' own lengths show only through their MACs, which are of one length. */
bool secret_equals(const char *secret, const char *given)
{
    uint8_t wanted[SHA256_BYTES];
    uint8_t got[SHA256_BYTES];
    hmac("microbadger", secret, wanted);
    hmac("microbadger", given, got);
    return *secret && CRYPTO_memcmp(wanted, got, SHA256_BYTES) == 0;
}
