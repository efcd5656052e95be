/* What the scaler sees of the queues. For the suite's own scaler this is its own code: estimate.c.
 */
#include "simulate_world.h"

#define KEDA_POLL_MS 30000

static struct queue_depth depth_of(const struct sim_queue *queue)
{
    return (struct queue_depth){
        .waiting = (int64_t)queue->count,
        .in_flight = queue->in_flight,
        .oldest_age_ms = -1,
    };
}

/* As scaler.c has it: at rest nothing waits, and nothing is there that could be given back. */
static bool is_active(const struct sim_world *world)
{
    for (int i = 0; i < POLICY_GROUPS; i++)
        if (estimate_work(&world->estimates[i]) > 0 ||
            world->spec[i] > world->setup->options.groups[i].min_replicas)
            return true;
    return false;
}

static void look(struct sim_world *world, int group, bool is_looking_now)
{
    struct estimate *estimate = &world->estimates[group];
    const struct sim_queue *queue = &world->queues[group];
    estimate_flow(estimate, &queue->flow);
    if (!is_looking_now)
        return;
    const struct queue_depth depth = depth_of(queue);
    sim_count(world, SIM_ATTRIBUTES, 1);
    estimate_ask(estimate, world->now_ms);
    estimate_depth(estimate, sim_trace_is_out(world->load->trace, world->now_ms) ? NULL : &depth,
                   world->now_ms);
}

static void sample_as_the_suite(struct sim_world *world, struct policy_sample *sample)
{
    for (int i = 0; i < POLICY_GROUPS; i++) {
        struct estimate *estimate = &world->estimates[i];
        look(world, i, estimate_due_ms(estimate, world->is_active) <= world->now_ms);
        estimate_sample(estimate, world->is_active, world->now_ms, &sample->groups[i]);
    }
}

static void sample_now(struct sim_world *world, struct policy_sample *sample)
{
    for (int i = 0; i < POLICY_GROUPS; i++) {
        struct policy_group_sample *group = &sample->groups[i];
        const struct queue_depth depth = depth_of(&world->queues[i]);
        group->is_known = !sim_trace_is_out(world->load->trace, world->now_ms);
        group->waiting = depth.waiting;
        group->in_flight = depth.in_flight;
        group->sent = group->done = group->busy_ms = -1;
        bool is_keda = world->setup->watch == SIM_AS_KEDA;
        if (!is_keda || world->spec[i] > 0)
            sim_count(world, SIM_ATTRIBUTES, 1);
        if (is_keda && world->now_ms % KEDA_POLL_MS == 0)
            sim_count(world, SIM_ATTRIBUTES, 1);
    }
}

void sim_view_sample(struct sim_world *world, struct policy_sample *ret_sample)
{
    *ret_sample = (struct policy_sample){.now_ms = world->now_ms};
    if (world->setup->watch == SIM_AS_THE_SUITE)
        sample_as_the_suite(world, ret_sample);
    else
        sample_now(world, ret_sample);
    for (int i = 0; i < POLICY_GROUPS; i++) {
        ret_sample->groups[i].replicas = world->spec[i];
        ret_sample->groups[i].available = sim_pods_available(world, i);
    }
}

int64_t sim_view_next_ms(struct sim_world *world)
{
    if (world->setup->watch != SIM_AS_THE_SUITE)
        return world->now_ms + world->setup->tick_ms;
    world->is_active = is_active(world);
    int64_t soon_ms = world->now_ms + world->setup->tick_ms;
    if (world->is_active)
        return soon_ms;
    int64_t next_ms = INT64_MAX;
    for (int i = 0; i < POLICY_GROUPS; i++) {
        int64_t due_ms = estimate_due_ms(&world->estimates[i], false);
        next_ms = due_ms < next_ms ? due_ms : next_ms;
    }
    return next_ms > soon_ms ? next_ms : soon_ms;
}
