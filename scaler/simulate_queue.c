#include "simulate_queue.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

void sim_queue_start(struct sim_queue *queue, size_t room)
{
    *queue = (struct sim_queue){.room = room + 1};
    queue->visible = xcalloc(queue->room, sizeof(*queue->visible));
}

void sim_queue_release(struct sim_queue *queue)
{
    free(queue->visible);
    *queue = (struct sim_queue){0};
}

void sim_queue_put(struct sim_queue *queue, int message)
{
    queue->visible[(queue->first + queue->count++) % queue->room] = message;
}

int sim_queue_take(struct sim_queue *queue)
{
    if (queue->count == 0)
        return -1;
    int message = queue->visible[queue->first];
    queue->first = (queue->first + 1) % queue->room;
    queue->count--;
    return message;
}

void sim_queue_wait(struct sim_queue *queue, int pod)
{
    queue->pollers[queue->poller_count++] = pod;
}

static void remove_at(struct sim_queue *queue, int at)
{
    queue->poller_count--;
    memmove(&queue->pollers[at], &queue->pollers[at + 1],
            (size_t)(queue->poller_count - at) * sizeof(queue->pollers[0]));
}

int sim_queue_waiter(struct sim_queue *queue)
{
    if (queue->poller_count == 0)
        return -1;
    int pod = queue->pollers[0];
    remove_at(queue, 0);
    return pod;
}

void sim_queue_leave(struct sim_queue *queue, int pod)
{
    for (int i = 0; i < queue->poller_count; i++)
        if (queue->pollers[i] == pod) {
            remove_at(queue, i);
            return;
        }
}
