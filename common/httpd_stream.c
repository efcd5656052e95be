#include "httpd_stream.h"

#include <stdlib.h>
#include <string.h>

#include "httpd_internal.h"
#include "mem.h"

/* What HTTP/1.0 clients get at once; chunks of HTTP/1.1 go into the connection's own memory. */
#define BLOCK_BYTES 512

struct httpd_piece {
    unsigned refs;
    size_t bytes;
    char text[];
};

struct httpd_stream {
    struct httpd *httpd;
    struct MHD_Connection *connection;
    struct httpd_piece *current; /* goes out; NULL: nothing does */
    size_t current_at;
    struct httpd_piece *next;
    bool is_suspended; /* nothing to send */
    bool is_ending;
    void (*closed)(void *arg);
    void *arg;
};

struct httpd_piece *httpd_piece_new(const char *text, size_t len)
{
    struct httpd_piece *piece = xmalloc(sizeof(*piece) + len);
    *piece = (struct httpd_piece){.refs = 1, .bytes = len};
    memcpy(piece->text, text, len);
    return piece;
}

void httpd_piece_ref(struct httpd_piece *piece)
{
    piece->refs++;
}

void httpd_piece_unref(struct httpd_piece *piece)
{
    if (piece && --piece->refs == 0)
        free(piece);
}

/* An MHD_ContentReaderCallback: the one place beside the handler where suspending is allowed. */
static ssize_t read_stream(void *arg, uint64_t position, char *buffer, size_t max)
{
    (void)position;
    struct httpd_stream *stream = arg;
    if (!stream->current)
        stream->current = TAKE(stream->next);
    if (!stream->current && stream->is_ending)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (!stream->current) {
        stream->is_suspended = true;
        MHD_suspend_connection(stream->connection);
        return 0;
    }
    size_t left = stream->current->bytes - stream->current_at;
    size_t len = left < max ? left : max;
    memcpy(buffer, stream->current->text + stream->current_at, len);
    stream->current_at += len;
    if (len == left) {
        httpd_piece_unref(TAKE(stream->current));
        stream->current_at = 0;
    }
    return (ssize_t)len;
}

static void free_stream(void *arg)
{
    struct httpd_stream *stream = arg;
    stream->closed(stream->arg);
    httpd_piece_unref(stream->current);
    httpd_piece_unref(stream->next);
    free(stream);
}

struct httpd_stream *httpd_stream_open(struct httpd_request *request, const char *const *headers,
                                       void (*closed)(void *arg), void *arg)
{
    struct httpd_stream *stream = xcalloc(1, sizeof(*stream));
    stream->httpd = request->httpd;
    stream->connection = request->connection;
    stream->closed = closed;
    stream->arg = arg;
    struct httpd_response *response = xcalloc(1, sizeof(*response));
    response->refs = 1;
    response->status = 200;
    response->mhd = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_stream,
                                                      stream, free_stream);
    if (!response->mhd)
        abort();
    for (; headers[0]; headers += 2)
        httpd_response_header(response, headers[0], headers[1]);
    httpd_reply(request, response);
    httpd_response_unref(response);
    return stream;
}

static void wake(struct httpd_stream *stream)
{
    if (!stream->is_suspended)
        return;
    stream->is_suspended = false;
    /* libmicrohttpd 0.9.75 does not wake up by itself after this. */
    MHD_resume_connection(stream->connection);
    stream->httpd->is_dirty = true;
}

void httpd_stream_send(struct httpd_stream *stream, struct httpd_piece *piece)
{
    if (stream->is_ending)
        return;
    httpd_piece_unref(stream->next);
    httpd_piece_ref(piece);
    stream->next = piece;
    wake(stream);
}

bool httpd_stream_is_busy(const struct httpd_stream *stream)
{
    return stream->current || stream->next;
}

void httpd_stream_end(struct httpd_stream *stream)
{
    stream->is_ending = true;
    wake(stream);
}
