#include "unit.h"

#include <string.h>
#include <zlib.h>

#include "digest.h"
#include "err.h"
#include "fragment.h"
#include "mem.h"

#define MAX_BYTES (4 * 1024 * 1024)

/* What a client makes of a gzip body, checked against its CRC and length by zlib. */
static char *gunzip(const struct strbuf *body, size_t *ret_len)
{
    char *text = xcalloc(1, MAX_BYTES + 1);
    z_stream stream = {
        .next_in = (Bytef *)body->buf,
        .avail_in = (uInt)body->len,
        .next_out = (Bytef *)text,
        .avail_out = MAX_BYTES,
    };
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.avail_in, 0);
    *ret_len = stream.total_out;
    inflateEnd(&stream);
    return text;
}

/* Text that hardly compresses, so that deflate fills many output buffers. */
static void add_noise(struct strbuf *out, size_t len)
{
    uint32_t x = 2463534242;
    for (size_t i = 0; i < len; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        strbuf_addc(out, (char)(32 + x % 95));
    }
}

static void stored_forms_read_back(void **state)
{
    (void)state;
    static const char text[] = "\"PullCount\":1234567890,\"StarCount\":7";
    AUTO(strbuf) struct strbuf stored = STRBUF_INIT(MAX_BYTES);
    fragment_pack(text, strlen(text), &stored);
    struct fragment fragment;
    assert_int_equal(fragment_unpack(stored.buf, stored.len, &fragment), 0);
    assert_int_equal(fragment.text_bytes, strlen(text));
    assert_memory_equal(fragment.text, text, strlen(text));
    assert_int_equal(fragment.crc32, crc32(0, (const Bytef *)text, (uInt)strlen(text)));
    char digest[DIGEST_BYTES];
    digest_sha256(text, strlen(text), digest);
    assert_int_equal(strlen(fragment.tag), 16);
    assert_memory_equal(fragment.tag, digest + 7, 16);
    /* On a byte boundary: the sync marker of a full flush ends it. */
    assert_memory_equal(fragment.deflated + fragment.deflated_bytes - 4, "\0\0\xff\xff", 4);
}

static void packing_appends_and_repeats(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf one = STRBUF_INIT(MAX_BYTES);
    AUTO(strbuf) struct strbuf two = STRBUF_INIT(MAX_BYTES);
    fragment_pack("same", 4, &one);
    strbuf_adds(&two, "kept");
    fragment_pack("same", 4, &two);
    assert_int_equal(two.len, one.len + 4);
    assert_memory_equal(two.buf, "kept", 4);
    assert_memory_equal(two.buf + 4, one.buf, one.len);
}

static void damaged_forms_are_refused(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf stored = STRBUF_INIT(MAX_BYTES);
    fragment_pack("\"a\":1", 5, &stored);
    struct fragment fragment;
    for (size_t len = 0; len < stored.len; len++)
        assert_int_equal(fragment_unpack(stored.buf, len, &fragment), ERR_PROTO);
    strbuf_addc(&stored, 'x');
    assert_int_equal(fragment_unpack(stored.buf, stored.len, &fragment), ERR_PROTO);
    stored.len--;
    assert_int_equal(fragment_unpack(stored.buf, stored.len, &fragment), 0);
    stored.buf[3] = '9'; /* another version */
    assert_int_equal(fragment_unpack(stored.buf, stored.len, &fragment), ERR_PROTO);
    stored.buf[3] = '1';
    stored.buf[20] = '\n'; /* in the tag */
    assert_int_equal(fragment_unpack(stored.buf, stored.len, &fragment), ERR_PROTO);
    stored.buf[20] = '0';
    memset(stored.buf + 4, 0xff, 8); /* lengths whose sum would wrap in 32 bits */
    assert_int_equal(fragment_unpack(stored.buf, stored.len, &fragment), ERR_PROTO);
}

