/* What holds for every policy, whatever its formula says. */
#include "unit.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "policy_fixture.h"
#include "policy_internal.h"

/* The simulator's HPA has no pool: it is not bound by these. */
static const struct policy *const policies[] = {&policy_drain, &policy_simple, &policy_pid,
                                                &policy_fixed};

static void only_two_policies_are_for_use(void **state)
{
    (void)state;
    assert_ptr_equal(policy_find("drain"), &policy_drain);
    assert_ptr_equal(policy_find("simple"), &policy_simple);
    const char *others[] = {"pid", "hpa", "fixed", "", "Drain"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_null(policy_find(others[i]));
}

struct limit_case {
    int wants[POLICY_GROUPS];
    int replicas[POLICY_GROUPS];
    bool is_known[POLICY_GROUPS];
    int expected[POLICY_GROUPS];
};

static void limits_hold_in_their_order(void **state)
{
    (void)state;
    /* Minima 1 and 2, maxima 8 and 9, a pool of 10. */
    const struct limit_case cases[] = {
        {{3, 4}, {3, 4}, {true, true}, {3, 4}},
        {{0, 0}, {3, 4}, {true, true}, {1, 2}},
        {{-5, INT_MIN}, {3, 4}, {true, true}, {1, 2}},
        {{9, 2}, {3, 4}, {true, true}, {8, 2}},
        {{8, 9}, {1, 9}, {true, true}, {8, 2}},
        {{6, 9}, {1, 9}, {true, true}, {6, 4}},
        {{INT_MAX, INT_MAX}, {1, 9}, {true, true}, {8, 2}},
        {{1, 3}, {5, 4}, {false, true}, {5, 3}},
        {{1, 2}, {5, 4}, {false, false}, {5, 4}},
        {{8, 2}, {2, 7}, {true, false}, {3, 7}},
        {{8, 2}, {20, 20}, {false, false}, {8, 2}},
        {{1, 2}, {0, 0}, {false, false}, {1, 2}},
    };
    struct policy_options options = policy_options_default(10);
    options.groups[POLICY_URGENT].max_replicas = 8;
    options.groups[POLICY_PATIENT].min_replicas = 2;
    options.groups[POLICY_PATIENT].max_replicas = 9;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct policy_sample sample = {0};
        struct policy_decision decision = {0};
        for (int g = 0; g < POLICY_GROUPS; g++) {
            sample.groups[g].is_known = cases[i].is_known[g];
            sample.groups[g].replicas = cases[i].replicas[g];
            decision.replicas[g] = cases[i].wants[g];
        }
        policy_limit(&options, &sample, &decision);
        if (memcmp(decision.replicas, cases[i].expected, sizeof(decision.replicas)) != 0)
            fail_msg("case %zu: %d and %d", i, decision.replicas[0], decision.replicas[1]);
    }
}

static void limits_tell_what_they_changed(void **state)
{
    (void)state;
    struct policy_options options = policy_options_default(10);
    struct policy_sample sample = {.groups = {{.is_known = true}, {.replicas = 4}}};
    struct policy_decision decision = {.replicas = {9, 2}};
    policy_limit(&options, &sample, &decision);
    assert_string_equal(decision.reasons[POLICY_URGENT], "; 6 is the most now");
    assert_string_equal(decision.reasons[POLICY_PATIENT], "; held at 4: its queue tells no length");
}

static void count_takes_any_result_of_a_formula(void **state)
{
    (void)state;
    assert_int_equal(policy_count(0), 0);
    assert_int_equal(policy_count(-3.5), 0);
    assert_int_equal(policy_count(0.01), 1);
    assert_int_equal(policy_count(2), 2);
    assert_int_equal(policy_count(1e300), INT_MAX);
    assert_int_equal(policy_count(__builtin_nan("")), 0);
    assert_int_equal(policy_count(__builtin_inf()), INT_MAX);
}

/* Random samples: the same for every run of the test. */

static uint64_t random_state;

static uint64_t random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static int64_t random_below(int64_t limit)
{
    return (int64_t)(random_bits() % (uint64_t)limit);
}

/* Small ones mostly, and now and then what no queue should ever say. */
static int64_t random_count(void)
{
    static const int64_t odd[] = {-1, INT64_MAX, INT32_MAX, 0, 1};
    int64_t kind = random_below(20);
    if (kind < 5)
        return odd[kind];
    return random_below(kind < 15 ? 20 : 5000);
}

static struct policy_group_options random_group(int pool)
{
    int max = (int)random_below(pool + 3);
    return (struct policy_group_options){
        .min_replicas = (int)random_below(max / 2 + 1),
        .max_replicas = max,
        .target_length = random_below(20),
        .drain_ms = random_below(60000),
        .hold_ms = random_below(60000),
        .service_ms = random_below(10000),
        .slack = (double)random_below(3),
    };
}

