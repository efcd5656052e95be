/* `fixed`: what stands, stays. */
#include "policy_internal.h"

static void decide(const struct policy_options *options, struct policy_state *state,
                   const struct policy_sample *sample, struct policy_decision *ret_decision)
{
    (void)state;
    *ret_decision = (struct policy_decision){0};
    for (int group = 0; group < POLICY_GROUPS; group++) {
        ret_decision->replicas[group] = sample->groups[group].replicas;
        policy_reason(options, ret_decision, group, "fixed");
    }
    policy_limit(options, sample, ret_decision);
}

const struct policy policy_fixed = {.name = "fixed", .decide = decide};
