#include "simulate_events.h"

#include <stdlib.h>

#include "mem.h"

static bool is_before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

void sim_events_add(struct sim_events *events, int64_t at_ms, int kind, int subject, int generation)
{
    if (events->count == events->room) {
        events->room = events->room ? 2 * events->room : 64;
        events->heap = xrealloc(events->heap, events->room * sizeof(*events->heap));
    }
    const struct sim_event event = {at_ms, events->added++, kind, subject, generation};
    size_t at = events->count++;
    for (; at > 0 && is_before(&event, &events->heap[(at - 1) / 2]); at = (at - 1) / 2)
        events->heap[at] = events->heap[(at - 1) / 2];
    events->heap[at] = event;
}

bool sim_events_take(struct sim_events *events, struct sim_event *ret_event)
{
    if (events->count == 0)
        return false;
    *ret_event = events->heap[0];
    const struct sim_event last = events->heap[--events->count];
    size_t at = 0;
    for (;;) {
        size_t next = 2 * at + 1;
        if (next + 1 < events->count && is_before(&events->heap[next + 1], &events->heap[next]))
            next++;
        if (next >= events->count || !is_before(&events->heap[next], &last))
            break;
        events->heap[at] = events->heap[next];
        at = next;
    }
    if (events->count > 0)
        events->heap[at] = last;
    return true;
}

void sim_events_release(struct sim_events *events)
{
    free(events->heap);
    *events = (struct sim_events){0};
}