static void expect_join(const char *const *texts, const size_t *lens, size_t count)
{
    AUTO(strbuf) struct strbuf plain = STRBUF_INIT(MAX_BYTES);
    AUTO(strbuf) struct strbuf gzip = STRBUF_INIT(MAX_BYTES);
    AUTO(strbuf) struct strbuf plain_alone = STRBUF_INIT(MAX_BYTES);
    struct strbuf stored[8];
    struct fragment_join join;
    struct fragment_join join_alone;
    fragment_join_start(&join, &plain, &gzip);
    fragment_join_start(&join_alone, &plain_alone, NULL);
    for (size_t i = 0; i < count; i++) {
        stored[i] = (struct strbuf)STRBUF_INIT(MAX_BYTES);
        fragment_pack(texts[i], lens[i], &stored[i]);
        struct fragment fragment;
        assert_int_equal(fragment_unpack(stored[i].buf, stored[i].len, &fragment), 0);
        fragment_join_text(&join, i ? "," : "{", 1);
        fragment_join_text(&join_alone, i ? "," : "{", 1);
        fragment_join_add(&join, &fragment);
        fragment_join_add(&join_alone, &fragment);
    }
    fragment_join_text(&join, "}", 1);
    fragment_join_text(&join_alone, "}", 1);
    fragment_join_finish(&join);
    fragment_join_finish(&join_alone);
    size_t len;
    AUTO(free) char *inflated = gunzip(&gzip, &len);
    assert_int_equal(len, plain.len);
    assert_memory_equal(inflated, plain.buf, len);
    assert_string_equal(strbuf_str(&plain), strbuf_str(&plain_alone));
    for (size_t i = 0; i < count; i++)
        strbuf_release(&stored[i]);
}

static void joined_pieces_are_one_gzip_body(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf noise = STRBUF_INIT(MAX_BYTES);
    add_noise(&noise, 300000);
    AUTO(strbuf) struct strbuf same = STRBUF_INIT(MAX_BYTES);
    for (size_t i = 0; i < 200000; i++)
        strbuf_addc(&same, 'a');
    const char *const texts[] = {"\"LatestSHA\":\"1\"", "", noise.buf, same.buf, noise.buf};
    const size_t lens[] = {strlen(texts[0]), 0, noise.len, same.len, 65536};
    expect_join(texts, lens, 0);
    expect_join(texts, lens, 1);
    expect_join(texts, lens, 2);
    expect_join(texts, lens, 5);
}

/* Lengths around those where deflate's output just fills a buffer of ours. */
static void output_may_end_anywhere(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf noise = STRBUF_INIT(MAX_BYTES);
    add_noise(&noise, 21000);
    for (size_t len = 19500; len < 21000; len += 7) {
        const char *const text = noise.buf;
        expect_join(&text, &len, 1);
    }
}

static void long_texts_become_several_stored_blocks(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf noise = STRBUF_INIT(MAX_BYTES);
    add_noise(&noise, 65535 * 2 + 10);
    AUTO(strbuf) struct strbuf gzip = STRBUF_INIT(MAX_BYTES);
    struct fragment_join join;
    fragment_join_start(&join, NULL, &gzip);
    fragment_join_text(&join, noise.buf, noise.len);
    fragment_join_finish(&join);
    size_t len;
    AUTO(free) char *inflated = gunzip(&gzip, &len);
    assert_int_equal(len, noise.len);
    assert_memory_equal(inflated, noise.buf, len);
}

static void whole_bodies_compress(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf gzip = STRBUF_INIT(MAX_BYTES);
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(MAX_BYTES);
    for (int i = 0; i < 20000; i++)
        strbuf_addf(&text, "line %d\n", i);
    fragment_gzip(text.buf, text.len, &gzip);
    assert_true(gzip.len < text.len / 3);
    size_t len;
    AUTO(free) char *inflated = gunzip(&gzip, &len);
    assert_int_equal(len, text.len);
    assert_memory_equal(inflated, text.buf, len);
}

static void a_full_buffer_shows(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf small = STRBUF_INIT(20);
    fragment_pack("does not fit", 12, &small);
    assert_int_equal(strbuf_err(&small), ERR_TOOBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stored_forms_read_back),
        cmocka_unit_test(packing_appends_and_repeats),
        cmocka_unit_test(damaged_forms_are_refused),
        cmocka_unit_test(joined_pieces_are_one_gzip_body),
        cmocka_unit_test(output_may_end_anywhere),
        cmocka_unit_test(long_texts_become_several_stored_blocks),
        cmocka_unit_test(whole_bodies_compress),
        cmocka_unit_test(a_full_buffer_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
