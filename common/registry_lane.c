#include "registry_lane.h"

#include <stddef.h>

static void run_next(struct lane *lane)
{
    while (lane->running < lane->most && lane->first) {
        struct lane_turn *turn = lane->first;
        lane->first = turn->next;
        if (!lane->first)
            lane->last = NULL;
        turn->next = NULL;
        turn->is_running = true;
        lane->running++;
        turn->run(turn->arg);
    }
}

void lane_join(struct lane *lane, struct lane_turn *turn, void (*run)(void *arg), void *arg)
{
    *turn = (struct lane_turn){.run = run, .arg = arg};
    if (lane->last)
        lane->last->next = turn;
    else
        lane->first = turn;
    lane->last = turn;
    run_next(lane);
}

void lane_widen(struct lane *lane, unsigned most)
{
    lane->most = most;
    run_next(lane);
}

static void stop_waiting(struct lane *lane, const struct lane_turn *turn)
{
    struct lane_turn *before = NULL;
    struct lane_turn **at = &lane->first;
    while (*at != turn) {
        before = *at;
        at = &before->next;
    }
    *at = turn->next;
    if (lane->last == turn)
        lane->last = before;
}

void lane_leave(struct lane *lane, struct lane_turn *turn)
{
    if (!turn->is_running) {
        stop_waiting(lane, turn);
        return;
    }
    lane->running--;
    run_next(lane);
}
