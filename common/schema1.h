/* Docker's manifests of schema 1, of before 2017: told apart and checked, not read. */
#ifndef MB_SCHEMA1_H
#define MB_SCHEMA1_H

#include <stdbool.h>
#include <stddef.h>

#include "digest.h"

/* The digest of a signed one is that of the text which was signed, without the signatures
 * (`protected` of the first tells where it ends). False where the body is no signed manifest. */
bool schema1_digest(const char *body, size_t len, char ret_digest[DIGEST_BYTES]);

#endif
