/* How many pods each of two deployments should have, from what their queues tell: the urgent one
 * (inspectors) and the patient one (size workers) share a pool. A policy is a pure function of its
 * options, its own state and one sample, so that the scaler and the simulator run the same code. */
#ifndef MB_POLICY_H
#define MB_POLICY_H

#include <stdbool.h>
#include <stdint.h>

enum { POLICY_URGENT, POLICY_PATIENT, POLICY_GROUPS };

struct policy_group_options {
    int min_replicas;
    int max_replicas;      /* at most the pool */
    int64_t target_length; /* `simple`: messages that may wait */
    int64_t drain_ms;      /* `drain`: a backlog is to be gone after so long */
    int64_t hold_ms;       /* `drain`: room is given back after so long without need */
    int64_t service_ms;    /* of one message, until it is measured */
    double slack;          /* `drain`: beta of the square-root rule, against waiting */
};

struct policy_options {
    int pool;             /* pods of both groups together */
    int64_t start_ms;     /* of a pod, until it works */
    bool without_reasons; /* a simulator makes millions of decisions, and reads none */
    struct policy_group_options groups[POLICY_GROUPS];
};

/* What the suite's programs run with, unless they are told otherwise. */
struct policy_options policy_options_default(int pool);

/* What is known of one group at the moment of a sample. */
struct policy_group_sample {
    /* False: the counts are missing or stale, and nothing is scaled down. They are still the best
     * there is: the last ones, carried on by the totals where those are told. */
    bool is_known;
    int64_t waiting;   /* messages that a worker could take now */
    int64_t in_flight; /* received, not yet deleted */
    int64_t delayed;
    int64_t sent;    /* totals since some start, -1 where producers and workers tell none; */
    int64_t done;    /* a total that falls began anew */
    int64_t busy_ms; /* of all workers, for `done` messages */
    int replicas;    /* spec.replicas as they stand */
    int available;   /* status.availableReplicas */
};

struct policy_sample {
    int64_t now_ms; /* monotonic */
    struct policy_group_sample groups[POLICY_GROUPS];
};

enum { POLICY_REASON_BYTES = 160 };

struct policy_decision {
    int replicas[POLICY_GROUPS]; /* within the limits; together at most the pool */
    char reasons[POLICY_GROUPS][POLICY_REASON_BYTES]; /* for people, in one line */
};

struct policy_state; /* plain data of one policy; starts as zeros */

/* The same sample twice gives the same decision twice. Samples may come at any pace: on a clock,
 * and at once when a message was sent. */
struct policy {
    const char *name;
    void (*decide)(const struct policy_options *options, struct policy_state *state,
                   const struct policy_sample *sample, struct policy_decision *ret_decision);
};

/* "drain" and "simple"; NULL if there is none of this name. */
const struct policy *policy_find(const char *name);
struct policy_state *policy_state_new(void);
void policy_state_free(struct policy_state *state);

#endif
