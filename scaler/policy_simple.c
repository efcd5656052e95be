/* `simple`: the rule of the engine that scaled the first MicroBadger. One pod more while more
 * messages wait than the target allows, one less when fewer than 0.7 of it do. It differs from that
 * engine where the engine went wrong: a pod that does not start, and a change from outside, stop
 * nothing; a worker that has a message is not removed; a group of no pods wakes for one message. */
#include "policy_internal.h"

#define STEP_MS 1000
#define HYSTERESIS 0.7

/* -1, 0 or 1. */
static int direction(const struct policy_group_options *options,
                     const struct policy_group_sample *sample)
{
    if (!sample->is_known)
        return 0;
    if (sample->waiting > options->target_length)
        return 1;
    if (sample->replicas == 0 && sample->waiting > 0)
        return 1;
    int64_t low = (int64_t)(HYSTERESIS * (double)options->target_length);
    bool is_idle = sample->in_flight < sample->replicas;
    return sample->waiting < (low > 1 ? low : 1) && is_idle && sample->replicas > 0 ? -1 : 0;
}

/* The step just decided stands, whether it is done by now or not. */
static bool is_within_step(const struct policy_simple_group *group, int replicas, int64_t now_ms)
{
    bool is_ours = replicas == group->from || replicas == group->to;
    return group->has_step && is_ours && now_ms - group->step_ms < STEP_MS;
}

static void decide_group(const struct policy_options *options, struct policy_state *state,
                         const struct policy_sample *sample, int group,
                         struct policy_decision *decision)
{
    struct policy_simple_group *last = &state->simple[group];
    const struct policy_group_sample *seen = &sample->groups[group];
    if (!is_within_step(last, seen->replicas, sample->now_ms)) {
        int to = seen->replicas + direction(&options->groups[group], seen);
        *last =
            (struct policy_simple_group){to != seen->replicas, sample->now_ms, seen->replicas, to};
    }
    decision->replicas[group] = last->to;
    policy_reason(options, decision, group, "%lld wait, %lld may: %d to %d",
                  (long long)seen->waiting, (long long)options->groups[group].target_length,
                  seen->replicas, last->to);
}

static void decide(const struct policy_options *options, struct policy_state *state,
                   const struct policy_sample *sample, struct policy_decision *ret_decision)
{
    *ret_decision = (struct policy_decision){0};
    for (int group = 0; group < POLICY_GROUPS; group++)
        decide_group(options, state, sample, group, ret_decision);
    policy_limit(options, sample, ret_decision);
}

const struct policy policy_simple = {.name = "simple", .decide = decide};
