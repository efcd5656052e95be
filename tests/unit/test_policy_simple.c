/* `simple`: the rule of the first engine, without what went wrong in it. */
#include "unit.h"

#include "policy_fixture.h"
#include "policy_internal.h"

#define SECOND_MS 1000

static int start(void **state)
{
    static struct policy_run run;
    policy_run_start(&run, &policy_simple);
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
    assert_int_equal(run->decision.replicas[POLICY_URGENT], urgent);
    assert_int_equal(run->decision.replicas[POLICY_PATIENT], patient);
}

static void target_of_ten_has_a_band(void **state)
{
    struct policy_run *run = *state;
    run->options.groups[POLICY_URGENT].target_length = 10;
    const struct {
        int64_t waiting;
        int expected;
    } cases[] = {{20, 5}, {11, 5}, {10, 4}, {9, 4}, {7, 4}, {6, 3}, {5, 3}, {0, 3}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        policy_run_set_replicas(run, 4, 0);
        policy_run_set_waiting(run, cases[i].waiting, 0);
        policy_run_decide(run, 10 * SECOND_MS);
        if (run->decision.replicas[POLICY_URGENT] != cases[i].expected)
            fail_msg("%d for %d waiting", run->decision.replicas[POLICY_URGENT],
                     (int)cases[i].waiting);
    }
}

static void target_of_two_falls_at_nothing_only(void **state)
{
    struct policy_run *run = *state;
    policy_run_set_replicas(run, 3, 3);
    policy_run_set_waiting(run, 3, 3);
    policy_run_decide(run, SECOND_MS);
    assert_decided(run, 4, 4);
    policy_run_set_waiting(run, 1, 2);
    policy_run_decide(run, 3 * SECOND_MS);
    assert_decided(run, 3, 3);
    policy_run_set_waiting(run, 0, 0);
    policy_run_decide(run, 3 * SECOND_MS);
    assert_decided(run, 2, 2);
}

/* Else a pod that was asked for is taken back before it could do anything. */
static void steps_down_leave_a_pod_the_time_to_start(void **state)
{
    struct policy_run *run = *state;
    policy_run_set_waiting(run, 3, 0);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 2, 0);
    policy_run_set_waiting(run, 0, 0);
    policy_run_apply(run, 2 * SECOND_MS);
    assert_decided(run, 2, 0);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 1, 0);
}

static void steps_go_on_without_waiting_for_pods(void **state)
{
    struct policy_run *run = *state;
    policy_run_set_waiting(run, 50, 0);
    for (int expected = 2; expected <= 10; expected++) {
        policy_run_apply(run, SECOND_MS);
        run->sample.groups[POLICY_URGENT].available = 0;
        assert_decided(run, expected, 0);
    }
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 10, 0);
}

static void one_step_a_second_however_often_it_is_asked(void **state)
{
    struct policy_run *run = *state;
    policy_run_set_waiting(run, 50, 0);
    for (int i = 0; i < 10; i++) {
        policy_run_apply(run, 100);
        assert_decided(run, 2, 0);
    }
    policy_run_apply(run, 100);
    assert_decided(run, 3, 0);
}

static void urgent_group_takes_room_in_the_same_decision(void **state)
{
    struct policy_run *run = *state;
    policy_run_set_replicas(run, 2, 8);
    policy_run_set_waiting(run, 400, 400);
    for (int urgent = 3; urgent <= 10; urgent++) {
        policy_run_apply(run, SECOND_MS);
        assert_decided(run, urgent, 10 - urgent);
    }
}

static void patient_group_keeps_its_minimum(void **state)
{
    struct policy_run *run = *state;
    run->options.groups[POLICY_PATIENT].min_replicas = 2;
    policy_run_set_replicas(run, 7, 3);
    policy_run_set_waiting(run, 400, 0);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 8, 2);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 8, 2);
}

static void room_comes_back_as_the_urgent_queue_falls(void **state)
{
    struct policy_run *run = *state;
    policy_run_set_replicas(run, 8, 2);
    policy_run_set_waiting(run, 0, 400);
    for (int patient = 3; patient <= 9; patient++) {
        policy_run_apply(run, 3 * SECOND_MS);
        assert_decided(run, 10 - patient, patient);
    }
    policy_run_apply(run, 3 * SECOND_MS);
    assert_decided(run, 1, 9);
}

static void busy_workers_are_not_removed(void **state)
{
    struct policy_run *run = *state;
    policy_run_set_replicas(run, 4, 4);
    run->sample.groups[POLICY_URGENT].in_flight = 4;
    run->sample.groups[POLICY_PATIENT].in_flight = 3;
    policy_run_apply(run, 3 * SECOND_MS);
    assert_decided(run, 4, 3);
    policy_run_apply(run, 3 * SECOND_MS);
    assert_decided(run, 4, 3);
}

static void no_pods_wake_for_one_message(void **state)
{
    struct policy_run *run = *state;
    policy_run_set_waiting(run, 0, 1);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 1, 1);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 1, 1);
}

static void changes_from_outside_are_where_it_goes_on(void **state)
{
    struct policy_run *run = *state;
    policy_run_set_waiting(run, 50, 0);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 2, 0);
    policy_run_set_replicas(run, 6, 0);
    policy_run_apply(run, 1);
    assert_decided(run, 7, 0);
}

static void short_targets_still_fall(void **state)
{
    struct policy_run *run = *state;
    run->options.groups[POLICY_URGENT].target_length = 1;
    run->options.groups[POLICY_PATIENT].target_length = 0;
    policy_run_set_replicas(run, 3, 3);
    policy_run_apply(run, SECOND_MS);
    assert_decided(run, 2, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(target_of_ten_has_a_band),
        TEST(target_of_two_falls_at_nothing_only),
        TEST(steps_go_on_without_waiting_for_pods),
        TEST(steps_down_leave_a_pod_the_time_to_start),
        TEST(one_step_a_second_however_often_it_is_asked),
        TEST(urgent_group_takes_room_in_the_same_decision),
        TEST(patient_group_keeps_its_minimum),
        TEST(room_comes_back_as_the_urgent_queue_falls),
        TEST(busy_workers_are_not_removed),
        TEST(no_pods_wake_for_one_message),
        TEST(changes_from_outside_are_where_it_goes_on),
        TEST(short_targets_still_fall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
