/* Content digests, `algorithm:hex` (OCI image-spec, descriptor.md). Only digest.c includes
 * OpenSSL's EVP. */
#ifndef MB_DIGEST_H
#define MB_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

/* Longest that we keep: "sha512:" and 128 hex digits, and the NUL. */
#define DIGEST_BYTES 136

/* Well-formed: sha256 with 64, sha512 with 128 lower-case hex digits; other algorithms by the
 * grammar, up to DIGEST_BYTES - 1 characters. */
bool digest_is_valid(const char *text);
/* True for sha256 and sha512. */
bool digest_is_verifiable(const char *digest);
/* 0 if the bytes have this digest; ERR_PROTO if not; ERR_UNSUPPORTED for other algorithms. */
int digest_verify(const char *digest, const void *data, size_t len);
/* "sha256:<hex>" of the bytes. */
void digest_sha256(const void *data, size_t len, char ret_digest[DIGEST_BYTES]);
/* The part after the colon; "" if there is none. Borrowed. */
const char *digest_hex(const char *digest);
/* A full digest from "sha256:hex", or from bare hex of 64 (sha256) or 128 (sha512) digits.
 * 0 or ERR_INVALID. */
int digest_from_user(const char *text, char ret_digest[DIGEST_BYTES]);
/* Lower-case hex of MD5, as SQS gives for bodies; false where MD5 is not to be had (FIPS). */
bool digest_md5_hex(const void *data, size_t len, char ret_hex[33]);

#endif
