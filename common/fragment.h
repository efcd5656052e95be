/* Pieces of an answer, compressed once by a worker and joined by the api without compressing again:
 * each piece carries its text and the same text as raw deflate blocks that end on a byte boundary
 * (Z_FULL_FLUSH), so that a gzip body (RFC 1952) is a header, the pieces' blocks, an end block and
 * the CRC-32 combined from the pieces' own. Only fragment.c includes zlib. */
#ifndef MB_FRAGMENT_H
#define MB_FRAGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "strbuf.h"

struct fragment {
    const char *text;
    size_t text_bytes;
    const uint8_t *deflated;
    size_t deflated_bytes;
    uint32_t crc32;
    char tag[17]; /* 16 hex digits of the text's SHA-256: the piece's share of the ETag */
};

/* The stored form of a text, appended to out: header, text, deflate blocks. */
void fragment_pack(const char *text, size_t len, struct strbuf *out);
/* Reads a stored form without copying; borrows data. 0 or ERR_PROTO. */
int fragment_unpack(const void *data, size_t len, struct fragment *ret_fragment);

/* An answer in the making. Pieces are borrowed until fragment_join_finish. */
struct fragment_join {
    struct strbuf *plain; /* either may be NULL: not wanted */
    struct strbuf *gzip;
    uint32_t crc32;
    size_t plain_bytes;
};

void fragment_join_start(struct fragment_join *join, struct strbuf *plain, struct strbuf *gzip);
void fragment_join_add(struct fragment_join *join, const struct fragment *fragment);
/* Small text of our own between the pieces: goes in as a stored block. */
void fragment_join_text(struct fragment_join *join, const char *text, size_t len);
void fragment_join_finish(struct fragment_join *join);

/* gzip form of a whole small body (static files, problems); appended to out. */
void fragment_gzip(const char *text, size_t len, struct strbuf *out);

#endif
