/* `drain`: what its formula gives, and when it gives room back. */
#include "unit.h"

#include <string.h>

#include "policy_fixture.h"
#include "policy_internal.h"

#define SECOND_MS 1000

static int start(void **state)
{
    static struct policy_run run;
    policy_run_start(&run, &policy_drain);
    *state = &run;
    return 0;
}

static int end(void **state)
{
    policy_run_end(*state);
    return 0;
}

static void assert_decided(const struct policy_run *run, int urgent, int patient)
{
    if (run->decision.replicas[POLICY_URGENT] != urgent ||
        run->decision.replicas[POLICY_PATIENT] != patient)
        fail_msg("%d (%s) and %d (%s), not %d and %d", run->decision.replicas[POLICY_URGENT],
                 run->decision.reasons[POLICY_URGENT], run->decision.replicas[POLICY_PATIENT],
                 run->decision.reasons[POLICY_PATIENT], urgent, patient);
}

static void rest_is_the_minimum(void **state)
{
    struct policy_run *run = *state;
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 1, 0);
    policy_run_apply(run, 3600 * SECOND_MS);
    assert_decided(run, 1, 0);
}

static void backlog_is_drained_in_its_time(void **state)
{
    struct policy_run *run = *state;
    /* 20 of 1.2 s in 5 s: 4.8. 60 of 5 s in 45 s less the start of a pod: 7.1. */
    policy_run_set_waiting(run, 20, 0);
    policy_run_decide(run, SECOND_MS);
    assert_decided(run, 5, 0);
    policy_run_set_waiting(run, 0, 60);
    policy_run_decide(run, 120 * SECOND_MS);
    assert_decided(run, 1, 8);
    run->sample.groups[POLICY_PATIENT].available = 1;
    policy_run_set_waiting(run, 0, 54);
    policy_run_decide(run, 120 * SECOND_MS);
    assert_decided(run, 1, 6);
}

static void one_message_wakes_one_pod(void **state)
{
    struct policy_run *run = *state;
    policy_run_set_waiting(run, 0, 1);
    policy_run_apply(run, 1);
    assert_decided(run, 1, 1);
}

static void worker_with_a_message_is_kept(void **state)
{
    struct policy_run *run = *state;
    policy_run_set_waiting(run, 0, 1);
    policy_run_apply(run, SECOND_MS);
    policy_run_set_waiting(run, 0, 0);
    run->sample.groups[POLICY_PATIENT].in_flight = 1;
    for (int i = 0; i < 100; i++)
        policy_run_apply(run, SECOND_MS);
    assert_decided(run, 1, 1);
    /* That of a worker that is leaving wakes none. */
    policy_run_set_replicas(run, 1, 0);
    run->sample.groups[POLICY_PATIENT].in_flight = 0;
    policy_run_apply(run, 600 * SECOND_MS);
    run->sample.groups[POLICY_PATIENT].in_flight = 1;
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 1, 0);
}

/* Arrivals of 2 a second, 1 s each: 2 busy, and by the square-root rule 1.41 more. */
static void arrivals_are_staffed_without_a_backlog(void **state)
{
    struct policy_run *run = *state;
    struct policy_group_sample *urgent = &run->sample.groups[POLICY_URGENT];
    urgent->sent = urgent->done = urgent->busy_ms = 0;
    for (int i = 0; i < 900; i++) {
        urgent->sent += 2;
        urgent->done += 2;
        urgent->busy_ms += 2000;
        policy_run_apply(run, SECOND_MS);
    }
    assert_decided(run, 4, 0);
    assert_non_null(strstr(run->decision.reasons[POLICY_URGENT], "2.00 busy at 1000 ms each"));
}

/* Without counters the workers in use say the same: 3 and 1.73. */
static void workers_in_use_are_the_load_without_counters(void **state)
{
    struct policy_run *run = *state;
    run->sample.groups[POLICY_URGENT].in_flight = 3;
    for (int i = 0; i < 900; i++)
        policy_run_apply(run, SECOND_MS);
    assert_decided(run, 5, 0);
}

