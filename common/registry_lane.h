/* Turns at one host: so many calls side by side, the others wait in order. Used by the registry
 * client only. */
#ifndef MB_REGISTRY_LANE_H
#define MB_REGISTRY_LANE_H

#include <stdbool.h>

struct lane_turn {
    struct lane_turn *next; /* while it waits */
    bool is_running;
    void (*run)(void *arg);
    void *arg;
};

struct lane {
    unsigned most; /* side by side */
    unsigned running;
    struct lane_turn *first, *last; /* that wait */
};

/* Calls run, perhaps at once; the turn must not move until it leaves. */
void lane_join(struct lane *lane, struct lane_turn *turn, void (*run)(void *arg), void *arg);
/* From now on so many side by side: others' turns may come at once. */
void lane_widen(struct lane *lane, unsigned most);
/* The next one's turn may come at once. */
void lane_leave(struct lane *lane, struct lane_turn *turn);

#endif
