/* `hpa`: what KEDA's aws-sqs-queue scaler and a HorizontalPodAutoscaler make of the same lengths,
 * by their documented formulas and default periods. Each group is alone: the pool does not bind it.
 * Its target_length is KEDA's queueLength, hold_ms the window of scaling down. */
#include "policy_internal.h"

#include <math.h>

#define SYNC_MS 15000
#define POLL_MS 30000      /* of KEDA, which alone wakes a group of no pods */
#define COOLDOWN_MS 300000 /* until KEDA takes the last pod */
#define TOLERANCE 0.1
#define FREE_RISE 4 /* a sync may double a group, or bring it to this many */

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int recommend(double value, double target, int replicas)
{
    double per_pod = replicas > 0 ? value / (target * replicas) : 0;
    return fabs(1 - per_pod) <= TOLERANCE ? replicas : policy_count(value / target);
}

static int sync_group(const struct policy_group_options *options, struct policy_hpa_group *group,
                      const struct policy_group_sample *seen, int64_t now_ms)
{
    double value = (double)seen->waiting + (double)seen->in_flight;
    double target = options->target_length > 0 ? (double)options->target_length : 1;
    if (value > 0)
        group->active_ms = now_ms;
    if (seen->replicas == 0)
        return value > 0 ? larger(1, options->min_replicas) : 0;
    if (options->min_replicas == 0 && now_ms - group->active_ms >= COOLDOWN_MS)
        return 0;
    policy_window_add(&group->recommendations, options->hold_ms, now_ms,
                      recommend(value, target, seen->replicas));
    int want = policy_window_greatest(&group->recommendations, options->hold_ms, now_ms);
    int limit = seen->replicas > FREE_RISE / 2 ? (int)fmin(2.0 * seen->replicas, 1e9) : FREE_RISE;
    return larger(want > limit ? limit : want, 1);
}

static int decide_group(const struct policy_group_options *options, struct policy_hpa_group *group,
                        const struct policy_group_sample *seen, int64_t now_ms)
{
    if (!group->is_started) {
        *group = (struct policy_hpa_group){
            .is_started = true, .sync_ms = now_ms, .active_ms = now_ms, .wanted = seen->replicas};
        return seen->replicas;
    }
    int64_t period_ms = seen->replicas > 0 ? SYNC_MS : POLL_MS;
    if (now_ms - group->sync_ms < period_ms)
        return group->wanted;
    int want = seen->is_known ? sync_group(options, group, seen, now_ms) : seen->replicas;
    want = larger(want, options->min_replicas);
    group->wanted = want > options->max_replicas ? options->max_replicas : want;
    group->sync_ms = now_ms;
    return group->wanted;
}

static void decide(const struct policy_options *options, struct policy_state *state,
                   const struct policy_sample *sample, struct policy_decision *ret_decision)
{
    *ret_decision = (struct policy_decision){0};
    for (int i = 0; i < POLICY_GROUPS; i++) {
        const struct policy_group_sample *seen = &sample->groups[i];
        ret_decision->replicas[i] =
            decide_group(&options->groups[i], &state->hpa[i], seen, sample->now_ms);
        policy_reason(options, ret_decision, i, "%lld wait, %lld in hand, %lld a pod",
                      (long long)seen->waiting, (long long)seen->in_flight,
                      (long long)options->groups[i].target_length);
    }
}

const struct policy policy_hpa = {.name = "hpa", .decide = decide};
