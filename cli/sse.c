#include "sse.h"

#include <stdlib.h>
#include <string.h>

#define MAX_RETRY_MS 60000

void sse_init(struct sse *sse, sse_event *event, void *arg)
{
    const struct strbuf empty = STRBUF_INIT(SSE_MAX_BYTES);
    *sse = (struct sse){.event = event, .arg = arg};
    sse->line = sse->type = sse->data = sse->id = empty;
}

void sse_release(struct sse *sse)
{
    strbuf_release(&sse->line);
    strbuf_release(&sse->type);
    strbuf_release(&sse->data);
    strbuf_release(&sse->id);
}

void sse_restart(struct sse *sse)
{
    strbuf_reset(&sse->line);
    strbuf_reset(&sse->type);
    strbuf_reset(&sse->data);
    sse->last = '\0';
}

const char *sse_last_id(const struct sse *sse)
{
    return strbuf_str(&sse->id);
}

static void set(struct strbuf *buffer, const char *text)
{
    strbuf_reset(buffer);
    strbuf_adds(buffer, text);
}

static void set_retry(struct sse *sse, const char *value)
{
    char *end;
    long retry_ms = strtol(value, &end, 10);
    if (*value >= '0' && *value <= '9' && !*end)
        sse->retry_ms = retry_ms < MAX_RETRY_MS ? (int)retry_ms : MAX_RETRY_MS;
}

static void dispatch(struct sse *sse)
{
    if (sse->data.len && strbuf_err(&sse->data) == 0) {
        const char *type = sse->type.len ? strbuf_str(&sse->type) : "message";
        sse->event(sse->arg, type, strbuf_str(&sse->data));
    }
    strbuf_reset(&sse->data);
    strbuf_reset(&sse->type);
}

static void take_line(struct sse *sse)
{
    if (sse->line.len == 0) {
        dispatch(sse);
        return;
    }
    char *name = sse->line.buf;
    char *colon = strchr(name, ':');
    const char *value = "";
    if (colon) {
        *colon = '\0';
        value = colon + 1 + (colon[1] == ' ');
    }
    if (strcmp(name, "data") == 0) {
        strbuf_adds(&sse->data, sse->data.len ? "\n" : "");
        strbuf_adds(&sse->data, value);
    } else if (strcmp(name, "event") == 0) {
        set(&sse->type, value);
    } else if (strcmp(name, "id") == 0) {
        set(&sse->id, value);
    } else if (strcmp(name, "retry") == 0) {
        set_retry(sse, value);
    }
}

void sse_add(struct sse *sse, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = bytes[i];
        bool is_pair = c == '\n' && sse->last == '\r';
        sse->last = c;
        if (c != '\n' && c != '\r') {
            strbuf_addc(&sse->line, c);
        } else if (!is_pair) {
            if (strbuf_err(&sse->line) == 0)
                take_line(sse);
            strbuf_reset(&sse->line);
        }
    }
}
