/* Stored fragments: foreign bytes never lead out of their bounds, and what was packed is joined to
 * a gzip body that gunzips to the text. */
#include "fuzz.h"

#include <string.h>
#include <zlib.h>

#include "err.h"
#include "fragment.h"
#include "mem.h"

#define MAX_BYTES (4 << 20)

static void check_foreign(const uint8_t *data, size_t size)
{
    struct fragment fragment;
    int err = fragment_unpack(data, size, &fragment);
    FUZZ_CHECK(err == 0 || err == ERR_PROTO);
    if (err)
        return;
    const uint8_t *text = (const uint8_t *)fragment.text;
    FUZZ_CHECK(text >= data && text + fragment.text_bytes == fragment.deflated);
    FUZZ_CHECK(fragment.deflated + fragment.deflated_bytes == data + size);
    FUZZ_CHECK(strspn(fragment.tag, "0123456789abcdef") == 16 && !fragment.tag[16]);
    /* Wrong blocks make a wrong body, never an access out of bounds. */
    struct strbuf plain = STRBUF_INIT(MAX_BYTES);
    struct strbuf gzip = STRBUF_INIT(MAX_BYTES);
    struct fragment_join join;
    fragment_join_start(&join, &plain, &gzip);
    fragment_join_add(&join, &fragment);
    fragment_join_finish(&join);
    FUZZ_CHECK(plain.len == fragment.text_bytes);
    strbuf_release(&plain);
    strbuf_release(&gzip);
}

static void check_gunzips(const struct strbuf *gzip, const struct strbuf *plain)
{
    AUTO(free) uint8_t *text = xmalloc(plain->len + 1);
    z_stream stream = {.next_in = (Bytef *)gzip->buf,
                       .avail_in = (uInt)gzip->len,
                       .next_out = text,
                       .avail_out = (uInt)plain->len + 1};
    FUZZ_CHECK(inflateInit2(&stream, 15 + 16) == Z_OK);
    FUZZ_CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
    FUZZ_CHECK(stream.avail_in == 0 && stream.total_out == plain->len);
    FUZZ_CHECK(memcmp(text, strbuf_str(plain), plain->len) == 0);
    (void)inflateEnd(&stream);
}

/* The input in two pieces, text of our own between them. */
static void check_own(const uint8_t *data, size_t size)
{
    const size_t half = size ? data[0] % size : 0;
    const char *text = size ? (const char *)data : "";
    struct strbuf stored[2] = {STRBUF_INIT(MAX_BYTES), STRBUF_INIT(MAX_BYTES)};
    struct fragment pieces[2];
    fragment_pack(text, half, &stored[0]);
    fragment_pack(text + half, size - half, &stored[1]);
    struct strbuf plain = STRBUF_INIT(MAX_BYTES);
    struct strbuf gzip = STRBUF_INIT(MAX_BYTES);
    struct fragment_join join;
    fragment_join_start(&join, &plain, &gzip);
    for (size_t i = 0; i < 2; i++) {
        FUZZ_CHECK(fragment_unpack(stored[i].buf, stored[i].len, &pieces[i]) == 0);
        fragment_join_add(&join, &pieces[i]);
        fragment_join_text(&join, text, i ? half : 0);
    }
    fragment_join_finish(&join);
    FUZZ_CHECK(plain.len == size + half);
    check_gunzips(&gzip, &plain);
    strbuf_release(&stored[0]);
    strbuf_release(&stored[1]);
    strbuf_release(&plain);
    strbuf_release(&gzip);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_foreign(data, size);
    check_own(data, size);
    return 0;
}
