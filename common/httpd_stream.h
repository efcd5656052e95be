/* Answers whose body comes piece by piece for as long as the client stays (server-sent events). A
 * stream is for states: a piece that has not begun to go out gives way to a newer one, so a slow
 * client holds one piece at most, and pieces are shared by all streams. */
#ifndef MB_HTTPD_STREAM_H
#define MB_HTTPD_STREAM_H

#include <stdbool.h>
#include <stddef.h>

struct httpd_piece;
struct httpd_request;
struct httpd_stream;

/* Copies text. */
struct httpd_piece *httpd_piece_new(const char *text, size_t len);
void httpd_piece_ref(struct httpd_piece *piece);
/* NULL is fine. */
void httpd_piece_unref(struct httpd_piece *piece);

/* Answers a suspended request: 200 with these headers (name, value, ..., NULL). closed comes
 * once, from libmicrohttpd's turn or from httpd_free, when the client is gone or the stream has
 * ended: no call of stream may follow. */
struct httpd_stream *httpd_stream_open(struct httpd_request *request, const char *const *headers,
                                       void (*closed)(void *arg), void *arg);
/* Keeps a reference to piece until it is out. */
void httpd_stream_send(struct httpd_stream *stream, struct httpd_piece *piece);
/* True while the client has not taken what was sent. */
bool httpd_stream_is_busy(const struct httpd_stream *stream);
/* Ends the body after what is pending; later calls do nothing. */
void httpd_stream_end(struct httpd_stream *stream);

#endif
