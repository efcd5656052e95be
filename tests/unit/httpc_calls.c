#include "httpc_calls.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "loop.h"
#include "mem.h"
#include "odd_server.h"

#define ENOUGH_MS 20000

static struct loop *loop;
struct httpc *calls_httpc;

int calls_start(void **state)
{
    (void)state;
    loop = loop_new();
    calls_httpc = httpc_new(loop, "unit-test/1");
    return 0;
}

int calls_stop(void **state)
{
    (void)state;
    httpc_free(calls_httpc);
    loop_free(loop);
    return 0;
}

void call_done(void *arg, const struct httpc_response *response)
{
    struct seen *seen = arg;
    seen->done = true;
    seen->calls++;
    seen->err = response->err;
    seen->status = response->status;
    seen->error_text = xstrdup(response->error_text);
    seen->body_bytes = response->body_bytes;
    seen->body =
        seen->take ? httpc_take_body(response) : xmemdup(response->body, response->body_bytes);
    const char *thing = httpc_header(response, "X-THING");
    seen->thing = thing ? xstrdup(thing) : NULL;
    assert_null(httpc_header(response, "X-Absent"));
}

void seen_cleanup(struct seen *seen)
{
    free(seen->error_text);
    free(seen->body);
    free(seen->thing);
}

void call_finish(struct seen *seen)
{
    assert_true(loop_run_until(loop, &seen->done, loop_now_ms(loop) + ENOUGH_MS));
    assert_int_equal(seen->calls, 1);
}

char *call_url(const char *path)
{
    return xasprintf("http://127.0.0.1:%d%s", odd_server_port, path);
}

struct httpc_call *call_begin(const char *path, const struct httpc_request *rest, struct seen *seen)
{
    AUTO(free) char *url = call_url(path);
    struct httpc_request request = rest ? *rest : (struct httpc_request){.allow_private = true};
    request.method = request.method ? request.method : "GET";
    request.url = url;
    struct httpc_call *call = httpc_start(calls_httpc, &request, call_done, seen);
    assert_non_null(call);
    assert_false(seen->done);
    return call;
}

void call_exchange(const char *path, const struct httpc_request *rest, struct seen *seen)
{
    call_begin(path, rest, seen);
    call_finish(seen);
}
