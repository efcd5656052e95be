/* HTTP requests in. Only httpd.c includes libmicrohttpd. Bodies of requests are read and thrown
 * away: nothing here takes one. */
#ifndef MB_HTTPD_H
#define MB_HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct httpd;
struct httpd_request;
struct httpd_response;
struct loop;

struct httpd_options {
    const char *listen; /* "127.0.0.1:8080", "[::]:8080", ":8080" (all addresses); port 0: any */
    unsigned max_connections;
    unsigned max_connections_per_ip; /* 0: no limit */
    unsigned idle_timeout_seconds;
};

/* Called once a request, when its headers are there. The handler either replies, or calls
 * httpd_suspend and replies later from the loop. */
typedef void httpd_handler(void *arg, struct httpd_request *request);

/* NULL with a message in ret_why (caller frees) if the address cannot be listened on. */
struct httpd *httpd_new(struct loop *loop, const struct httpd_options *options,
                        httpd_handler *handler, void *arg, char **ret_why);
/* The port that it listens on. */
int httpd_port(const struct httpd *httpd);
/* Takes in who is connected already, closes the listening socket; requests under way go on,
 * connections close after their answer. Not from within a handler. */
void httpd_quiesce(struct httpd *httpd);
/* Requests that have no full answer yet (suspended ones too). */
unsigned httpd_active(const struct httpd *httpd);
/* Open connections, idle ones too. */
unsigned httpd_connections(const struct httpd *httpd);
/* No request may be suspended any more. NULL is fine. */
void httpd_free(struct httpd *httpd);

/* The target exactly as sent, "/v1/images/nginx?wait=5". Borrowed for the request's life. */
const char *httpd_target(const struct httpd_request *request);
const char *httpd_method(const struct httpd_request *request);
/* A header of the request, NULL if absent. */
const char *httpd_header(const struct httpd_request *request, const char *name);
/* All values of a header that may be given many times, joined by commas; "" if absent. Caller
 * frees. */
char *httpd_header_values(const struct httpd_request *request, const char *name);
/* The peer's address as text. */
void httpd_peer(const struct httpd_request *request, char *ret_text, size_t size);

/* An answer that may be sent many times. Takes body (malloc'ed; NULL with 0 bytes: none). */
struct httpd_response *httpd_response_new(int status, char *body, size_t body_bytes);
void httpd_response_header(struct httpd_response *response, const char *name, const char *value);
int httpd_response_status(const struct httpd_response *response);
void httpd_response_ref(struct httpd_response *response);
void httpd_response_unref(struct httpd_response *response);

/* Answers; a HEAD request gets the headers only. The response stays the caller's. */
void httpd_reply(struct httpd_request *request, struct httpd_response *response);

/* In the handler: the answer comes later, by httpd_reply from the loop. libmicrohttpd does not
 * notice a client that leaves meanwhile: keep a deadline. */
void httpd_suspend(struct httpd_request *request);

#endif
