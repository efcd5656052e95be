#include "policy_fixture.h"

void policy_run_start(struct policy_run *run, const struct policy *policy)
{
    *run = (struct policy_run){
        .policy = policy,
        .options = policy_options_default(10),
        .state = policy_state_new(),
    };
    run->sample.now_ms = 1000000;
    for (int i = 0; i < POLICY_GROUPS; i++) {
        struct policy_group_sample *group = &run->sample.groups[i];
        group->is_known = true;
        group->sent = group->done = group->busy_ms = -1;
    }
    policy_run_set_replicas(run, run->options.groups[POLICY_URGENT].min_replicas,
                            run->options.groups[POLICY_PATIENT].min_replicas);
}

void policy_run_end(struct policy_run *run)
{
    policy_state_free(run->state);
}

void policy_run_decide(struct policy_run *run, int64_t later_ms)
{
    run->sample.now_ms += later_ms;
    run->policy->decide(&run->options, run->state, &run->sample, &run->decision);
}

void policy_run_apply(struct policy_run *run, int64_t later_ms)
{
    policy_run_decide(run, later_ms);
    policy_run_set_replicas(run, run->decision.replicas[POLICY_URGENT],
                            run->decision.replicas[POLICY_PATIENT]);
}

void policy_run_set_replicas(struct policy_run *run, int urgent, int patient)
{
    int replicas[] = {urgent, patient};
    for (int i = 0; i < POLICY_GROUPS; i++) {
        run->sample.groups[i].replicas = replicas[i];
        run->sample.groups[i].available = replicas[i];
    }
}

void policy_run_set_waiting(struct policy_run *run, int64_t urgent, int64_t patient)
{
    run->sample.groups[POLICY_URGENT].waiting = urgent;
    run->sample.groups[POLICY_PATIENT].waiting = patient;
}
