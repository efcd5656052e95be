/* What the scaler makes of depths and counters. */
#include "unit.h"

#include "estimate.h"

static const struct queue_depth nothing = {0};

static struct queue_depth depth_of(int64_t waiting, int64_t in_flight)
{
    return (struct queue_depth){.waiting = waiting, .in_flight = in_flight, .oldest_age_ms = -1};
}

static struct flow flow_of(int64_t sent, int64_t received, int64_t done)
{
    return (struct flow){.sent = sent, .received = received, .done = done, .busy_ms = done * 100};
}

static void tell_flow(struct estimate *estimate, int64_t sent, int64_t received, int64_t done)
{
    const struct flow flow = flow_of(sent, received, done);
    estimate_flow(estimate, &flow);
}

static void look(struct estimate *estimate, int64_t waiting, int64_t in_flight, int64_t now_ms)
{
    const struct queue_depth depth = depth_of(waiting, in_flight);
    estimate_ask(estimate, now_ms);
    estimate_depth(estimate, &depth, now_ms);
}

static void assert_sample(const struct estimate *estimate, int64_t waiting, int64_t in_flight)
{
    struct policy_group_sample sample = {0};
    estimate_sample(estimate, true, estimate->depth_ms, &sample);
    assert_int_equal(sample.waiting, waiting);
    assert_int_equal(sample.in_flight, in_flight);
    assert_int_equal(estimate_work(estimate), waiting + in_flight);
}

static void a_depth_is_carried_on_by_the_counters(void **state)
{
    (void)state;
    struct estimate estimate = {.is_exact = true};
    tell_flow(&estimate, 100, 90, 85);
    look(&estimate, 10, 5, 1000);
    assert_sample(&estimate, 10, 5);
    tell_flow(&estimate, 107, 92, 88); /* 7 sent, 2 received, 3 done */
    assert_sample(&estimate, 15, 4);
    look(&estimate, 14, 4, 11000); /* the queue knows better */
    assert_sample(&estimate, 14, 4);
    tell_flow(&estimate, 107, 200, 300);
    assert_sample(&estimate, 0, 0); /* never less than nothing */
}

static void counters_of_the_call_are_where_it_goes_on(void **state)
{
    (void)state;
    struct estimate estimate = {.is_exact = true};
    const struct queue_depth depth = depth_of(3, 0);
    tell_flow(&estimate, 3, 0, 0);
    estimate_ask(&estimate, 1000);
    tell_flow(&estimate, 5, 0, 0); /* while the answer is on its way */
    estimate_depth(&estimate, &depth, 2000);
    assert_sample(&estimate, 5, 0);
}

static void counters_that_began_anew_take_nothing_away(void **state)
{
    (void)state;
    struct estimate estimate = {.is_exact = true};
    tell_flow(&estimate, 100, 100, 100);
    look(&estimate, 4, 1, 1000);
    tell_flow(&estimate, 106, 100, 100);
    tell_flow(&estimate, 2, 0, 0); /* Redis lost its data; how many of the 2 are new nobody knows */
    assert_sample(&estimate, 10, 1);
    tell_flow(&estimate, 3, 2, 1);
    assert_sample(&estimate, 9, 2);
}

static void without_counters_the_depths_stand_alone(void **state)
{
    (void)state;
    struct estimate estimate = {.is_exact = true};
    struct policy_group_sample sample = {0};
    look(&estimate, 4, 1, 1000);
    estimate_flow(&estimate, NULL);
    estimate_sample(&estimate, true, 1000, &sample);
    assert_int_equal(sample.waiting, 4);
    assert_int_equal(sample.sent, -1);
    assert_int_equal(sample.done, -1);
    assert_int_equal(sample.busy_ms, -1);
    tell_flow(&estimate, 50, 40, 30); /* their past is in the depth already */
    assert_sample(&estimate, 4, 1);
    tell_flow(&estimate, 51, 40, 30);
    assert_sample(&estimate, 5, 1);
}

static void counters_lost_for_a_look_do_not_count_twice(void **state)
{
    (void)state;
    struct estimate estimate = {.is_exact = true};
    tell_flow(&estimate, 10, 10, 10);
    look(&estimate, 0, 0, 1000);
    estimate_flow(&estimate, NULL);
    look(&estimate, 7, 0, 11000); /* sent while the counters were not to be had */
    tell_flow(&estimate, 17, 10, 10);
    assert_sample(&estimate, 7, 0);
}

static void an_approximation_wakes_when_it_is_repeated(void **state)
{
    (void)state;
    struct estimate estimate = {.is_exact = false};
    look(&estimate, 0, 0, 1000);
    look(&estimate, 3, 0, 61000);
    assert_sample(&estimate, 0, 0);
    assert_int_equal(estimate_due_ms(&estimate, false), 61000 + ESTIMATE_REPEAT_MS);
    look(&estimate, 3, 0, 63000);
    assert_sample(&estimate, 3, 0);
    struct estimate wrong = {.is_exact = false};
    look(&wrong, 0, 0, 1000);
    look(&wrong, 3, 0, 61000);
    look(&wrong, 0, 0, 63000);
    assert_sample(&wrong, 0, 0);
    look(&wrong, 3, 0, 123000); /* each doubt is a new one */
    assert_sample(&wrong, 0, 0);
}

