/* What the policies share: the limits that hold for each of them, and the state of each. */
#ifndef MB_POLICY_INTERNAL_H
#define MB_POLICY_INTERNAL_H

#include "policy.h"
#include "policy_rates.h"
#include "policy_window.h"

/* The last change that a policy of small steps decided. */
struct policy_step {
    bool is_made; /* there was one */
    int64_t at_ms;
    int from;
    int to;
};

struct policy_drain_group {
    struct policy_rates rates;
    struct policy_window wants;
    struct policy_window leans; /* of the least that keeps up */
    int seen;                   /* replicas at the last sample */
    int decided;                /* the last decision */
    bool has_fallen;            /* replicas were seen to fall, */
    int64_t fell_ms;            /* at this time */
};

struct policy_drain_state {
    bool is_started;
    bool is_starving; /* messages wait for a patient group of no pods, */
    int64_t starving_since_ms;
    bool has_reserve; /* a pod of the pool is kept from the urgent group */
    struct policy_drain_group groups[POLICY_GROUPS];
};

struct policy_pid_group {
    bool is_started;
    int64_t length; /* at the last step */
    struct policy_step step;
};

struct policy_hpa_group {
    bool is_started;
    int64_t sync_ms;
    int64_t active_ms; /* when something was last to do */
    int wanted;        /* at the last sync */
    struct policy_window recommendations;
};

struct policy_state {
    union {
        struct policy_step simple[POLICY_GROUPS];
        struct policy_drain_state drain;
        struct policy_pid_group pid[POLICY_GROUPS];
        struct policy_hpa_group hpa[POLICY_GROUPS];
    };
};

extern const struct policy policy_simple;
extern const struct policy policy_drain;
/* For comparison in the simulator only. */
extern const struct policy policy_fixed;
extern const struct policy policy_pid;
extern const struct policy policy_hpa;

/* Puts the wants in decision->replicas within the limits, and adds to a reason which limit changed
 * its number. In this order: the pool; minima and maxima; nothing of a group whose counts are
 * unknown is scaled down; the urgent group before the patient one. */
void policy_limit(const struct policy_options *options, const struct policy_sample *sample,
                  struct policy_decision *decision);

/* A number of pods from a formula's result, whatever that is: 0 to INT_MAX. */
int policy_count(double pods);

void policy_reason(const struct policy_options *options, struct policy_decision *decision,
                   int group, const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
