/* Rates and service times from totals, and the window that holds room. */
#include "unit.h"

#include <math.h>

#include "policy.h"
#include "policy_rates.h"
#include "policy_window.h"

static void assert_near(double value, double expected)
{
    if (fabs(value - expected) > 0.01 * fabs(expected) + 1e-9)
        fail_msg("%f, not %f", value, expected);
}

static struct policy_group_sample nothing(void)
{
    return (struct policy_group_sample){.sent = -1, .done = -1, .busy_ms = -1};
}

static void averages_do_not_depend_on_the_pace(void **state)
{
    (void)state;
    struct policy_rates often = {0};
    struct policy_rates seldom = {0};
    struct policy_group_sample sample = nothing();
    for (int64_t now_ms = 0; now_ms <= 60000; now_ms += 100) {
        sample.sent = now_ms / 500;
        policy_rates_update(&often, &sample, now_ms);
        if (now_ms % 20000 == 0)
            policy_rates_update(&seldom, &sample, now_ms);
    }
    assert_near(often.slow_per_s, 2 * (1 - exp(-1)));
    assert_near(seldom.slow_per_s, often.slow_per_s);
    assert_near(policy_rates_load(&seldom, 1000), 2 * (1 - exp(-6)));
}

static void slow_average_remembers(void **state)
{
    (void)state;
    struct policy_rates rates = {0};
    struct policy_group_sample sample = nothing();
    sample.sent = 0;
    policy_rates_update(&rates, &sample, 0);
    sample.sent = 6000;
    policy_rates_update(&rates, &sample, 600000);
    policy_rates_update(&rates, &sample, 660000);
    assert_true(policy_rates_fast_load(&rates, 1000) < 0.1);
    assert_near(policy_rates_load(&rates, 1000), 10 * (1 - exp(-10)) * exp(-1));
}

static void totals_that_begin_anew_are_counted_from_zero(void **state)
{
    (void)state;
    struct policy_rates rates = {0};
    struct policy_group_sample sample = nothing();
    sample.sent = 1000000;
    sample.done = 1000000;
    sample.busy_ms = 1000000;
    policy_rates_update(&rates, &sample, 0);
    sample.sent = 1200;
    sample.done = 10;
    sample.busy_ms = 20000;
    policy_rates_update(&rates, &sample, 600000);
    assert_near(rates.slow_per_s, 2 * (1 - exp(-10)));
    assert_near(rates.service_ms, 2000);
}

static void service_time_is_a_mean_of_batches(void **state)
{
    (void)state;
    struct policy_rates rates = {0};
    struct policy_group_sample sample = nothing();
    sample.done = 0;
    sample.busy_ms = 0;
    policy_rates_update(&rates, &sample, 0);
    assert_near(policy_rates_service_ms(&rates, 1200), 1200);
    sample.done = 4;
    sample.busy_ms = 4000;
    policy_rates_update(&rates, &sample, 1000);
    assert_near(policy_rates_service_ms(&rates, 1200), 1200);
    sample.done = 5;
    sample.busy_ms = 5000;
    policy_rates_update(&rates, &sample, 2000);
    assert_near(policy_rates_service_ms(&rates, 1200), 1000);
    sample.done = 10;
    sample.busy_ms = 30000;
    policy_rates_update(&rates, &sample, 3000);
    assert_near(policy_rates_service_ms(&rates, 1200), 1800);
    assert_near(policy_rates_service_ms(&(struct policy_rates){0}, 0), 1);
}

static void window_keeps_the_greatest_for_its_span(void **state)
{
    (void)state;
    struct policy_window window = {0};
    assert_int_equal(policy_window_greatest(&window, 60000, 0), 0);
    policy_window_add(&window, 60000, 0, 3);
    policy_window_add(&window, 60000, 1000, 7);
    policy_window_add(&window, 60000, 30000, 5);
    assert_int_equal(policy_window_greatest(&window, 60000, 60000), 7);
    assert_int_equal(policy_window_greatest(&window, 60000, 63000), 5);
    assert_int_equal(policy_window_greatest(&window, 60000, 89000), 5);
    assert_int_equal(policy_window_greatest(&window, 60000, 93000), 0);
}

static void window_of_no_span_knows_the_present(void **state)
{
    (void)state;
    struct policy_window window = {0};
    policy_window_add(&window, 0, 500, 7);
    assert_int_equal(policy_window_greatest(&window, 0, 500), 7);
    assert_int_equal(policy_window_greatest(&window, 0, 501), 0);
}

static void window_forgets_after_a_long_silence(void **state)
{
    (void)state;
    struct policy_window window = {0};
    for (int64_t now_ms = 0; now_ms < 120000; now_ms += 100)
        policy_window_add(&window, 60000, now_ms, 4);
    assert_int_equal(policy_window_greatest(&window, 60000, 120000), 4);
    assert_int_equal(policy_window_greatest(&window, 60000, 90000000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(averages_do_not_depend_on_the_pace),
        cmocka_unit_test(slow_average_remembers),
        cmocka_unit_test(totals_that_begin_anew_are_counted_from_zero),
        cmocka_unit_test(service_time_is_a_mean_of_batches),
        cmocka_unit_test(window_keeps_the_greatest_for_its_span),
        cmocka_unit_test(window_of_no_span_knows_the_present),
        cmocka_unit_test(window_forgets_after_a_long_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
