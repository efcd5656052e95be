/* Several Redis commands in one flight, for a worker's sequential code: all are sent, then waited
 * for together. Set loop and pending to the number of commands (it may grow until flight_wait). */
#ifndef MB_FLIGHT_H
#define MB_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>

struct loop;
struct redis_reply;

struct flight {
    struct loop *loop;
    size_t pending;
    bool landed;
    int err; /* the first one */
};

/* A redis_done whose arg is the flight. A callback that wants the reply calls it at its end. */
void flight_on_reply(void *arg, int err, struct redis_reply *reply);
/* 0 or the first error. */
int flight_wait(struct flight *flight);

#endif
