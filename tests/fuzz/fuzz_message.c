/* Queue messages: what is accepted and sent again says the same. */
#include "fuzz.h"

#include <limits.h>
#include <string.h>

#include "err.h"
#include "mem.h"
#include "message.h"

static int is_same(const char *a, const char *b)
{
    return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

/* But for the deferrals, which is what sending again changes. */
static void check_same(const struct message *a, const struct message *b)
{
    FUZZ_CHECK(is_same(a->image.registry, b->image.registry));
    FUZZ_CHECK(is_same(a->image.path, b->image.path));
    FUZZ_CHECK(is_same(a->image.tag, b->image.tag));
    FUZZ_CHECK(is_same(a->image.digest, b->image.digest));
    FUZZ_CHECK(a->version == b->version && a->requested_ms == b->requested_ms);
    FUZZ_CHECK(is_same(a->trace_parent, b->trace_parent));
}

static void check_body(const char *body, const struct message *message, int deferrals)
{
    AUTO(message) struct message again = {0};
    int err = message_parse(body, strlen(body), &again);
    FUZZ_CHECK(err == (message->version > MESSAGE_VERSION ? ERR_UNSUPPORTED : 0));
    check_same(message, &again);
    FUZZ_CHECK(again.deferrals == deferrals);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(message) struct message message = {0};
    const char *body = size ? (const char *)data : "";
    int err = message_parse(body, size, &message);
    FUZZ_CHECK(err == 0 || err == ERR_INVALID || err == ERR_UNSUPPORTED);
    if (err == ERR_INVALID)
        return 0;
    FUZZ_CHECK(message.version >= 0 && message.requested_ms >= 0 && message.deferrals >= 0);
    AUTO(free) char *formatted = message_format(&message);
    check_body(formatted, &message, message.deferrals);
    AUTO(free) char *again = message_again(body, size, message.deferrals + 1);
    /* Its cap is the last but one, so that adding one never overflows. */
    check_body(again, &message,
               message.deferrals < INT_MAX - 1 ? message.deferrals + 1 : INT_MAX - 1);
    return 0;
}
