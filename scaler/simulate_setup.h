/* What is compared: a policy with the pods, workers and ways of looking that it is run with. */
#ifndef MB_SIMULATE_SETUP_H
#define MB_SIMULATE_SETUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy.h"

/* How lengths are known. */
enum sim_watch {
    SIM_BLIND,        /* not at all */
    SIM_EACH_TICK,    /* the queues are asked at each decision */
    SIM_AS_KEDA,      /* by KEDA's operator each 30 s, by the HPA each 15 s while it has pods */
    SIM_AS_THE_SUITE, /* by counters and notices, and now and then by asking */
};

/* A table: which workers run. */
enum sim_workers {
    SIM_OWN_WORKERS,   /* as each policy is deployed where it comes from */
    SIM_SUITE_WORKERS, /* the suite's: 20 s polls, a message in hand is finished on SIGTERM */
    SIM_WORKERS,
};

struct sim_setup {
    const char *name;
    const struct policy *policy;
    struct policy_options options; /* pool: how many pods have room */
    int initial[POLICY_GROUPS];
    enum sim_watch watch;
    int64_t tick_ms;
    int64_t poll_ms;       /* a long poll of a worker */
    int64_t visibility_ms; /* until the message of a killed worker comes again */
    bool is_draining;      /* its workers finish on SIGTERM, and extend their leases */
    bool is_roomy;         /* the cluster has room for leaving pods beside the pool */
    bool preempts;         /* PriorityClass: a pending urgent pod ends a patient one */
};

/* Those of one table. Caller frees. */
struct sim_setup *sim_setups(enum sim_workers workers, size_t *ret_count);
const char *sim_workers_title(enum sim_workers workers);

#endif
