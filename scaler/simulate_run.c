#include "simulate_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "simulate_world.h"

#define AFTER_END_MS 14400000 /* what is not done so long after the trace's end is given up */

/* The scaler */

static void tick_at(struct sim_world *world, int64_t at_ms)
{
    sim_events_add(&world->events, at_ms, SIM_TICK, 0, ++world->tick);
}

static void decide(struct sim_world *world)
{
    const struct sim_setup *setup = world->setup;
    struct policy_sample sample;
    struct policy_decision decision;
    sim_view_sample(world, &sample);
    setup->policy->decide(&setup->options, world->state, &sample, &decision);
    bool is_changed = false;
    for (int i = 0; i < POLICY_GROUPS; i++) {
        bool differs = decision.replicas[i] != world->spec[i];
        world->scale_operations += differs && world->now_ms < world->end_ms;
        world->spec[i] = decision.replicas[i];
        is_changed = is_changed || differs;
    }
    if (is_changed)
        sim_pods_follow(world);
    tick_at(world, sim_view_next_ms(world));
}

/* Time */

static void pass_time(struct sim_world *world, int64_t to_ms)
{
    int64_t until_ms = to_ms < world->end_ms ? to_ms : world->end_ms;
    int64_t span_ms = until_ms - world->now_ms;
    if (span_ms > 0) {
        bool is_over =
            world->spec[POLICY_URGENT] + world->spec[POLICY_PATIENT] > world->setup->options.pool;
        world->pod_ms += span_ms * world->held;
        world->over_ms += is_over ? span_ms : 0;
    }
    world->now_ms = to_ms;
}

static void arrive(struct sim_world *world, int message)
{
    size_t next = (size_t)message + 1;
    if (next < world->load->count)
        sim_events_add(&world->events, world->load->arrived_ms[next], SIM_ARRIVAL, (int)next, 0);
    sim_send(world, POLICY_URGENT, message);
}

static void happen_to_pod(struct sim_world *world, const struct sim_event *event)
{
    if (world->pods[event->subject].generation != event->generation)
        return;
    if (event->kind == SIM_STARTED)
        sim_pod_started(world, event->subject);
    else if (event->kind == SIM_POLL_ENDS)
        sim_poll_ended(world, event->subject);
    else if (event->kind == SIM_JOB_ENDS)
        sim_job_ended(world, event->subject);
    else
        sim_drain_ended(world, event->subject);
}

static void happen(struct sim_world *world, const struct sim_event *event)
{
    switch ((enum sim_event_kind)event->kind) {
    case SIM_ARRIVAL:
        arrive(world, event->subject);
        break;
    case SIM_REAPPEARS:
        sim_reappear(world, event->generation, event->subject);
        break;
    case SIM_TICK:
        if (event->generation == world->tick)
            decide(world);
        break;
    case SIM_NOTICE:
        if (estimate_work(&world->estimates[event->subject]) == 0)
            decide(world);
        break;
    case SIM_STARTED:
    case SIM_POLL_ENDS:
    case SIM_JOB_ENDS:
    case SIM_DRAIN_ENDS:
        happen_to_pod(world, event);
        break;
    }
}

/* A world's beginning and end */

static void fill(int64_t *list, size_t count, int64_t value)
{
    for (size_t i = 0; i < count; i++)
        list[i] = value;
}

static void start_pods(struct sim_world *world)
{
    for (int group = 0; group < POLICY_GROUPS; group++)
        world->spec[group] = world->setup->initial[group];
    sim_pods_follow(world);
    for (int i = 0; i < SIM_PODS; i++)
        if (world->pods[i].state == SIM_STARTING) {
            world->pods[i].generation++;
            sim_pod_started(world, i);
        }
}

