/* Samples for tests of the scaling policies, and one policy run step by step. */
#ifndef MB_POLICY_FIXTURE_H
#define MB_POLICY_FIXTURE_H

#include "policy.h"

struct policy_run {
    const struct policy *policy;
    struct policy_options options;
    struct policy_state *state;
    struct policy_sample sample; /* change it, then policy_run_decide */
    struct policy_decision decision;
};

/* A pool of 10, the defaults, all counts known and 0, no counters, the minimum of pods available.
 */
void policy_run_start(struct policy_run *run, const struct policy *policy);
void policy_run_end(struct policy_run *run);
/* Moves the clock and decides; the sample stays as it was otherwise. */
void policy_run_decide(struct policy_run *run, int64_t later_ms);
/* Decides, and the pods are there at once. */
void policy_run_apply(struct policy_run *run, int64_t later_ms);
void policy_run_set_replicas(struct policy_run *run, int urgent, int patient);
void policy_run_set_waiting(struct policy_run *run, int64_t urgent, int64_t patient);

#endif
