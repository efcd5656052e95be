/* One run of one setup under one load, and what came of it. */
#ifndef MB_SIMULATE_RUN_H
#define MB_SIMULATE_RUN_H

#include <stdint.h>

#include "policy.h"
#include "simulate_load.h"
#include "simulate_setup.h"

/* Times are from a message's arrival to the end of its inspection (quick) and of its size job
 * (complete), NAN where no message came. All else is counted until the trace ends. */
enum sim_measure {
    SIM_QUICK_P50_S,
    SIM_QUICK_P95_S,
    SIM_QUICK_P99_S,
    SIM_COMPLETE_P50_S,
    SIM_COMPLETE_P95_S,
    SIM_COMPLETE_P99_S,
    SIM_POD_S,     /* of pods that have room, starting and leaving ones too */
    SIM_OVER_PART, /* of the time in which more pods are asked for than have room */
    SIM_SCALE_OPERATIONS,
    SIM_REDELIVERIES, /* jobs begun once more */
    SIM_RECEIVES_PER_H,
    SIM_SENDS_PER_H,
    SIM_DELETES_PER_H,
    SIM_CHANGES_PER_H,
    SIM_ATTRIBUTES_PER_H,
    SIM_REQUESTS_PER_H,
    SIM_MEASURES,
};

struct sim_result {
    double values[SIM_MEASURES];
};

/* How it stood at one moment. */
struct sim_point {
    int64_t at_ms;
    int64_t waiting[POLICY_GROUPS];
    int available[POLICY_GROUPS];
};

struct sim_result sim_run(const struct sim_setup *setup, const struct sim_load *load);
/* The same with `count` points (borrowed), which lie evenly over the trace. */
struct sim_result sim_run_watched(const struct sim_setup *setup, const struct sim_load *load,
                                  struct sim_point *points, int count);

#endif
