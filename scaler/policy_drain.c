/* `drain`: as many pods as the arrivals keep busy, a few against waiting (the square-root staffing
 * rule of Halfin and Whitt), and as many as empty the backlog within the group's drain time. Up at
 * once in one jump; down to the most that was wanted of late. Where both groups together want more
 * than the pool, the urgent one goes first, but only with what it cannot do without. */
#include "policy_internal.h"

#include <math.h>

#define LEAN_SLACK 0.5
#define LEAN_HOLD_MS 20000
#define DOWN_PAUSE_MS 5000
#define STARVING_MS 300000
/* Of a pod's time: for less, none is kept, and the next message starts one. */
#define LEAST_LOAD 0.1

struct needs {
    int raw;    /* now */
    int lean;   /* the least of it that keeps up */
    int steady; /* without what waits */
    double load;
    double service_ms;
};

static int64_t not_negative(int64_t count)
{
    return count < 0 ? 0 : count;
}

static int pods_for(double load, double slack, double backlog)
{
    double base = load < LEAST_LOAD ? 0 : load + slack * sqrt(load);
    return policy_count(base + backlog);
}

static struct needs needs_of(const struct policy_options *options,
                             const struct policy_drain_group *group,
                             const struct policy_sample *sample, int index)
{
    const struct policy_group_options *own = &options->groups[index];
    const struct policy_group_sample *seen = &sample->groups[index];
    double service_ms = policy_rates_service_ms(&group->rates, own->service_ms);
    double start_ms = seen->available > 0 ? 0 : (double)options->start_ms;
    /* No backlog is gone sooner than the job in hand and its own have taken. */
    double time_ms = fmax((double)own->drain_ms - start_ms, 2 * service_ms);
    /* An old length is worth something where counters carry it on: enough to scale up. */
    bool is_told = seen->is_known || seen->sent >= 0;
    double waiting = is_told ? (double)not_negative(seen->waiting) : 0;
    double backlog = waiting * service_ms / time_ms;
    double load = policy_rates_load(&group->rates, service_ms);
    double fast_load = policy_rates_fast_load(&group->rates, service_ms);
    struct needs needs = {
        .raw = pods_for(load, own->slack, backlog),
        .steady = pods_for(load, own->slack, 0),
        .lean = pods_for(fast_load, fmin(LEAN_SLACK, own->slack), backlog),
        .load = load,
        .service_ms = service_ms,
    };
    /* A message in the hands of a worker that is leaving needs no other one. */
    bool has_work = waiting > 0 || (seen->in_flight > 0 && seen->replicas > 0);
    if (seen->is_known && has_work && needs.raw < 1)
        needs.raw = 1;
    if (needs.lean > needs.raw)
        needs.lean = needs.raw;
    return needs;
}

/* What somebody else raised is wanted too, and given back like the rest; so is what a scaler before
 * this one left. */
static void adopt(struct policy_drain_state *state, const struct policy_options *options,
                  const struct policy_sample *sample, int index)
{
    struct policy_drain_group *group = &state->groups[index];
    int replicas = sample->groups[index].replicas;
    bool is_raised = replicas > group->seen && replicas > group->decided;
    if (!state->is_started || is_raised)
        policy_window_add(&group->wants, options->groups[index].hold_ms, sample->now_ms, replicas);
    if (state->is_started && replicas < group->seen) {
        group->has_fallen = true;
        group->fell_ms = sample->now_ms;
    }
    group->seen = replicas;
}

/* One pod of the pool is kept for messages that waited too long without any, until none waits. */
static int reserve_of(struct policy_drain_state *state, const struct policy_sample *sample)
{
    const struct policy_group_sample *patient = &sample->groups[POLICY_PATIENT];
    bool is_waiting = patient->is_known && patient->waiting > 0;
    bool is_starving = is_waiting && patient->replicas == 0;
    if (is_starving && !state->is_starving)
        state->starving_since_ms = sample->now_ms;
    state->is_starving = is_starving;
    if (is_starving && sample->now_ms - state->starving_since_ms >= STARVING_MS)
        state->has_reserve = true;
    else if (patient->is_known && !is_waiting)
        state->has_reserve = false;
    return state->has_reserve ? 1 : 0;
}