static void a_counted_message_wakes_at_once(void **state)
{
    (void)state;
    struct estimate estimate = {.is_exact = false};
    tell_flow(&estimate, 10, 10, 10);
    look(&estimate, 0, 0, 1000);
    tell_flow(&estimate, 11, 10, 10);
    assert_sample(&estimate, 1, 0);
    look(&estimate, 1, 0, 2000); /* the queue says so, too */
    assert_sample(&estimate, 1, 0);
}

static void an_approximation_that_lags_takes_nothing_away(void **state)
{
    (void)state;
    struct estimate estimate = {.is_exact = false};
    tell_flow(&estimate, 0, 0, 0);
    look(&estimate, 0, 0, 1000);
    tell_flow(&estimate, 400, 0, 0);
    look(&estimate, 20, 0, 2000);
    assert_sample(&estimate, 400, 0);
    look(&estimate, 390, 10, 12000);
    assert_sample(&estimate, 390, 10);
    look(&estimate, 30, 10, 22000); /* twice: it is so */
    look(&estimate, 30, 10, 32000);
    assert_sample(&estimate, 30, 10);
}

static void an_exact_count_is_believed_at_once(void **state)
{
    (void)state;
    struct estimate estimate = {.is_exact = true};
    tell_flow(&estimate, 0, 0, 0);
    look(&estimate, 0, 0, 1000);
    look(&estimate, 9, 0, 61000);
    assert_sample(&estimate, 9, 0);
    look(&estimate, 2, 0, 62000);
    assert_sample(&estimate, 2, 0);
}

static void what_is_old_is_not_known(void **state)
{
    (void)state;
    struct estimate estimate = {.is_exact = true};
    struct policy_group_sample sample = {.is_known = true};
    estimate_sample(&estimate, false, 500, &sample);
    assert_false(sample.is_known); /* nothing was looked at yet */
    look(&estimate, 5, 0, 1000);
    assert_true(estimate_is_known(&estimate, true, 31000));
    assert_false(estimate_is_known(&estimate, true, 31001));
    assert_true(estimate_is_known(&estimate, false, 131000));
    assert_false(estimate_is_known(&estimate, false, 131001));
    estimate_ask(&estimate, 31001);
    estimate_depth(&estimate, NULL, 31002); /* a look that failed tells nothing */
    assert_false(estimate_is_known(&estimate, true, 31002));
    assert_sample(&estimate, 5, 0);
}

/* Looks in an hour, where each works, or none does. */
static int looks_an_hour(bool is_active, bool works)
{
    struct estimate estimate = {.is_exact = false};
    int looks = 0;
    look(&estimate, 0, 0, 1);
    for (int64_t now_ms = 1; now_ms <= 3600000; now_ms += 500) {
        if (estimate_due_ms(&estimate, is_active) > now_ms)
            continue;
        estimate_ask(&estimate, now_ms);
        estimate_depth(&estimate, works ? &nothing : NULL, now_ms);
        looks++;
    }
    return looks;
}

static void rest_costs_a_look_a_minute(void **state)
{
    (void)state;
    assert_in_range(looks_an_hour(false, true), 59, 60);
    assert_in_range(looks_an_hour(false, false), 59, 60);
    assert_in_range(looks_an_hour(true, true), 359, 360);
}

static void the_first_looks_come_soon_and_then_less_so(void **state)
{
    (void)state;
    static const int64_t pauses_ms[] = {2000, 4000, 8000, 10000, 10000};
    struct estimate estimate = {.is_exact = true};
    assert_int_equal(estimate_due_ms(&estimate, false), 0);
    for (size_t i = 0; i < sizeof(pauses_ms) / sizeof(pauses_ms[0]); i++) {
        estimate_ask(&estimate, 1000);
        estimate_depth(&estimate, NULL, 1001);
        assert_int_equal(estimate_due_ms(&estimate, false), 1000 + pauses_ms[i]);
    }
    look(&estimate, 0, 0, 5000);
    assert_int_equal(estimate_due_ms(&estimate, false), 5000 + ESTIMATE_REST_POLL_MS);
    assert_int_equal(estimate_due_ms(&estimate, true), 5000 + ESTIMATE_ACTIVE_POLL_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_depth_is_carried_on_by_the_counters),
        cmocka_unit_test(counters_of_the_call_are_where_it_goes_on),
        cmocka_unit_test(counters_that_began_anew_take_nothing_away),
        cmocka_unit_test(without_counters_the_depths_stand_alone),
        cmocka_unit_test(counters_lost_for_a_look_do_not_count_twice),
        cmocka_unit_test(an_approximation_wakes_when_it_is_repeated),
        cmocka_unit_test(a_counted_message_wakes_at_once),
        cmocka_unit_test(an_approximation_that_lags_takes_nothing_away),
        cmocka_unit_test(an_exact_count_is_believed_at_once),
        cmocka_unit_test(what_is_old_is_not_known),
        cmocka_unit_test(rest_costs_a_look_a_minute),
        cmocka_unit_test(the_first_looks_come_soon_and_then_less_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
