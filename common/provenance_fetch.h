/* Brings what the provenance of a version's default image says into the store. An index may name
 * anybody's image and claim anything of it: the claim is kept under the index that makes it
 * (store.h), never under the image. */
#ifndef MB_PROVENANCE_FETCH_H
#define MB_PROVENANCE_FETCH_H

#include <jansson.h>

#include "reference.h"

struct loop;
struct registry;
struct store;

#define PROVENANCE_FETCH_MAX_BYTES (4u << 20)

/* The digest of the provenance among the statements of an attestation manifest (its facts, image.h;
 * NULL is fine), "" if there is none. Borrowed. */
const char *provenance_statement(const json_t *attestation);

/* record: of the index. statement: the digest of the provenance. At most one request, none where it
 * is known. Returns 0 or the store's error; a statement that cannot be had or read is left out. */
int provenance_fetch(struct loop *loop, struct registry *registry, struct store *store,
                     const struct reference *repository, const json_t *record,
                     const char *statement);

#endif