/* One step down in a while: each one costs a call and a worker's end. */
static int slow_down(const struct policy_drain_group *group, int replicas, int want, int64_t now_ms)
{
    bool is_soon = group->has_fallen && now_ms - group->fell_ms < DOWN_PAUSE_MS;
    return want < replicas && is_soon ? replicas : want;
}

/* A pod that changes sides works for nobody while one ends and another starts: what was needed a
 * moment ago is kept, unless it was for a backlog that is gone. */
static void hold_lean(struct policy_drain_group *group, struct needs *needs, int64_t now_ms)
{
    policy_window_add(&group->leans, LEAN_HOLD_MS, now_ms, needs->lean);
    int held = policy_window_greatest(&group->leans, LEAN_HOLD_MS, now_ms);
    if (held > needs->steady)
        held = needs->steady;
    if (held > needs->lean)
        needs->lean = held;
}

static void share_pool(const struct policy_options *options, const struct needs *needs, int reserve,
                       int *replicas)
{
    int64_t patient_raw = needs[POLICY_PATIENT].raw;
    int64_t together = replicas[POLICY_URGENT] + patient_raw;
    if (together > options->pool) {
        int64_t left = options->pool - patient_raw;
        int64_t lean = needs[POLICY_URGENT].lean;
        replicas[POLICY_URGENT] = (int)(lean > left ? lean : left);
    }
    if (replicas[POLICY_URGENT] > options->pool - reserve)
        replicas[POLICY_URGENT] = options->pool - reserve;
}

static void tell(const struct policy_options *options, const struct policy_sample *sample,
                 const struct needs *needs, int reserve, struct policy_decision *decision)
{
    for (int i = 0; i < POLICY_GROUPS; i++) {
        policy_reason(options, decision, i,
                      "%.2f busy at %.0f ms each, %lld wait to go in %lld s: wants %d",
                      needs[i].load, needs[i].service_ms, (long long)sample->groups[i].waiting,
                      (long long)options->groups[i].drain_ms / 1000, needs[i].raw);
        if (decision->replicas[i] > needs[i].raw)
            policy_reason(options, decision, i, ", keeps %d for a while", decision->replicas[i]);
        else if (decision->replicas[i] < needs[i].raw)
            policy_reason(options, decision, i, ", makes do with %d", decision->replicas[i]);
    }
    if (reserve)
        policy_reason(options, decision, POLICY_URGENT, ", leaves one to those who waited long");
}

static void decide(const struct policy_options *options, struct policy_state *state,
                   const struct policy_sample *sample, struct policy_decision *ret_decision)
{
    struct policy_drain_state *drain = &state->drain;
    struct needs needs[POLICY_GROUPS];
    *ret_decision = (struct policy_decision){0};
    for (int i = 0; i < POLICY_GROUPS; i++) {
        struct policy_drain_group *group = &drain->groups[i];
        int64_t hold_ms = options->groups[i].hold_ms;
        adopt(drain, options, sample, i);
        policy_rates_update(&group->rates, &sample->groups[i], sample->now_ms);
        needs[i] = needs_of(options, group, sample, i);
        policy_window_add(&group->wants, hold_ms, sample->now_ms, needs[i].raw);
        hold_lean(group, &needs[i], sample->now_ms);
        int want = policy_window_greatest(&group->wants, hold_ms, sample->now_ms);
        ret_decision->replicas[i] =
            slow_down(group, sample->groups[i].replicas, want, sample->now_ms);
    }
    int reserve = reserve_of(drain, sample);
    share_pool(options, needs, reserve, ret_decision->replicas);
    tell(options, sample, needs, reserve, ret_decision);
    policy_limit(options, sample, ret_decision);
    drain->is_started = true;
    for (int i = 0; i < POLICY_GROUPS; i++)
        drain->groups[i].decided = ret_decision->replicas[i];
}

const struct policy policy_drain = {.name = "drain", .decide = decide};
