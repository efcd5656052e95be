/* `simple`: the rule of the engine that scaled the first MicroBadger. One pod more while more
 * messages wait than the target allows, one less when fewer than 0.7 of it do. It differs from that
 * engine where the engine went wrong: it goes up without waiting for the pod before, and goes down
 * only after that one had the time to start; a change from outside stops nothing; a worker that has
 * a message is not removed; a group of no pods wakes for one message. */
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
static bool is_within_step(const struct policy_step *last, int replicas, int64_t now_ms)
{
    bool is_ours = replicas == last->from || replicas == last->to;
    return last->is_made && is_ours && now_ms - last->at_ms < STEP_MS;
}

static int next_count(const struct policy_options *options, struct policy_step *last,
                      const struct policy_sample *sample, int group)
{
    const struct policy_group_sample *seen = &sample->groups[group];
    int replicas = seen->replicas;
    if (is_within_step(last, replicas, sample->now_ms))
        return last->to;
    int by = direction(&options->groups[group], seen);
    bool is_soon = last->is_made && sample->now_ms - last->at_ms < options->start_ms;
    if (by == 0 || (by < 0 && is_soon))
        return replicas;
    *last = (struct policy_step){true, sample->now_ms, replicas, replicas + by};
    return last->to;
}

static void decide_group(const struct policy_options *options, struct policy_state *state,
                         const struct policy_sample *sample, int group,
                         struct policy_decision *decision)
{
    const struct policy_group_sample *seen = &sample->groups[group];
    int count = next_count(options, &state->simple[group], sample, group);
    decision->replicas[group] = count;
    policy_reason(options, decision, group, "%lld wait, %lld may: %d to %d",
                  (long long)seen->waiting, (long long)options->groups[group].target_length,
                  seen->replicas, count);
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