static struct sim_world *world_new(const struct sim_setup *setup, const struct sim_load *load)
{
    size_t count = load->count;
    struct sim_world *world = xcalloc(1, sizeof(*world));
    world->setup = setup;
    world->load = load;
    world->end_ms = sim_trace_end_ms(load->trace);
    world->state = policy_state_new();
    world->quick_ms = xcalloc(count + 1, sizeof(int64_t));
    world->complete_ms = xcalloc(count + 1, sizeof(int64_t));
    fill(world->quick_ms, count, -1);
    fill(world->complete_ms, count, -1);
    for (int group = 0; group < POLICY_GROUPS; group++) {
        sim_queue_start(&world->queues[group], count);
        world->is_received[group] = xcalloc(count + 1, sizeof(bool));
    }
    start_pods(world);
    if (count > 0)
        sim_events_add(&world->events, load->arrived_ms[0], SIM_ARRIVAL, 0, 0);
    if (setup->watch != SIM_BLIND)
        tick_at(world, setup->tick_ms);
    return world;
}

static void world_free(struct sim_world *world)
{
    sim_events_release(&world->events);
    for (int group = 0; group < POLICY_GROUPS; group++) {
        sim_queue_release(&world->queues[group]);
        free(world->is_received[group]);
    }
    policy_state_free(world->state);
    free(world->quick_ms);
    free(world->complete_ms);
    free(world);
}

/* Results */

static int by_size(const void *left, const void *right)
{
    const int64_t *a = left;
    const int64_t *b = right;
    return (*a > *b) - (*a < *b);
}

/* p50, p95 and p99 by nearest rank, in seconds. What was given up took until now. */
static void put_percentiles(struct sim_world *world, int64_t *took_ms, double *ret_values)
{
    static const double parts[] = {0.50, 0.95, 0.99};
    size_t count = world->load->count;
    for (size_t i = 0; i < count; i++)
        if (took_ms[i] < 0)
            took_ms[i] = world->now_ms - world->load->arrived_ms[i];
    qsort(took_ms, count, sizeof(*took_ms), by_size);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        size_t rank = (size_t)ceil(parts[i] * (double)count);
        ret_values[i] = count > 0 ? (double)took_ms[rank - 1] / 1000 : NAN;
    }
}

static struct sim_result result_of(struct sim_world *world)
{
    double hours = (double)world->end_ms / 3600000;
    struct sim_result result = {0};
    double *values = result.values;
    put_percentiles(world, world->quick_ms, &values[SIM_QUICK_P50_S]);
    put_percentiles(world, world->complete_ms, &values[SIM_COMPLETE_P50_S]);
    values[SIM_POD_S] = (double)world->pod_ms / 1000;
    values[SIM_OVER_PART] = (double)world->over_ms / (double)world->end_ms;
    values[SIM_SCALE_OPERATIONS] = (double)world->scale_operations;
    values[SIM_REDELIVERIES] = (double)world->redeliveries;
    for (int i = 0; i < SIM_REQUESTS; i++) {
        values[SIM_RECEIVES_PER_H + i] = (double)world->requests[i] / hours;
        values[SIM_REQUESTS_PER_H] += (double)world->requests[i] / hours;
    }
    return result;
}

static struct sim_point point_of(const struct sim_world *world, int64_t at_ms)
{
    struct sim_point point = {.at_ms = at_ms};
    for (int i = 0; i < POLICY_GROUPS; i++) {
        point.waiting[i] = (int64_t)world->queues[i].count;
        point.available[i] = sim_pods_available(world, i);
    }
    return point;
}

struct sim_result sim_run_watched(const struct sim_setup *setup, const struct sim_load *load,
                                  struct sim_point *points, int count)
{
    struct sim_world *world = world_new(setup, load);
    struct sim_event event;
    int seen = 0;
    while (sim_events_take(&world->events, &event)) {
        for (; seen < count && world->end_ms * seen / count <= event.at_ms; seen++)
            points[seen] = point_of(world, world->end_ms * seen / count);
        pass_time(world, event.at_ms);
        bool is_done = world->now_ms >= world->end_ms && world->completed == load->count;
        if (is_done || world->now_ms >= world->end_ms + AFTER_END_MS)
            break;
        happen(world, &event);
    }
    struct sim_result result = result_of(world);
    world_free(world);
    return result;
}

struct sim_result sim_run(const struct sim_setup *setup, const struct sim_load *load)
{
    return sim_run_watched(setup, load, NULL, 0);
}
