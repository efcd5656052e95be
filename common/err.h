/* The project's one error convention: functions return 0 or one of these negative values. */
#ifndef MB_ERR_H
#define MB_ERR_H

#include <stdbool.h>

enum err {
    ERR_INVALID = -1,      /* bad input: a name, a URL, a message */
    ERR_NOTFOUND = -2,     /* the thing does not exist */
    ERR_UNAUTHORIZED = -3, /* missing or private: registries do not tell which */
    ERR_FORBIDDEN = -4,    /* refused by our own rules: registry not allowed, private address */
    ERR_RATELIMIT = -5,    /* the peer asks us to come back later */
    ERR_TIMEOUT = -6,      /* a deadline passed */
    ERR_NETWORK = -7,      /* connect, reset, short body, TLS */
    ERR_UPSTREAM = -8,     /* the peer answered 5xx */
    ERR_PROTO = -9,        /* the peer's answer cannot be right: bad JSON, wrong digest */
    ERR_TOOBIG = -10,      /* over one of our caps */
    ERR_CANCELLED = -11,   /* we gave up on purpose: drain, shutdown */
    ERR_CONFLICT = -12,    /* lost: a lease, or a newer revision stands */
    ERR_UNAVAILABLE = -13, /* Redis or the queue cannot be reached now */
    ERR_UNSUPPORTED = -14, /* well-formed, but of a kind we do not read */
};

/* Short lower-case text for logs and statuses; never NULL. */
const char *err_str(int err);

/* True where the same call may succeed later without anybody changing anything. */
bool err_is_transient(int err);

#endif
