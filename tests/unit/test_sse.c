#include "unit.h"

#include <string.h>

#include "mem.h"
#include "sse.h"

static struct strbuf seen = STRBUF_INIT(1 << 20);

static void on_event(void *arg, const char *type, const char *data)
{
    (void)arg;
    strbuf_addf(&seen, "[%s|%s]", type, data);
}

static void assert_events(const char *stream, size_t piece_bytes, const char *expected)
{
    struct sse sse;
    strbuf_reset(&seen);
    sse_init(&sse, on_event, NULL);
    for (size_t at = 0; at < strlen(stream); at += piece_bytes) {
        size_t left = strlen(stream) - at;
        sse_add(&sse, stream + at, left < piece_bytes ? left : piece_bytes);
    }
    assert_string_equal(strbuf_str(&seen), expected);
    sse_release(&sse);
}

static void streams_are_read_in_any_pieces(void **state)
{
    (void)state;
    static const char stream[] = ": hello\nretry: 3000\nid: 1\nevent: status\ndata: {\"a\":1}\n\n"
                                 "data: one\ndata:two\n\r\n"
                                 "data: cr\r\rdata:crlf\r\n\r\n"
                                 "event: nothing\n\nid: 2\nunknown: x\nnocolon\ndata: last\n\n"
                                 "data: half";
    for (size_t piece_bytes = 1; piece_bytes < sizeof(stream); piece_bytes++)
        assert_events(stream, piece_bytes,
                      "[status|{\"a\":1}][message|one\ntwo][message|cr][message|crlf]"
                      "[message|last]");
}

static void ids_and_retries_are_kept(void **state)
{
    (void)state;
    static const char first[] = "id: 7-final\nretry: 250\ndata: x\n\ndata: half";
    static const char second[] = "\ndata: y\nretry: soon\nretry: -5\nretry: 99999999999999\n\n";
    struct sse sse;
    strbuf_reset(&seen);
    sse_init(&sse, on_event, NULL);
    assert_string_equal(sse_last_id(&sse), "");
    sse_add(&sse, first, strlen(first));
    assert_string_equal(sse_last_id(&sse), "7-final");
    assert_int_equal(sse.retry_ms, 250);
    sse_restart(&sse); /* the half event is gone, the id is not */
    sse_add(&sse, second, strlen(second));
    assert_string_equal(sse_last_id(&sse), "7-final");
    assert_int_equal(sse.retry_ms, 60000);
    assert_string_equal(strbuf_str(&seen), "[message|x][message|y]");
    sse_release(&sse);
}

static void what_is_too_long_is_dropped(void **state)
{
    (void)state;
    AUTO(free) char *line = xmalloc(SSE_MAX_BYTES + 16);
    memset(line, 'd', SSE_MAX_BYTES + 15);
    line[SSE_MAX_BYTES + 15] = '\0';
    AUTO(free) char *long_line = xasprintf("data: %s\n\ndata: next\n\n", line);
    assert_events(long_line, 1000, "[message|next]");
    line[SSE_MAX_BYTES / 2] = '\0';
    AUTO(free)
    char *long_data = xasprintf("data: %s\ndata: %s\ndata: %s\n\ndata: next\n\n", line, line, line);
    assert_events(long_data, 1000, "[message|next]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_are_read_in_any_pieces),
        cmocka_unit_test(ids_and_retries_are_kept),
        cmocka_unit_test(what_is_too_long_is_dropped),
    };
    int failed = cmocka_run_group_tests_name("sse", tests, NULL, NULL);
    strbuf_release(&seen);
    return failed;
}
