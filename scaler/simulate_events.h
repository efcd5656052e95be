/* What happens when: a heap of events, those of one moment in the order they were added. */
#ifndef MB_SIMULATE_EVENTS_H
#define MB_SIMULATE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_event {
    int64_t at_ms;
    uint64_t order;
    int kind;
    int subject;
    int generation; /* of the subject: an event of another one is void */
};

/* Zeros are no events. */
struct sim_events {
    struct sim_event *heap;
    size_t count;
    size_t room;
    uint64_t added;
};

void sim_events_add(struct sim_events *events, int64_t at_ms, int kind, int subject,
                    int generation);
bool sim_events_take(struct sim_events *events, struct sim_event *ret_event);
void sim_events_release(struct sim_events *events);

#endif
