/* Workers and messages: long polls, jobs, and what becomes of both when a pod ends. */
#include "simulate_world.h"

/* As common/worker.c has it: leases are renewed three times in their life; a job has so long after
 * SIGTERM until it puts its message back. */
#define DRAIN_MS 33750

void sim_count(struct sim_world *world, enum sim_request request, int64_t count)
{
    if (world->now_ms < world->end_ms)
        world->requests[request] += count;
}

/* Room came free: somebody may wait for it. */
static void gone(struct sim_world *world, int index)
{
    sim_pod_gone(world, index);
    sim_pods_follow(world);
}

static void start_job(struct sim_world *world, int index, int message)
{
    struct sim_pod *pod = &world->pods[index];
    struct sim_queue *queue = &world->queues[pod->group];
    bool *is_received = &world->is_received[pod->group][message];
    world->redeliveries += *is_received && world->now_ms < world->end_ms;
    *is_received = true;
    queue->in_flight++;
    queue->flow.received++;
    pod->state = SIM_BUSY;
    pod->message = message;
    pod->received_ms = world->now_ms;
    double ms = (double)world->load->service_ms[pod->group][message] *
                sim_trace_slowness(world->load->trace, world->now_ms);
    sim_events_add(&world->events, world->now_ms + (int64_t)ms, SIM_JOB_ENDS, index,
                   ++pod->generation);
}

/* A fresh copy, then the old one is deleted. */
static void put_back(struct sim_world *world, int group, int message)
{
    sim_count(world, SIM_DELETE, 1);
    sim_send(world, group, message);
}

static void deliver(struct sim_world *world, int index, int message)
{
    struct sim_pod *pod = &world->pods[index];
    int group = pod->group;
    if (!pod->is_leaving) {
        start_job(world, index, message);
        return;
    }
    gone(world, index);
    put_back(world, group, message);
}

/* To a worker that waits, else it stays visible. */
static void show(struct sim_world *world, int group, int message)
{
    int waiter = sim_queue_waiter(&world->queues[group]);
    if (waiter < 0)
        sim_queue_put(&world->queues[group], message);
    else
        deliver(world, waiter, message);
}

void sim_send(struct sim_world *world, int group, int message)
{
    sim_count(world, SIM_SEND, 1);
    world->queues[group].flow.sent++;
    /* While there is work the next look is near enough. */
    if (world->setup->watch == SIM_AS_THE_SUITE && estimate_work(&world->estimates[group]) == 0)
        sim_events_add(&world->events, world->now_ms, SIM_NOTICE, group, 0);
    show(world, group, message);
}

void sim_reappear(struct sim_world *world, int group, int message)
{
    world->queues[group].in_flight--;
    show(world, group, message);
}

static void poll(struct sim_world *world, int index)
{
    struct sim_pod *pod = &world->pods[index];
    struct sim_queue *queue = &world->queues[pod->group];
    sim_count(world, SIM_RECEIVE, 1);
    int message = sim_queue_take(queue);
    if (message >= 0) {
        start_job(world, index, message);
        return;
    }
    pod->state = SIM_POLLING;
    sim_queue_wait(queue, index);
    sim_events_add(&world->events, world->now_ms + world->setup->poll_ms, SIM_POLL_ENDS, index,
                   ++pod->generation);
}

void sim_pod_started(struct sim_world *world, int index)
{
    world->pods[index].ready_ms = world->now_ms;
    poll(world, index);
}

void sim_poll_ended(struct sim_world *world, int index)
{
    struct sim_pod *pod = &world->pods[index];
    sim_queue_leave(&world->queues[pod->group], index);
    if (pod->is_leaving)
        gone(world, index);
    else
        poll(world, index);
}

static void note_first(struct sim_world *world, int64_t *took_ms, int message)
{
    if (took_ms[message] < 0)
        took_ms[message] = world->now_ms - world->load->arrived_ms[message];
}

/* The leases of a job of so long, renewed. */
static void count_renewals(struct sim_world *world, int64_t busy_ms)
{
    if (world->setup->is_draining)
        sim_count(world, SIM_CHANGE, busy_ms / (world->setup->visibility_ms / 3));
}

static void settle(struct sim_world *world, const struct sim_pod *pod)
{
    struct flow *flow = &world->queues[pod->group].flow;
    int64_t busy_ms = world->now_ms - pod->received_ms;
    world->queues[pod->group].in_flight--;
    flow->done++;
    flow->busy_ms += busy_ms;
    count_renewals(world, busy_ms);
}

void sim_job_ended(struct sim_world *world, int index)
{
    struct sim_pod *pod = &world->pods[index];
    int message = pod->message;
    settle(world, pod);
    sim_count(world, SIM_DELETE, 1);
    if (pod->group == POLICY_URGENT) {
        note_first(world, world->quick_ms, message);
        sim_send(world, POLICY_PATIENT, message);
    } else {
        world->completed += world->complete_ms[message] < 0;
        note_first(world, world->complete_ms, message);
    }
    if (pod->is_leaving)
        gone(world, index);
    else
        poll(world, index);
}

void sim_drain_ended(struct sim_world *world, int index)
{
    struct sim_pod *pod = &world->pods[index];
    int group = pod->group;
    int message = pod->message;
    settle(world, pod);
    gone(world, index);
    put_back(world, group, message);
}

static void kill_worker(struct sim_world *world, int index)
{
    const struct sim_pod *pod = &world->pods[index];
    if (pod->state == SIM_POLLING) {
        sim_queue_leave(&world->queues[pod->group], index);
    } else {
        int64_t back_ms = pod->received_ms + world->setup->visibility_ms;
        if (back_ms < world->now_ms)
            back_ms = world->now_ms;
        sim_events_add(&world->events, back_ms, SIM_REAPPEARS, pod->message, pod->group);
    }
    sim_pod_gone(world, index);
}

void sim_worker_leaves(struct sim_world *world, int index)
{
    struct sim_pod *pod = &world->pods[index];
    if (!world->setup->is_draining) {
        kill_worker(world, index);
        return;
    }
    pod->is_leaving = true;
    if (pod->state == SIM_BUSY)
        sim_events_add(&world->events, world->now_ms + DRAIN_MS, SIM_DRAIN_ENDS, index,
                       pod->generation);
}
