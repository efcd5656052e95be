/* One queue as SQS has it: visible messages, first in first out; workers whose long poll waits for
 * one; how many are in flight. */
#ifndef MB_SIMULATE_QUEUE_H
#define MB_SIMULATE_QUEUE_H

#include <stddef.h>

#include "flow.h"

enum { SIM_PODS = 64 };

struct sim_queue {
    int *visible; /* a ring */
    size_t room;
    size_t first;
    size_t count;
    int pollers[SIM_PODS]; /* in the order they began to wait */
    int poller_count;
    int in_flight;
    struct flow flow; /* as producers and workers count it in Redis */
};

/* At most so many messages at once. */
void sim_queue_start(struct sim_queue *queue, size_t room);
void sim_queue_release(struct sim_queue *queue);
void sim_queue_put(struct sim_queue *queue, int message);
int sim_queue_take(struct sim_queue *queue); /* -1: none is visible */
void sim_queue_wait(struct sim_queue *queue, int pod);
int sim_queue_waiter(struct sim_queue *queue); /* takes the first one; -1: nobody waits */
void sim_queue_leave(struct sim_queue *queue, int pod);

#endif
