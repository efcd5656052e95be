#include "flight.h"

#include <stdint.h>

#include "loop.h"

#define WAIT_FOREVER_MS (INT64_MAX / 2) /* every command has its own deadline */

void flight_on_reply(void *arg, int err, struct redis_reply *reply)
{
    (void)reply;
    struct flight *flight = arg;
    if (err && !flight->err)
        flight->err = err;
    flight->landed = --flight->pending == 0;
}

int flight_wait(struct flight *flight)
{
    if (flight->pending)
        loop_run_until(flight->loop, &flight->landed, WAIT_FOREVER_MS);
    return flight->err;
}