static void room_is_held_then_given_back(void **state)
{
    struct policy_run *run = *state;
    policy_run_apply(run, 120 * SECOND_MS);
    policy_run_set_waiting(run, 20, 20);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 5, 3);
    policy_run_set_waiting(run, 0, 0);
    policy_run_apply(run, 29 * SECOND_MS);
    assert_decided(run, 5, 3);
    policy_run_apply(run, 3 * SECOND_MS);
    assert_decided(run, 1, 0);
}

static void urgent_backlog_takes_the_pool(void **state)
{
    struct policy_run *run = *state;
    policy_run_apply(run, SECOND_MS);
    policy_run_set_replicas(run, 2, 8);
    policy_run_set_waiting(run, 400, 400);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 10, 0);
}

/* Held room and slack are given up where the patient group needs them; what is lean is not. */
static void contention_ends_the_hold(void **state)
{
    struct policy_run *run = *state;
    policy_run_set_waiting(run, 40, 0);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 10, 0);
    policy_run_set_waiting(run, 0, 0);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 10, 0);
    policy_run_set_waiting(run, 0, 40);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 5, 5);
    policy_run_set_waiting(run, 12, 400);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 3, 7);
}

static void run_with_one_a_second(struct policy_run *run, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        run->sample.groups[POLICY_URGENT].sent++;
        policy_run_apply(run, SECOND_MS);
    }
}

/* What arrivals need goes up and down by chance: pods do not change sides with it at once. */
static void contention_leaves_what_was_needed_a_moment_ago(void **state)
{
    struct policy_run *run = *state;
    run->sample.groups[POLICY_URGENT].sent = 0;
    policy_run_set_waiting(run, 0, 400);
    run_with_one_a_second(run, 300);
    /* 1.2 busy and, leaner than by the rule, 0.55 more. */
    assert_decided(run, 2, 8);
    policy_run_set_waiting(run, 4, 400);
    run_with_one_a_second(run, 1);
    assert_decided(run, 3, 7);
    policy_run_set_waiting(run, 0, 400);
    run_with_one_a_second(run, 19);
    assert_decided(run, 3, 7);
    run_with_one_a_second(run, 3);
    assert_decided(run, 2, 8);
}

static void patient_group_starves_for_five_minutes_at_most(void **state)
{
    struct policy_run *run = *state;
    policy_run_set_waiting(run, 400, 5);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 10, 0);
    policy_run_apply(run, 299 * SECOND_MS);
    assert_decided(run, 10, 0);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 9, 1);
    /* It keeps the pod until nothing waits, not for one decision. */
    policy_run_set_waiting(run, 400, 1);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 9, 1);
    policy_run_set_waiting(run, 400, 0);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 10, 0);
}

static void raise_from_outside_is_held(void **state)
{
    struct policy_run *run = *state;
    policy_run_apply(run, 120 * SECOND_MS);
    assert_decided(run, 1, 0);
    policy_run_set_replicas(run, 6, 2);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 6, 2);
    policy_run_apply(run, 28 * SECOND_MS);
    assert_decided(run, 6, 2);
    policy_run_apply(run, 40 * SECOND_MS);
    assert_decided(run, 1, 0);
}

static void cut_from_outside_is_made_good(void **state)
{
    struct policy_run *run = *state;
    policy_run_set_waiting(run, 20, 0);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 5, 0);
    policy_run_set_replicas(run, 2, 0);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 5, 0);
}

/* A scaler that starts finds what another left, and takes nothing away at once. */
static void first_sample_is_adopted(void **state)
{
    struct policy_run *run = *state;
    policy_run_set_replicas(run, 3, 6);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 3, 6);
}

