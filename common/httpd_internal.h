/* Shared by httpd.c and httpd_stream.c only. */
#ifndef MB_HTTPD_INTERNAL_H
#define MB_HTTPD_INTERNAL_H

#include <microhttpd.h>

#include "httpd.h"

struct httpd {
    struct loop *loop;
    struct MHD_Daemon *daemon;
    struct loop_io *io;
    struct loop_timer *timer;
    struct loop_hook *hook;
    bool is_dirty; /* libmicrohttpd has something to do: run it before the loop sleeps */
    bool is_quiesced;
    int port;
    unsigned active;
    struct httpd_response *body_too_large;
    httpd_handler *handler;
    void *arg;
};

struct httpd_request {
    struct httpd *httpd;
    struct MHD_Connection *connection;
    const char *method;
    bool is_started;
    bool is_suspended;
    bool is_handled;
    size_t body_bytes;
    struct httpd_response *reply; /* given while suspended: sent when resumed */
    char target[];
};

struct httpd_response {
    struct MHD_Response *mhd;
    unsigned refs;
    unsigned status;
    bool closes; /* has a header "Connection" */
};

/* Hands a response to libmicrohttpd. */
enum MHD_Result httpd_queue_response(struct httpd_request *request,
                                     struct httpd_response *response);

#endif
