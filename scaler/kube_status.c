#include "kube_status.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "kube.h"
#include "mem.h"
#include "utf8.h"

#define MAX_MESSAGE_BYTES 300
#define MAX_RETRY_AFTER_SECONDS 60

static const struct {
    int status;
    int err;
    const char *next;
} meanings[] = {
    {401, ERR_UNAUTHORIZED, "its token is read again every minute: see that the account exists"},
    {403, ERR_FORBIDDEN, "give the account this verb on this resource, by this name, in its Role"},
    {404, ERR_NOTFOUND, "create it, or correct the name or the namespace"},
    {409, ERR_CONFLICT, "somebody else changed it: it is read anew"},
    {410, ERR_NOTFOUND, "it is listed anew"},
    {422, ERR_INVALID, "correct the configured limits"},
    {429, ERR_RATELIMIT, "the server is busy: it is asked again later"},
};

int kube_status_err(int status)
{
    if (status >= 200 && status < 300)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
        if (meanings[i].status == status)
            return meanings[i].err;
    return status >= 500 ? ERR_UPSTREAM : status >= 400 ? ERR_INVALID : ERR_PROTO;
}

static const char *next_step(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
        if (meanings[i].status == status)
            return meanings[i].next;
    if (status == 0)
        return "see that the server's address, its certificate and the network are right";
    return status >= 500 ? "it is asked again later" : "this server may not be the one we expect";
}

static char *one_line(const char *message)
{
    char *line = xstrndup(message, utf8_cut(message, MAX_MESSAGE_BYTES));
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    return line;
}

char *kube_status_text(const struct kube_request *request, int status, const char *message)
{
    AUTO(free) char *line = one_line(message);
    AUTO(free) char *number = status ? xasprintf("%d: ", status) : xstrdup("");
    return xasprintf("cannot %s %s %s: %s%s; %s", request->verb, request->resource, request->name,
                     number, *line ? line : "no reason is given", next_step(status));
}

int64_t kube_retry_after_ms(const char *header)
{
    size_t len = header ? strspn(header, "0123456789") : 0;
    if (len == 0 || len > 9 || header[len])
        return 0;
    int64_t seconds = strtoll(header, NULL, 10);
    return (seconds < MAX_RETRY_AFTER_SECONDS ? seconds : MAX_RETRY_AFTER_SECONDS) * 1000;
}
