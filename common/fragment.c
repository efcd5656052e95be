#include "fragment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "digest.h"
#include "err.h"

#define LEVEL 6
#define STORED_BLOCK_MAX_BYTES 65535

/* The stored form's start: "MBF1", text_bytes, deflated_bytes, crc32 (little-endian), tag. */
#define HEADER_BYTES 32
static const char magic[4] = "MBF1";

static void put_u32(struct strbuf *out, uint32_t value)
{
    unsigned char bytes[4] = {(unsigned char)value, (unsigned char)(value >> 8),
                              (unsigned char)(value >> 16), (unsigned char)(value >> 24)};
    strbuf_add(out, bytes, sizeof(bytes));
}

static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* One for the process: its tables cost more to make than a small text to compress. */
static z_stream *fresh_stream(void)
{
    static z_stream stream;
    static bool is_made;
    int status = is_made ? deflateReset(&stream)
                         : deflateInit2(&stream, LEVEL, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
    if (status != Z_OK)
        abort();
    is_made = true;
    return &stream;
}

/* Raw deflate blocks (RFC 1951) of the text; flush is Z_FULL_FLUSH or Z_FINISH. */
static void deflate_text(const char *text, size_t len, int flush, struct strbuf *out)
{
    z_stream *stream = fresh_stream();
    stream->next_in = (Bytef *)text;
    stream->avail_in = (uInt)len;
    int status;
    do {
        unsigned char chunk[16384];
        stream->next_out = chunk;
        stream->avail_out = sizeof(chunk);
        status = deflate(stream, flush);
        strbuf_add(out, chunk, sizeof(chunk) - stream->avail_out);
    } while (status == Z_OK && stream->avail_out == 0);
}

static uint32_t crc_of(const char *text, size_t len)
{
    return (uint32_t)crc32(0, (const Bytef *)text, (uInt)len);
}

void fragment_pack(const char *text, size_t len, struct strbuf *out)
{
    struct strbuf deflated = STRBUF_INIT(len + len / 2 + 1024);
    deflate_text(text, len, Z_FULL_FLUSH, &deflated);
    char digest[DIGEST_BYTES];
    digest_sha256(text, len, digest);
    strbuf_add(out, magic, sizeof(magic));
    put_u32(out, (uint32_t)len);
    put_u32(out, (uint32_t)deflated.len);
    put_u32(out, crc_of(text, len));
    strbuf_add(out, digest_hex(digest), 16);
    strbuf_add(out, text, len);
    strbuf_add(out, strbuf_str(&deflated), deflated.len);
    strbuf_release(&deflated);
}

/* It goes into a header of the answer. */
static bool is_tag(const uint8_t *bytes)
{
    for (size_t i = 0; i < 16; i++)
        if (!bytes[i] || !strchr("0123456789abcdef", bytes[i]))
            return false;
    return true;
}

int fragment_unpack(const void *data, size_t len, struct fragment *ret_fragment)
{
    const uint8_t *bytes = data;
    if (len < HEADER_BYTES || memcmp(bytes, magic, sizeof(magic)) != 0 || !is_tag(bytes + 16))
        return ERR_PROTO;
    struct fragment fragment = {
        .text = (const char *)bytes + HEADER_BYTES,
        .text_bytes = get_u32(bytes + 4),
        .deflated_bytes = get_u32(bytes + 8),
        .crc32 = get_u32(bytes + 12),
    };
    if (fragment.text_bytes + fragment.deflated_bytes != len - HEADER_BYTES)
        return ERR_PROTO;
    fragment.deflated = bytes + HEADER_BYTES + fragment.text_bytes;
    memcpy(fragment.tag, bytes + 16, 16);
    *ret_fragment = fragment;
    return 0;
}

void fragment_join_start(struct fragment_join *join, struct strbuf *plain, struct strbuf *gzip)
{
    static const unsigned char header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
    *join = (struct fragment_join){.plain = plain, .gzip = gzip};
    if (gzip)
        strbuf_add(gzip, header, sizeof(header));
}

static void count(struct fragment_join *join, uint32_t crc, size_t len)
{
    join->crc32 = (uint32_t)crc32_combine(join->crc32, crc, (z_off_t)len);
    join->plain_bytes += len;
}

void fragment_join_add(struct fragment_join *join, const struct fragment *fragment)
{
    if (join->plain)
        strbuf_add(join->plain, fragment->text, fragment->text_bytes);
    if (!join->gzip)
        return;
    strbuf_add(join->gzip, fragment->deflated, fragment->deflated_bytes);
    count(join, fragment->crc32, fragment->text_bytes);
}

void fragment_join_text(struct fragment_join *join, const char *text, size_t len)
{
    if (join->plain)
        strbuf_add(join->plain, text, len);
    if (!join->gzip)
        return;
    for (size_t at = 0; at < len;) {
        size_t block = len - at < STORED_BLOCK_MAX_BYTES ? len - at : STORED_BLOCK_MAX_BYTES;
        unsigned char header[5] = {0, (unsigned char)block, (unsigned char)(block >> 8),
                                   (unsigned char)~block, (unsigned char)(~block >> 8)};
        strbuf_add(join->gzip, header, sizeof(header));
        strbuf_add(join->gzip, text + at, block);
        at += block;
    }
    count(join, crc_of(text, len), len);
}

void fragment_join_finish(struct fragment_join *join)
{
    static const unsigned char end_block[2] = {0x03, 0x00}; /* final, fixed codes, empty */
    if (!join->gzip)
        return;
    strbuf_add(join->gzip, end_block, sizeof(end_block));
    put_u32(join->gzip, join->crc32);
    put_u32(join->gzip, (uint32_t)join->plain_bytes);
}

void fragment_gzip(const char *text, size_t len, struct strbuf *out)
{
    static const unsigned char header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
    strbuf_add(out, header, sizeof(header));
    deflate_text(text, len, Z_FINISH, out);
    put_u32(out, crc_of(text, len));
    put_u32(out, (uint32_t)len);
}
