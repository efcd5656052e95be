#include "estimate.h"

static int64_t not_negative(int64_t number)
{
    return number > 0 ? number : 0;
}

/* The depth as it should be by now. */
static struct queue_depth carried_on(const struct estimate *estimate)
{
    struct queue_depth depth = estimate->depth;
    if (!estimate->base_is_known)
        return depth;
    int64_t sent = estimate->flow.sent - estimate->base.sent;
    int64_t received = estimate->flow.received - estimate->base.received;
    int64_t done = estimate->flow.done - estimate->base.done;
    depth.waiting = not_negative(depth.waiting + sent - received);
    depth.in_flight = not_negative(depth.in_flight + received - done);
    return depth;
}

static int64_t work_of(const struct queue_depth *depth)
{
    return not_negative(depth->waiting) + not_negative(depth->in_flight);
}

int64_t estimate_work(const struct estimate *estimate)
{
    const struct queue_depth depth = carried_on(estimate);
    return work_of(&depth);
}

/* Where nothing is known yet: soon again, and less soon with each failure. */
static int64_t first_pause_ms(const struct estimate *estimate)
{
    int64_t pause_ms = ESTIMATE_REPEAT_MS;
    for (int i = 1; i < estimate->failures && pause_ms < ESTIMATE_ACTIVE_POLL_MS; i++)
        pause_ms *= 2;
    return pause_ms < ESTIMATE_ACTIVE_POLL_MS ? pause_ms : ESTIMATE_ACTIVE_POLL_MS;
}

int64_t estimate_due_ms(const struct estimate *estimate, bool is_active)
{
    if (estimate->asked_ms == 0)
        return 0;
    if (estimate->depth_ms == 0)
        return estimate->asked_ms + first_pause_ms(estimate);
    if (estimate->is_doubted && estimate_work(estimate) == 0)
        return estimate->asked_ms + ESTIMATE_REPEAT_MS;
    return estimate->asked_ms + (is_active ? ESTIMATE_ACTIVE_POLL_MS : ESTIMATE_REST_POLL_MS);
}

void estimate_ask(struct estimate *estimate, int64_t now_ms)
{
    estimate->asked_ms = now_ms;
    estimate->asked_base = estimate->flow;
    estimate->asked_base_is_known = estimate->flow_is_known;
}

/* SQS's numbers lag behind what was sent and received, by up to a minute. */
static bool is_doubtful(const struct estimate *estimate, const struct queue_depth *depth)
{
    int64_t work = estimate_work(estimate); /* a delayed copy counts as sent */
    return work == 0 ? work_of(depth) > 0 : work_of(depth) + not_negative(depth->delayed) < work;
}

void estimate_depth(struct estimate *estimate, const struct queue_depth *depth, int64_t now_ms)
{
    estimate->failures = depth ? 0 : estimate->failures + 1;
    if (!depth)
        return;
    if (!estimate->is_exact && !estimate->is_doubted && is_doubtful(estimate, depth)) {
        estimate->is_doubted = true;
        return;
    }
    estimate->is_doubted = false;
    estimate->depth = *depth;
    estimate->depth_ms = now_ms;
    estimate->base = estimate->asked_base;
    estimate->base_is_known = estimate->asked_base_is_known;
}

void estimate_flow(struct estimate *estimate, const struct flow *flow)
{
    estimate->flow_is_known = flow != NULL;
    if (!flow)
        return;
    bool began_anew = flow->sent < estimate->flow.sent ||
                      flow->received < estimate->flow.received || flow->done < estimate->flow.done;
    if (began_anew && estimate->base_is_known)
        estimate->depth = carried_on(estimate);
    estimate->flow = *flow;
    /* Where the counters were not to be had with the depth, these are the nearest. */
    if (began_anew || !estimate->base_is_known)
        estimate->base = *flow;
    if (began_anew || !estimate->asked_base_is_known)
        estimate->asked_base = *flow;
    estimate->base_is_known = true;
    estimate->asked_base_is_known = true;
}

bool estimate_is_known(const struct estimate *estimate, bool is_active, int64_t now_ms)
{
    int64_t limit_ms = is_active ? ESTIMATE_ACTIVE_STALE_MS : ESTIMATE_REST_STALE_MS;
    return estimate->depth_ms > 0 && now_ms - estimate->depth_ms <= limit_ms;
}

void estimate_sample(const struct estimate *estimate, bool is_active, int64_t now_ms,
                     struct policy_group_sample *ret_sample)
{
    const struct queue_depth depth = carried_on(estimate);
    ret_sample->is_known = estimate_is_known(estimate, is_active, now_ms);
    ret_sample->waiting = not_negative(depth.waiting);
    ret_sample->in_flight = not_negative(depth.in_flight);
    ret_sample->delayed = not_negative(depth.delayed);
    ret_sample->sent = estimate->flow_is_known ? estimate->flow.sent : -1;
    ret_sample->done = estimate->flow_is_known ? estimate->flow.done : -1;
    ret_sample->busy_ms = estimate->flow_is_known ? estimate->flow.busy_ms : -1;
}
