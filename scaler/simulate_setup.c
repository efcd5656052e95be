#include "simulate_setup.h"

#include "mem.h"
#include "policy_internal.h"

#define POOL 10
#define ORIGINAL_POLL_MS 5000
#define ORIGINAL_VISIBILITY_MS 30000
#define SUITE_POLL_MS 20000
#define SUITE_VISIBILITY_MS 60000
#define ENGINE_TICK_MS 500
#define SUITE_TICK_MS 1000
#define HPA_TICK_MS 15000

/* A row as it is where it comes from. */
struct row {
    const char *name;
    const struct policy *policy;
    enum sim_watch watch;
    bool in_own_table;
    int pool;
    int min[POLICY_GROUPS];
    int max;
    int64_t target_length;
    int64_t hold_ms; /* of `hpa` */
};

static const struct row rows[] = {
    {"fixed 10+10", &policy_fixed, SIM_BLIND, true, 2 * POOL, {10, 10}, 10, 0, 0},
    {"fixed 5+5", &policy_fixed, SIM_BLIND, true, POOL, {5, 5}, 5, 0, 0},
    {"simple, 2 to 8", &policy_simple, SIM_EACH_TICK, true, POOL, {2, 2}, 8, 2, 0},
    {"simple", &policy_simple, SIM_AS_THE_SUITE, false, POOL, {1, 0}, POOL, 2, 0},
    {"pid, 2 to 8", &policy_pid, SIM_EACH_TICK, true, POOL, {2, 2}, 8, 2, 0},
    {"hpa", &policy_hpa, SIM_AS_KEDA, true, POOL, {1, 0}, POOL, 5, 300000},
    {"hpa, tuned", &policy_hpa, SIM_AS_KEDA, true, POOL, {1, 0}, POOL, 2, 60000},
    {"drain", &policy_drain, SIM_AS_THE_SUITE, true, POOL, {1, 0}, POOL, 0, 0},
    {"drain, 2 to 8", &policy_drain, SIM_AS_THE_SUITE, false, POOL, {2, 2}, 8, 0, 0},
};

static struct policy_options options_of(const struct row *row)
{
    struct policy_options options = policy_options_default(row->pool);
    options.without_reasons = true;
    for (int i = 0; i < POLICY_GROUPS; i++) {
        struct policy_group_options *group = &options.groups[i];
        group->min_replicas = row->min[i];
        group->max_replicas = row->max;
        group->target_length = row->target_length;
        if (row->hold_ms)
            group->hold_ms = row->hold_ms;
    }
    return options;
}

static int64_t tick_of(enum sim_watch watch)
{
    return watch == SIM_AS_KEDA     ? HPA_TICK_MS
           : watch == SIM_EACH_TICK ? ENGINE_TICK_MS
                                    : SUITE_TICK_MS;
}

static struct sim_setup setup_of(const struct row *row, enum sim_workers workers)
{
    bool is_suite = workers == SIM_SUITE_WORKERS || row->policy == &policy_drain;
    enum sim_watch watch = is_suite && row->watch == SIM_EACH_TICK ? SIM_AS_THE_SUITE : row->watch;
    struct sim_setup setup = {
        .name = row->name,
        .policy = row->policy,
        .options = options_of(row),
        .watch = watch,
        .tick_ms = tick_of(watch),
        .poll_ms = is_suite ? SUITE_POLL_MS : ORIGINAL_POLL_MS,
        .visibility_ms = is_suite ? SUITE_VISIBILITY_MS : ORIGINAL_VISIBILITY_MS,
        .is_draining = is_suite,
        .preempts = row->watch == SIM_AS_KEDA,
    };
    for (int i = 0; i < POLICY_GROUPS; i++)
        setup.initial[i] = row->min[i];
    return setup;
}

struct sim_setup *sim_setups(enum sim_workers workers, size_t *ret_count)
{
    struct sim_setup *setups = xcalloc(ARRAY_LEN(rows), sizeof(*setups));
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (workers == SIM_SUITE_WORKERS || rows[i].in_own_table)
            setups[count++] = setup_of(&rows[i], workers);
    *ret_count = count;
    return setups;
}

const char *sim_workers_title(enum sim_workers workers)
{
    return workers == SIM_OWN_WORKERS ? "each as it is deployed where it comes from"
                                      : "all with the suite's workers";
}