static struct policy_options random_options(void)
{
    struct policy_options options = {.pool = (int)random_below(30),
                                     .start_ms = random_below(10000)};
    for (int i = 0; i < POLICY_GROUPS; i++)
        options.groups[i] = random_group(options.pool);
    while (options.groups[0].min_replicas + options.groups[1].min_replicas > options.pool)
        for (int i = 0; i < POLICY_GROUPS; i++)
            options.groups[i].min_replicas /= 2;
    return options;
}

static void random_sample(struct policy_sample *sample)
{
    static const int64_t steps[] = {0, 1, 50, 1000, 10000, 60000, 4000000};
    sample->now_ms += steps[random_below(ARRAY_LEN(steps))];
    for (int i = 0; i < POLICY_GROUPS; i++) {
        struct policy_group_sample *group = &sample->groups[i];
        group->is_known = random_below(5) > 0;
        group->waiting = random_count();
        group->in_flight = random_count();
        group->delayed = random_count();
        group->sent = random_count();
        group->done = random_count();
        group->busy_ms = random_count();
        if (random_below(10) == 0)
            group->replicas = (int)random_below(30); /* somebody else did it */
        group->available = (int)random_below(group->replicas + 1);
    }
}

static void assert_within_limits(const struct policy_options *options,
                                 const struct policy_sample *sample,
                                 const struct policy_decision *decision)
{
    int together = 0;
    for (int i = 0; i < POLICY_GROUPS; i++) {
        const struct policy_group_options *group = &options->groups[i];
        int count = decision->replicas[i];
        assert_in_range(count, 0, options->pool);
        assert_true(count >= group->min_replicas || group->min_replicas > group->max_replicas);
        assert_true(count <= group->max_replicas);
        assert_true(memchr(decision->reasons[i], '\0', POLICY_REASON_BYTES) != NULL);
        assert_null(strpbrk(decision->reasons[i], "\r\n"));
        together += count;
        /* Only what is over a limit itself goes down without being known. */
        const struct policy_group_sample *seen = &sample->groups[i];
        int others = sample->groups[1 - i].replicas;
        bool is_over = seen->replicas > group->max_replicas ||
                       seen->replicas + others > options->pool ||
                       seen->replicas + options->groups[1 - i].min_replicas > options->pool;
        if (!seen->is_known && !is_over)
            assert_true(count >= seen->replicas);
    }
    assert_true(together <= options->pool);
}

static void limits_hold_for_any_sample(void **state)
{
    (void)state;
    random_state = 88172645463325252U;
    for (int round = 0; round < 400; round++) {
        const struct policy *policy = policies[round % (int)ARRAY_LEN(policies)];
        struct policy_options options = random_options();
        struct policy_state *own = policy_state_new();
        struct policy_sample sample = {0};
        for (int step = 0; step < 50; step++) {
            random_sample(&sample);
            struct policy_decision first;
            struct policy_decision second;
            policy->decide(&options, own, &sample, &first);
            assert_within_limits(&options, &sample, &first);
            policy->decide(&options, own, &sample, &second);
            if (memcmp(first.replicas, second.replicas, sizeof(first.replicas)) != 0)
                fail_msg("%s: round %d, step %d: %s, %s; then %s, %s", policy->name, round, step,
                         first.reasons[0], first.reasons[1], second.reasons[0], second.reasons[1]);
            for (int i = 0; i < POLICY_GROUPS; i++)
                sample.groups[i].replicas = first.replicas[i];
        }
        policy_state_free(own);
    }
}

/* With counts missing at any moment, and everything else calm, nothing moves. */
static void nothing_is_known_nothing_is_lost(void **state)
{
    (void)state;
    for (size_t p = 0; p < ARRAY_LEN(policies); p++) {
        struct policy_run run;
        policy_run_start(&run, policies[p]);
        policy_run_set_replicas(&run, 4, 5);
        run.sample.groups[POLICY_URGENT].is_known = false;
        run.sample.groups[POLICY_PATIENT].is_known = false;
        for (int step = 0; step < 1000; step++) {
            policy_run_apply(&run, 1000);
            assert_int_equal(run.decision.replicas[POLICY_URGENT], 4);
            assert_int_equal(run.decision.replicas[POLICY_PATIENT], 5);
        }
        policy_run_end(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_two_policies_are_for_use),
        cmocka_unit_test(limits_hold_in_their_order),
        cmocka_unit_test(limits_tell_what_they_changed),
        cmocka_unit_test(count_takes_any_result_of_a_formula),
        cmocka_unit_test(limits_hold_for_any_sample),
        cmocka_unit_test(nothing_is_known_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
