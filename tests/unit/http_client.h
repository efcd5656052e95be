/* An HTTP client for unit tests that shares the loop with the server under test: a raw socket, so
 * that every byte is the test's own. */
#ifndef TEST_HTTP_CLIENT_H
#define TEST_HTTP_CLIENT_H

#include <stdbool.h>

#include "strbuf.h"

struct loop;

struct http_client {
    struct loop *loop;
    struct loop_io *io;
    int fd;
    bool is_closed; /* by the server */
    bool is_done;   /* an answer is complete, or the connection closed */
    bool is_head;   /* set before a HEAD request: its answer has no body */
    struct strbuf received;
};

void http_client_open(struct http_client *client, struct loop *loop, int port);
void http_client_close(struct http_client *client);
void http_client_send(struct http_client *client, const char *text);
/* Runs the loop until an answer is there; forgets the one before. The whole answer as text. */
const char *http_client_receive(struct http_client *client);
/* Both in one; a fresh GET request for the target where text does not say more. */
const char *http_client_get(struct http_client *client, const char *target);
int http_client_status(const struct http_client *client);
/* Turns the loop a little, for what must not happen. */
void http_client_idle(struct loop *loop);

#endif
