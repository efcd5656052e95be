#include "err.h"

#include <stddef.h>

static const char *const err_texts[] = {
    [0] = "ok",
    [-ERR_INVALID] = "invalid",
    [-ERR_NOTFOUND] = "not found",
    [-ERR_UNAUTHORIZED] = "missing or private",
    [-ERR_FORBIDDEN] = "not allowed",
    [-ERR_RATELIMIT] = "rate limited",
    [-ERR_TIMEOUT] = "timed out",
    [-ERR_NETWORK] = "network failure",
    [-ERR_UPSTREAM] = "upstream failure",
    [-ERR_PROTO] = "malformed answer",
    [-ERR_TOOBIG] = "too large",
    [-ERR_CANCELLED] = "cancelled",
    [-ERR_CONFLICT] = "superseded",
    [-ERR_UNAVAILABLE] = "unavailable",
    [-ERR_UNSUPPORTED] = "unsupported",
};

const char *err_str(int err)
{
    if (err > 0 || err <= -(int)(sizeof(err_texts) / sizeof(err_texts[0])))
        return "unknown error";
    return err_texts[-err];
}

bool err_is_transient(int err)
{
    return err == ERR_RATELIMIT || err == ERR_TIMEOUT || err == ERR_NETWORK ||
           err == ERR_UPSTREAM || err == ERR_PROTO || err == ERR_CANCELLED || err == ERR_CONFLICT ||
           err == ERR_UNAVAILABLE;
}
