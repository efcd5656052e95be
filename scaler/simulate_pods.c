/* The cluster: deployments make pods and end them, the scheduler gives them room. */
#include "simulate_world.h"

static bool is_held(const struct sim_pod *pod)
{
    return pod->state >= SIM_STARTING;
}

void sim_pod_gone(struct sim_world *world, int index)
{
    struct sim_pod *pod = &world->pods[index];
    if (is_held(pod))
        world->held--;
    pod->state = SIM_NO_POD;
    pod->is_leaving = false;
    pod->generation++;
}

int sim_pods_available(const struct sim_world *world, int group)
{
    int count = 0;
    for (int i = 0; i < SIM_PODS; i++) {
        const struct sim_pod *pod = &world->pods[i];
        count += pod->group == group && pod->state >= SIM_POLLING && !pod->is_leaving;
    }
    return count;
}

static void make_pod(struct sim_world *world, int group)
{
    for (int i = 0; i < SIM_PODS; i++) {
        struct sim_pod *pod = &world->pods[i];
        if (pod->state != SIM_NO_POD)
            continue;
        *pod = (struct sim_pod){
            .state = SIM_PENDING,
            .group = group,
            .generation = pod->generation,
            .made = world->pods_made++,
        };
        return;
    }
}

static void end_pod(struct sim_world *world, int index)
{
    if (world->pods[index].state >= SIM_POLLING)
        sim_worker_leaves(world, index);
    else
        sim_pod_gone(world, index);
}

/* A ReplicaSet ends what is not scheduled, then what is not ready, then what is ready for the
 * shortest time. Busy or idle is unknown to it. */
static bool is_ended_before(const struct sim_pod *pod, const struct sim_pod *other)
{
    int stage = pod->state < SIM_POLLING ? (int)pod->state : SIM_POLLING;
    int other_stage = other->state < SIM_POLLING ? (int)other->state : SIM_POLLING;
    if (stage != other_stage)
        return stage < other_stage;
    return pod->ready_ms != other->ready_ms ? pod->ready_ms > other->ready_ms
                                            : pod->made > other->made;
}

static int next_to_end(const struct sim_world *world, int group, enum sim_pod_state least)
{
    int found = -1;
    for (int i = 0; i < SIM_PODS; i++) {
        const struct sim_pod *pod = &world->pods[i];
        if (pod->group != group || pod->state < least || pod->is_leaving)
            continue;
        if (found < 0 || is_ended_before(pod, &world->pods[found]))
            found = i;
    }
    return found;
}

static int standing(const struct sim_world *world, int group)
{
    int count = 0;
    for (int i = 0; i < SIM_PODS; i++) {
        const struct sim_pod *pod = &world->pods[i];
        count += pod->group == group && pod->state != SIM_NO_POD && !pod->is_leaving;
    }
    return count;
}

static void follow_spec(struct sim_world *world, int group)
{
    int count = standing(world, group);
    for (; count > world->spec[group]; count--)
        end_pod(world, next_to_end(world, group, SIM_PENDING));
    for (; count < world->spec[group]; count++)
        make_pod(world, group);
}

static int next_pending(const struct sim_world *world)
{
    int found = -1;
    for (int i = 0; i < SIM_PODS; i++) {
        const struct sim_pod *pod = &world->pods[i];
        if (pod->state != SIM_PENDING)
            continue;
        const struct sim_pod *best = found < 0 ? NULL : &world->pods[found];
        if (!best || pod->group < best->group ||
            (pod->group == best->group && pod->made < best->made))
            found = i;
    }
    return found;
}

static int taken_room(const struct sim_world *world)
{
    int leaving = 0;
    for (int i = 0; world->setup->is_roomy && i < SIM_PODS; i++)
        leaving += is_held(&world->pods[i]) && world->pods[i].is_leaving;
    return world->held - leaving;
}

static void schedule(struct sim_world *world)
{
    while (taken_room(world) < world->setup->options.pool) {
        int index = next_pending(world);
        if (index < 0)
            return;
        struct sim_pod *pod = &world->pods[index];
        pod->state = SIM_STARTING;
        world->held++;
        sim_events_add(&world->events, world->now_ms + world->setup->options.start_ms, SIM_STARTED,
                       index, pod->generation);
    }
}

/* Pods of the urgent group that wait for room, and have no leaving one to wait for. */
static int urgent_in_need(const struct sim_world *world)
{
    int count = 0;
    for (int i = 0; i < SIM_PODS; i++) {
        const struct sim_pod *pod = &world->pods[i];
        count += pod->state == SIM_PENDING && pod->group == POLICY_URGENT;
        count -= is_held(pod) && pod->is_leaving;
    }
    return count;
}

void sim_pods_follow(struct sim_world *world)
{
    for (int group = 0; group < POLICY_GROUPS; group++)
        follow_spec(world, group);
    schedule(world);
    if (!world->setup->preempts)
        return;
    for (int need = urgent_in_need(world); need > 0; need--) {
        int victim = next_to_end(world, POLICY_PATIENT, SIM_STARTING);
        if (victim < 0)
            break;
        end_pod(world, victim);
    }
    follow_spec(world, POLICY_PATIENT);
    schedule(world);
}
