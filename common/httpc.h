/* HTTP requests out, side by side on one connection pool. Only httpc.c includes libcurl's multi and
 * easy interfaces. Redirects are never followed here: the caller sees the 3xx and decides. */
#ifndef MB_HTTPC_H
#define MB_HTTPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct httpc;
struct httpc_call;
struct loop;

/* Signed by libcurl's CURLOPT_AWS_SIGV4; all borrowed for the httpc_start call. */
struct httpc_sigv4 {
    const char *region;
    const char *service;
    const char *access_key;
    const char *secret_key; /* the session token, if any, is a header of the request */
};

/* For a server with an authority of its own. All borrowed for the httpc_start call. */
struct httpc_tls {
    const char *ca_pem;     /* the only authorities that are trusted; NULL: the system's */
    const char *cert_pem;   /* the client's own certificate, with its chain; NULL: none */
    const char *key_pem;    /* its key */
    const char *connect_to; /* "host:port" that is connected to, while the server is known by the
                               name in the URL; NULL: as the URL says */
    bool is_unverified;     /* anybody is believed to be the server */
};

/* Takes a piece of a body as it comes. Starts and cancels nothing: libcurl is at work. */
typedef void httpc_data(void *arg, const char *data, size_t len);

/* Everything is borrowed for the httpc_start call only, but for `body`, which stays the caller's
 * until done or cancelled. */
struct httpc_request {
    const char *method; /* "GET", "HEAD", "POST", "PUT" or "PATCH" */
    const char *url;
    const char *const *headers; /* "Name: value", ends with NULL; NULL: none */
    const void *body;           /* POST, PUT and PATCH only */
    size_t body_bytes;
    size_t max_body_bytes; /* of the answer; 0 stands for 64 KiB */
    int timeout_ms;        /* the whole exchange; 0 stands for 30 s */
    int stall_seconds;     /* under 64 bytes a second for so long ends it; 0 stands for 15 */
    bool allow_private;    /* private, loopback and link-local addresses may be connected to */
    bool own_connection;   /* HTTP/1.1, not one stream among others: long polls, which may stall */
    bool decodes_body;     /* a Content-Encoding that the peer puts on unasked is taken off */
    httpc_data *data; /* with httpc_start's arg: the body of a 200, which is then neither kept nor
                         capped; those of other statuses are, as usual. NULL: none is streamed */
    const struct httpc_sigv4 *sigv4;
    const struct httpc_tls *tls; /* NULL: the system's authorities */
};

struct httpc_response {
    int err;    /* 0, ERR_TIMEOUT (stalled, too), ERR_NETWORK, ERR_TOOBIG (body, headers),
                   ERR_FORBIDDEN (address refused), ERR_PROTO (decodes_body, and the body is not of
                   the Content-Encoding that it is said to have) */
    int status; /* HTTP status where err is 0 */
    const char *error_text; /* libcurl's words where err is not 0, else "" */
    const char *body;       /* NUL-terminated beyond body_bytes; "" when empty */
    size_t body_bytes;
    const struct httpc_call *call; /* for httpc_header */
};

/* Called once, from the loop; the response is borrowed for the call. */
typedef void httpc_done(void *arg, const struct httpc_response *response);

struct httpc *httpc_new(struct loop *loop, const char *user_agent);
/* Cancels what is under way, without callbacks. */
void httpc_free(struct httpc *httpc);

/* Never NULL: what cannot start is reported through done, later. */
struct httpc_call *httpc_start(struct httpc *httpc, const struct httpc_request *request,
                               httpc_done *done, void *arg);
/* No callback comes after this. NULL is fine. */
void httpc_cancel(struct httpc_call *call);

/* A header of the final answer by its name (any case), the first one; NULL if absent. Borrowed. */
const char *httpc_header(const struct httpc_response *response, const char *name);
/* All headers of this name as one, joined by ", " (RFC 9110 5.3); NULL if absent. Caller frees. */
char *httpc_headers(const struct httpc_response *response, const char *name);
/* Inside done: moves the body out; caller frees it. */
char *httpc_take_body(const struct httpc_response *response);

#endif
