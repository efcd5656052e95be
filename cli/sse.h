/* Server-Sent Events (WHATWG HTML 9.2) taken apart as their bytes come. Pure. */
#ifndef MB_SSE_H
#define MB_SSE_H

#include <stddef.h>

#include "strbuf.h"

#define SSE_MAX_BYTES 65536 /* of a line, of an event's data; what is longer is dropped */

typedef void sse_event(void *arg, const char *type, const char *data);

struct sse {
    sse_event *event; /* type "message" where the stream names none; borrowed for the call */
    void *arg;
    struct strbuf line, type, data, id;
    int retry_ms; /* 0 until the stream says it */
    char last;    /* the byte before: CR LF is one line end */
};

void sse_init(struct sse *sse, sse_event *event, void *arg);
void sse_release(struct sse *sse);
void sse_add(struct sse *sse, const char *bytes, size_t len);
/* The id of the last event that had one, "" if none had. Borrowed. */
const char *sse_last_id(const struct sse *sse);
/* Before a reconnect: forgets a half event, keeps the id. */
void sse_restart(struct sse *sse);

#endif
