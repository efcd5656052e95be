#include "digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"

static bool is_lower_hex(const char *text)
{
    return *text && strspn(text, "0123456789abcdef") == strlen(text);
}

/* Hex digits of an algorithm that we can compute, 0 for others. */
static size_t known_hex_len(const char *digest)
{
    if (strncmp(digest, "sha256:", 7) == 0)
        return 64;
    if (strncmp(digest, "sha512:", 7) == 0)
        return 128;
    return 0;
}

/* alg := component ([-_+.] component)*, component := [A-Za-z][A-Za-z0-9]* */
static bool algorithm_is_valid(const char *text, size_t len)
{
    bool at_start = true;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (at_start && !is_letter)
            return false;
        bool is_separator = strchr("-_+.", c) != NULL;
        if (!is_letter && !is_separator && !(c >= '0' && c <= '9'))
            return false;
        at_start = is_separator;
    }
    return len > 0 && !at_start;
}

bool digest_is_valid(const char *text)
{
    const char *colon = strchr(text, ':');
    if (!colon || strlen(text) >= DIGEST_BYTES || !is_lower_hex(colon + 1))
        return false;
    size_t hex_len = strlen(colon + 1);
    size_t known = known_hex_len(text);
    if (known)
        return hex_len == known;
    return hex_len >= 32 && algorithm_is_valid(text, (size_t)(colon - text));
}

bool digest_is_verifiable(const char *digest)
{
    return known_hex_len(digest) != 0;
}

static void to_hex(const unsigned char *bytes, size_t count, char *ret_hex)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        ret_hex[i * 2] = digits[bytes[i] >> 4];
        ret_hex[i * 2 + 1] = digits[bytes[i] & 15];
    }
    ret_hex[count * 2] = '\0';
}

static bool hash_hex(const EVP_MD *md, const void *data, size_t len, char *ret_hex)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned count = 0;
    if (!md || EVP_Digest(data, len, bytes, &count, md, NULL) != 1)
        return false;
    to_hex(bytes, count, ret_hex);
    return true;
}

int digest_verify(const char *digest, const void *data, size_t len)
{
    size_t known = known_hex_len(digest);
    char hex[EVP_MAX_MD_SIZE * 2 + 1];
    if (!known)
        return ERR_UNSUPPORTED;
    const EVP_MD *md = known == 64 ? EVP_sha256() : EVP_sha512();
    return hash_hex(md, data, len, hex) && strcmp(hex, digest_hex(digest)) == 0 ? 0 : ERR_PROTO;
}

void digest_sha256(const void *data, size_t len, char ret_digest[DIGEST_BYTES])
{
    char hex[EVP_MAX_MD_SIZE * 2 + 1];
    if (!hash_hex(EVP_sha256(), data, len, hex))
        abort();
    (void)snprintf(ret_digest, DIGEST_BYTES, "sha256:%.64s", hex);
}

const char *digest_hex(const char *digest)
{
    const char *colon = strchr(digest, ':');
    return colon ? colon + 1 : "";
}

int digest_from_user(const char *text, char ret_digest[DIGEST_BYTES])
{
    size_t len = strlen(text);
    char digest[DIGEST_BYTES + 8];
    if (len >= DIGEST_BYTES)
        return ERR_INVALID;
    if (strchr(text, ':'))
        (void)snprintf(digest, sizeof(digest), "%s", text);
    else
        (void)snprintf(digest, sizeof(digest), "%s:%s", len == 128 ? "sha512" : "sha256", text);
    if (!digest_is_valid(digest))
        return ERR_INVALID;
    memcpy(ret_digest, digest, DIGEST_BYTES);
    return 0;
}

bool digest_md5_hex(const void *data, size_t len, char ret_hex[33])
{
    EVP_MD *md5 = EVP_MD_fetch(NULL, "MD5", NULL);
    char hex[EVP_MAX_MD_SIZE * 2 + 1];
    bool ok = hash_hex(md5, data, len, hex);
    EVP_MD_free(md5);
    if (ok)
        memcpy(ret_hex, hex, 33);
    return ok;
}