static void slow_writes_are_not_changes_from_outside(void **state)
{
    struct policy_run *run = *state;
    policy_run_set_waiting(run, 20, 0);
    policy_run_apply(run, SECOND_MS);
    policy_run_set_waiting(run, 0, 0);
    policy_run_apply(run, 70 * SECOND_MS);
    assert_decided(run, 1, 0);
    /* The write does not come through: it stays decided. */
    policy_run_set_replicas(run, 5, 0);
    for (int i = 0; i < 100; i++)
        policy_run_decide(run, SECOND_MS);
    assert_decided(run, 1, 0);
}

static void steps_down_are_five_seconds_apart(void **state)
{
    struct policy_run *run = *state;
    run->options.groups[POLICY_URGENT].hold_ms = SECOND_MS;
    policy_run_set_waiting(run, 32, 0);
    policy_run_apply(run, 1);
    assert_decided(run, 8, 0);
    policy_run_set_waiting(run, 20, 0);
    policy_run_apply(run, 2 * SECOND_MS);
    assert_decided(run, 5, 0);
    policy_run_set_waiting(run, 0, 0);
    policy_run_apply(run, 2 * SECOND_MS);
    assert_decided(run, 5, 0);
    policy_run_apply(run, 4 * SECOND_MS);
    assert_decided(run, 5, 0);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 1, 0);
}

static void old_counts_without_counters_say_nothing(void **state)
{
    struct policy_run *run = *state;
    struct policy_group_sample *urgent = &run->sample.groups[POLICY_URGENT];
    policy_run_set_replicas(run, 3, 0);
    policy_run_apply(run, SECOND_MS);
    urgent->is_known = false;
    urgent->waiting = 1000;
    policy_run_apply(run, 3600 * SECOND_MS);
    assert_decided(run, 3, 0);
}

static void counters_scale_up_without_counts(void **state)
{
    struct policy_run *run = *state;
    struct policy_group_sample *urgent = &run->sample.groups[POLICY_URGENT];
    urgent->sent = 0;
    policy_run_apply(run, SECOND_MS);
    urgent->is_known = false;
    for (int i = 0; i < 600; i++) {
        urgent->sent += 3;
        policy_run_apply(run, SECOND_MS);
    }
    /* 3 a second of 1.2 s: 3.6, and 1.9 more. */
    assert_decided(run, 6, 0);
    urgent->waiting = 14; /* carried on by the counters */
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 9, 0);
    urgent->waiting = 0;
    policy_run_apply(run, 3600 * SECOND_MS);
    assert_decided(run, 9, 0);
}

/* Four slow jobs of 10 s each: two pods in 20 s, not eight in 5 s. */
static void a_backlog_is_not_asked_to_be_gone_sooner_than_its_jobs(void **state)
{
    struct policy_run *run = *state;
    run->options.groups[POLICY_URGENT].service_ms = 10000;
    policy_run_set_waiting(run, 4, 0);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 2, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(rest_is_the_minimum),
        TEST(backlog_is_drained_in_its_time),
        TEST(one_message_wakes_one_pod),
        TEST(worker_with_a_message_is_kept),
        TEST(arrivals_are_staffed_without_a_backlog),
        TEST(workers_in_use_are_the_load_without_counters),
        TEST(room_is_held_then_given_back),
        TEST(urgent_backlog_takes_the_pool),
        TEST(contention_ends_the_hold),
        TEST(contention_leaves_what_was_needed_a_moment_ago),
        TEST(patient_group_starves_for_five_minutes_at_most),
        TEST(raise_from_outside_is_held),
        TEST(cut_from_outside_is_made_good),
        TEST(first_sample_is_adopted),
        TEST(slow_writes_are_not_changes_from_outside),
        TEST(steps_down_are_five_seconds_apart),
        TEST(old_counts_without_counters_say_nothing),
        TEST(counters_scale_up_without_counts),
        TEST(a_backlog_is_not_asked_to_be_gone_sooner_than_its_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
