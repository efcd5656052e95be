/* Calls of httpc to the odd server, for its unit tests, and what came of them. */
#ifndef TEST_HTTPC_CALLS_H
#define TEST_HTTPC_CALLS_H

#include <stdbool.h>
#include <stddef.h>

#include "httpc.h"

struct seen {
    bool done;
    int calls;
    int err;
    int status;
    char *error_text;
    char *body;
    size_t body_bytes;
    char *thing;
    bool take;
};

void seen_cleanup(struct seen *seen);

extern struct httpc *calls_httpc; /* the test's own */

/* A test's setup and teardown. */
int calls_start(void **state);
int calls_stop(void **state);

/* The URL of a path of the server. Caller frees. */
char *call_url(const char *path);
/* For httpc_start, where arg begins with a struct seen. */
void call_done(void *arg, const struct httpc_response *response);
/* Starts a request for a path of the server; the rest of it may be NULL. */
struct httpc_call *call_begin(const char *path, const struct httpc_request *rest,
                              struct seen *seen);
/* Waits for the end, which comes once. */
void call_finish(struct seen *seen);
/* Both in turn. */
void call_exchange(const char *path, const struct httpc_request *rest, struct seen *seen);

#endif
