/* The world that a policy is run in: two queues, the pods of two deployments, time. Shared by the
 * simulator's own parts: simulate_pods.c (the cluster), simulate_work.c (workers and messages),
 * simulate_view.c (what the scaler sees), simulate_run.c (time). */
#ifndef MB_SIMULATE_WORLD_H
#define MB_SIMULATE_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "estimate.h"
#include "policy.h"
#include "simulate_events.h"
#include "simulate_load.h"
#include "simulate_queue.h"
#include "simulate_setup.h"

enum sim_request {
    SIM_RECEIVE,
    SIM_SEND,
    SIM_DELETE,
    SIM_CHANGE, /* of a message's visibility */
    SIM_ATTRIBUTES,
    SIM_REQUESTS,
};

enum sim_pod_state {
    SIM_NO_POD,
    SIM_PENDING, /* no room for it */
    SIM_STARTING,
    SIM_POLLING,
    SIM_BUSY,
};

enum sim_event_kind {
    SIM_ARRIVAL, /* subject: the message */
    SIM_STARTED, /* subject: the pod, as in the next three */
    SIM_POLL_ENDS,
    SIM_JOB_ENDS,
    SIM_DRAIN_ENDS,
    SIM_REAPPEARS, /* subject: the message; generation: the group */
    SIM_TICK,      /* the scaler's */
    SIM_NOTICE,    /* to the scaler, that a message was sent; subject: the group */
};

struct sim_pod {
    enum sim_pod_state state;
    int group;
    bool is_leaving; /* it has its SIGTERM */
    int generation;
    int64_t made; /* which one it was of all */
    int64_t ready_ms;
    int message; /* in hand */
    int64_t received_ms;
};

struct sim_world {
    const struct sim_setup *setup;
    const struct sim_load *load;
    int64_t now_ms;
    int64_t end_ms; /* of what is counted */
    struct sim_events events;
    struct sim_queue queues[POLICY_GROUPS];

    struct sim_pod pods[SIM_PODS];
    int64_t pods_made;
    int spec[POLICY_GROUPS]; /* replicas as asked for */
    int held;                /* pods that have room in the cluster */

    struct policy_state *state;
    struct estimate estimates[POLICY_GROUPS];
    bool is_active; /* it looks each tick, not only when a queue is to be asked */
    int tick;       /* the one that is to come; notices make new ones */

    int64_t *quick_ms; /* from its arrival, -1: not yet */
    int64_t *complete_ms;
    bool *is_received[POLICY_GROUPS];
    size_t completed;

    int64_t pod_ms;
    int64_t over_ms; /* more pods were asked for than there is room */
    int64_t requests[SIM_REQUESTS];
    int64_t scale_operations;
    int64_t redeliveries;
};

/* Counts, unless what is counted is over. */
void sim_count(struct sim_world *world, enum sim_request request, int64_t count);

/* index is of world->pods.
 *
 * Makes the pods as many as world->spec asks for, as far as there is room. */
void sim_pods_follow(struct sim_world *world);
void sim_pod_gone(struct sim_world *world, int index);
int sim_pods_available(const struct sim_world *world, int group);

void sim_send(struct sim_world *world, int group, int message);
void sim_reappear(struct sim_world *world, int group, int message);
void sim_pod_started(struct sim_world *world, int index);
void sim_poll_ended(struct sim_world *world, int index);
void sim_job_ended(struct sim_world *world, int index);
void sim_drain_ended(struct sim_world *world, int index);
/* SIGTERM to a worker that runs. */
void sim_worker_leaves(struct sim_world *world, int index);

/* Asks the queues where that is due, and says what is known. */
void sim_view_sample(struct sim_world *world, struct policy_sample *ret_sample);
/* When to look again, after a decision. */
int64_t sim_view_next_ms(struct sim_world *world);

#endif
