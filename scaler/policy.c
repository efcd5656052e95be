#include "policy_internal.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

static const struct policy *const policies[] = {&policy_drain, &policy_simple};

const struct policy *policy_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(policies); i++)
        if (strcmp(policies[i]->name, name) == 0)
            return policies[i];
    return NULL;
}

struct policy_options policy_options_default(int pool)
{
    return (struct policy_options){
        .pool = pool,
        .start_ms = 3000,
        .groups =
            {
                [POLICY_URGENT] =
                    {
                        .min_replicas = 1,
                        .max_replicas = pool,
                        .target_length = 2,
                        .drain_ms = 5000,
                        .hold_ms = 30000,
                        .service_ms = 1200,
                        .slack = 1,
                    },
                [POLICY_PATIENT] =
                    {
                        .min_replicas = 0,
                        .max_replicas = pool,
                        .target_length = 2,
                        .drain_ms = 45000,
                        .hold_ms = 30000,
                        .service_ms = 5000,
                        .slack = 0,
                    },
            },
    };
}

struct policy_state *policy_state_new(void)
{
    return xcalloc(1, sizeof(struct policy_state));
}

void policy_state_free(struct policy_state *state)
{
    free(state);
}

int policy_count(double pods)
{
    if (isnan(pods) || pods <= 0)
        return 0;
    double whole = ceil(pods);
    return whole >= INT_MAX ? INT_MAX : (int)whole;
}

void policy_reason(const struct policy_options *options, struct policy_decision *decision,
                   int group, const char *format, ...)
{
    if (options->without_reasons)
        return;
    char *reason = decision->reasons[group];
    size_t len = strlen(reason);
    va_list args;
    va_start(args, format);
    vsnprintf(reason + len, POLICY_REASON_BYTES - len, format, args);
    va_end(args);
}

static int at_least(int count, int least)
{
    return count < least ? least : count;
}

static int at_most(int count, int most)
{
    return count > most ? most : count;
}

struct range {
    int floor; /* not to be gone below, not even for the other group */
    int ceiling;
};

static struct range limits_of(const struct policy_options *options, int group)
{
    const struct policy_group_options *own = &options->groups[group];
    int ceiling = at_most(at_least(own->max_replicas, 0), at_least(options->pool, 0));
    return (struct range){at_most(at_least(own->min_replicas, 0), ceiling), ceiling};
}

static struct range range_of(const struct policy_options *options,
                             const struct policy_sample *sample, int group)
{
    struct range range = limits_of(options, group);
    const struct policy_group_sample *seen = &sample->groups[group];
    int room = options->pool - limits_of(options, 1 - group).floor;
    int held = at_most(at_most(seen->replicas, range.ceiling), room);
    if (!seen->is_known)
        range.floor = at_least(range.floor, held);
    return range;
}

static void tell_change(const struct policy_options *options, const struct policy_sample *sample,
                        struct policy_decision *decision, int group, int want)
{
    int count = decision->replicas[group];
    if (count > want && !sample->groups[group].is_known)
        policy_reason(options, decision, group, "; held at %d: its queue tells no length", count);
    else if (count > want)
        policy_reason(options, decision, group, "; %d is the least", count);
    else if (count < want)
        policy_reason(options, decision, group, "; %d is the most now", count);
}

void policy_limit(const struct policy_options *options, const struct policy_sample *sample,
                  struct policy_decision *decision)
{
    int pool = at_least(options->pool, 0);
    struct range urgent_range = range_of(options, sample, POLICY_URGENT);
    struct range patient_range = range_of(options, sample, POLICY_PATIENT);
    int wants[POLICY_GROUPS];
    memcpy(wants, decision->replicas, sizeof(wants));
    int urgent = at_most(at_least(wants[POLICY_URGENT], urgent_range.floor), urgent_range.ceiling);
    int patient =
        at_most(at_least(wants[POLICY_PATIENT], patient_range.floor), patient_range.ceiling);
    /* Too many: the patient group gives first; where what both must keep is more than the pool, the
     * pool holds. */
    patient = at_most(patient, at_least(pool - urgent, patient_range.floor));
    urgent = at_most(urgent, at_least(pool - patient, urgent_range.floor));
    patient = at_most(patient, pool - urgent);
    decision->replicas[POLICY_URGENT] = urgent;
    decision->replicas[POLICY_PATIENT] = patient;
    for (int group = 0; group < POLICY_GROUPS; group++)
        tell_change(options, sample, decision, group, wants[group]);
}
