/* `pid`: the first MicroBadger's other rule, a proportional and differential controller of the
 * length of a queue. Its pace is the engine's tick, half a second. */
#include "policy_internal.h"

#include <math.h>

#define STEP_MS 500
#define HYSTERESIS 0.7
#define PROPORTIONAL 0.04
#define DIFFERENTIAL 1.25
#define MOST_PODS 1e9

/* Pods more or fewer. The first sample has no change of length. */
static double pods_of(int64_t target, int64_t length, double change)
{
    double pods = round(PROPORTIONAL * (double)(length - target) + DIFFERENTIAL * change);
    bool may_rise = length > target;
    bool may_fall = length <= (int64_t)(HYSTERESIS * (double)target);
    if ((pods > 0 && !may_rise) || (pods < 0 && !may_fall))
        return 0;
    return fmax(fmin(pods, MOST_PODS), -MOST_PODS);
}

static void step(const struct policy_group_options *options, struct policy_pid_group *group,
                 const struct policy_group_sample *seen, int64_t now_ms)
{
    int64_t length = seen->waiting < 0 ? 0 : seen->waiting;
    double change = group->is_started ? (double)length - (double)group->length : 0;
    double pods = pods_of(options->target_length, length, change);
    if (seen->replicas == 0 && length > 0 && pods < 1)
        pods = 1;
    int to = policy_count(seen->replicas + pods);
    group->step = (struct policy_step){true, now_ms, seen->replicas, to};
    group->length = length;
    group->is_started = true;
}

static void decide(const struct policy_options *options, struct policy_state *state,
                   const struct policy_sample *sample, struct policy_decision *ret_decision)
{
    *ret_decision = (struct policy_decision){0};
    for (int i = 0; i < POLICY_GROUPS; i++) {
        struct policy_pid_group *group = &state->pid[i];
        const struct policy_group_sample *seen = &sample->groups[i];
        bool is_within_step = group->step.is_made && sample->now_ms - group->step.at_ms < STEP_MS;
        if (!is_within_step && seen->is_known)
            step(&options->groups[i], group, seen, sample->now_ms);
        bool has_step = group->step.is_made && seen->is_known;
        ret_decision->replicas[i] = has_step ? group->step.to : seen->replicas;
        policy_reason(options, ret_decision, i, "%lld wait, %lld may: %d to %d",
                      (long long)seen->waiting, (long long)options->groups[i].target_length,
                      seen->replicas, ret_decision->replicas[i]);
    }
    policy_limit(options, sample, ret_decision);
}

const struct policy policy_pid = {.name = "pid", .decide = decide};
