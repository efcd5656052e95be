/* A queue message: DESIGN 4.2. Only ImageName is required, so the messages of the original suite
 * work; unknown members are ignored. */
#ifndef MB_MESSAGE_H
#define MB_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "reference.h"

#define MESSAGE_VERSION 1

struct message {
    struct reference image; /* tag: what comes first; digest: just this version */
    int version;            /* MESSAGE_VERSION where the body does not say */
    int64_t requested_ms;   /* wall time of the request, 0 if unknown */
    int deferrals;          /* how often it was put off without counting as a failure */
    char *trace_parent;     /* W3C traceparent, NULL if none */
};

/* 0; ERR_INVALID: not a message; ERR_UNSUPPORTED: a newer version (leave it to a newer worker):
 * ret_message is filled with what this version knows and is to be released as after 0. */
int message_parse(const char *body, size_t len, struct message *ret_message);
/* The body to send; caller frees. */
char *message_format(const struct message *message);
void message_release(struct message *message);

static inline void message_cleanup(struct message *message)
{
    message_release(message);
}

#endif
