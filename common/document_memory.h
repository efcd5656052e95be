/* Reading a document (document.h) from a store in memory: the same choice of pieces as the script
 * that the api reads Redis with. */
#ifndef MB_DOCUMENT_MEMORY_H
#define MB_DOCUMENT_MEMORY_H

#include "digest.h"
#include "document.h"

struct store;

/* The view is borrowed until the store changes; it must not be moved. */
struct document_in_memory {
    struct document_view view;
    char digest[DIGEST_BYTES]; /* the view's */
    char child_digest[DIGEST_BYTES];
};

/* store: one of store_memory.h. 0 or ERR_PROTO. There are no lifetimes here and no badges:
 * keep_seconds and DOCUMENT_BADGE have no meaning. */
int document_memory_read(const struct store *store, const struct document_query *query,
                         struct document_in_memory *ret_document);

#endif
