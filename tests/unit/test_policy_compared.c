/* The policies that are there to be compared with: `pid` and `hpa`. */
#include "unit.h"

#include "policy_fixture.h"
#include "policy_internal.h"

static void assert_urgent(const struct policy_run *run, int expected)
{
    assert_int_equal(run->decision.replicas[POLICY_URGENT], expected);
}

/* 0.04 of the error and 1.25 of the change, as the engine had them: target 2. */
static void pid_follows_error_and_change(void **state)
{
    (void)state;
    struct policy_run run;
    policy_run_start(&run, &policy_pid);
    run.options.pool = 100;
    run.options.groups[POLICY_URGENT].max_replicas = 100;
    policy_run_set_replicas(&run, 4, 0);
    policy_run_set_waiting(&run, 102, 0); /* the first sample has no change: + 4 */
    policy_run_apply(&run, 500);
    assert_urgent(&run, 8);
    policy_run_set_waiting(&run, 112, 0); /* 4.4 and 12.5 */
    policy_run_apply(&run, 500);
    assert_urgent(&run, 25);
    policy_run_set_waiting(&run, 108, 0); /* 4.24 - 5, but it may not fall above its target */
    policy_run_apply(&run, 500);
    assert_urgent(&run, 25);
    policy_run_set_waiting(&run, 98, 0);
    policy_run_apply(&run, 500);
    assert_urgent(&run, 25);
    policy_run_set_waiting(&run, 0, 0); /* -0.08 - 122.5 */
    policy_run_apply(&run, 500);
    assert_urgent(&run, 1);
    policy_run_end(&run);
}

static void start_hpa(struct policy_run *run, int urgent, int patient)
{
    policy_run_start(run, &policy_hpa);
    for (int i = 0; i < POLICY_GROUPS; i++) {
        run->options.groups[i].target_length = 5;
        run->options.groups[i].hold_ms = 300000;
        run->options.groups[i].max_replicas = 20;
    }
    policy_run_set_replicas(run, urgent, patient);
    policy_run_decide(run, 0);
}

static void hpa_doubles_at_most_each_sync(void **state)
{
    (void)state;
    struct policy_run run;
    start_hpa(&run, 1, 0);
    policy_run_set_waiting(&run, 400, 0);
    policy_run_apply(&run, 14999);
    assert_urgent(&run, 1);
    policy_run_apply(&run, 1);
    assert_urgent(&run, 4);
    policy_run_apply(&run, 15000);
    assert_urgent(&run, 8);
    policy_run_apply(&run, 15000);
    assert_urgent(&run, 16);
    policy_run_apply(&run, 15000);
    assert_urgent(&run, 20);
    policy_run_end(&run);
}

static void hpa_counts_what_is_in_hand_and_tolerates_a_tenth(void **state)
{
    (void)state;
    struct policy_run run;
    start_hpa(&run, 4, 0);
    policy_run_set_waiting(&run, 17, 0);
    run.sample.groups[POLICY_URGENT].in_flight = 4;
    policy_run_apply(&run, 15000);
    assert_urgent(&run, 4);
    run.sample.groups[POLICY_URGENT].in_flight = 8;
    policy_run_apply(&run, 15000);
    assert_urgent(&run, 5);
    policy_run_end(&run);
}

static void hpa_falls_after_its_window(void **state)
{
    (void)state;
    struct policy_run run;
    start_hpa(&run, 8, 0);
    policy_run_set_waiting(&run, 40, 0);
    policy_run_apply(&run, 15000);
    policy_run_set_waiting(&run, 5, 0);
    for (int i = 0; i < 19; i++)
        policy_run_apply(&run, 15000);
    assert_urgent(&run, 8);
    policy_run_apply(&run, 15000);
    policy_run_apply(&run, 15000);
    assert_urgent(&run, 1);
    policy_run_end(&run);
}

static void keda_wakes_and_takes_the_last_pod(void **state)
{
    (void)state;
    struct policy_run run;
    start_hpa(&run, 1, 0);
    policy_run_set_waiting(&run, 0, 1);
    policy_run_apply(&run, 15000);
    assert_int_equal(run.decision.replicas[POLICY_PATIENT], 0);
    policy_run_apply(&run, 15000);
    assert_int_equal(run.decision.replicas[POLICY_PATIENT], 1);
    policy_run_set_waiting(&run, 0, 0);
    for (int i = 0; i < 19; i++)
        policy_run_apply(&run, 15000);
    assert_int_equal(run.decision.replicas[POLICY_PATIENT], 1);
    policy_run_apply(&run, 15000);
    assert_int_equal(run.decision.replicas[POLICY_PATIENT], 0);
    assert_urgent(&run, 1);
    policy_run_end(&run);
}

static void hpa_knows_no_pool(void **state)
{
    (void)state;
    struct policy_run run;
    start_hpa(&run, 8, 8);
    policy_run_set_waiting(&run, 400, 400);
    policy_run_apply(&run, 15000);
    assert_urgent(&run, 16);
    assert_int_equal(run.decision.replicas[POLICY_PATIENT], 16);
    run.sample.groups[POLICY_URGENT].is_known = false;
    policy_run_apply(&run, 15000);
    assert_urgent(&run, 16);
    policy_run_end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pid_follows_error_and_change),
        cmocka_unit_test(hpa_doubles_at_most_each_sync),
        cmocka_unit_test(hpa_counts_what_is_in_hand_and_tolerates_a_tenth),
        cmocka_unit_test(hpa_falls_after_its_window),
        cmocka_unit_test(keda_wakes_and_takes_the_last_pod),
        cmocka_unit_test(hpa_knows_no_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
