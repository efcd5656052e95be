/* What went wrong with a registry, said for a person from text that anybody may have sent. Used by
 * the registry client only. */
#ifndef MB_REGISTRY_ERROR_H
#define MB_REGISTRY_ERROR_H

#include <stddef.h>

#include "registry.h"

/* The registry's own words with a blank before them, as in " (MANIFEST_UNKNOWN: manifest unknown)";
 * "" where the body is none of the distribution-spec's errors. Caller frees. */
char *registry_error_words(const char *body, size_t len);

/* At most REGISTRY_ERROR_BYTES - 1 bytes of valid UTF-8 on one line, whatever text is. */
void registry_error_set(char ret_text[REGISTRY_ERROR_BYTES], const char *text);

#endif
