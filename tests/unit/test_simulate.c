/* The simulator's parts: draws, loads, events, queues, figures, tables. */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "simulate_draw.h"
#include "simulate_events.h"
#include "simulate_load.h"
#include "simulate_queue.h"
#include "simulate_summary.h"
#include "simulate_table.h"
#include "simulate_trace.h"

#define TRACES TEST_DATA "/../../scaler/traces/"
#define DRAWS 100000

static void assert_near(double value, double expected, double part)
{
    if (!(fabs(value - expected) <= part * fabs(expected)))
        fail_msg("%f, not %f", value, expected);
}

static void draws_have_their_means(void **state)
{
    (void)state;
    struct sim_draw draw = sim_draw_start(1, 2, 3);
    double uniform = 0;
    double exponential = 0;
    double mean = 0;
    double squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        double part = sim_draw_uniform(&draw);
        assert_true(part > 0 && part < 1);
        uniform += part / DRAWS;
        exponential += sim_draw_exponential(&draw, 7) / DRAWS;
        double lognormal = sim_draw_lognormal(&draw, 1200, 0.8);
        mean += lognormal / DRAWS;
        squares += lognormal * lognormal / DRAWS;
    }
    assert_near(uniform, 0.5, 0.01);
    assert_near(exponential, 7, 0.02);
    assert_near(mean, 1200, 0.02);
    assert_near(sqrt(squares - mean * mean) / mean, 0.8, 0.05);
    assert_near(sim_draw_lognormal(&draw, 1200, 0), 1200, 1e-9);
}

static void streams_are_their_own(void **state)
{
    (void)state;
    struct sim_draw first = sim_draw_start(1, 2, 3);
    struct sim_draw again = sim_draw_start(1, 2, 3);
    uint64_t bits = sim_draw_bits(&first);
    assert_true(bits == sim_draw_bits(&again));
    const uint64_t others[][3] = {{2, 2, 3}, {1, 3, 3}, {1, 2, 4}, {3, 2, 1}};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        struct sim_draw other = sim_draw_start(others[i][0], others[i][1], others[i][2]);
        assert_true(bits != sim_draw_bits(&other));
    }
}

static struct sim_trace *load_trace(const char *name)
{
    AUTO(free) char *path = xasprintf(TRACES "%s.json", name);
    AUTO(free) char *why = NULL;
    struct sim_trace *trace = sim_trace_load(path, &why);
    if (!trace)
        fail_msg("%s", why);
    assert_string_equal(sim_trace_name(trace), name);
    return trace;
}

/* As many arrivals as a trace should have, in order, within it. */
static void assert_arrivals(const char *name, double expected)
{
    struct sim_trace *trace = load_trace(name);
    double mean = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        size_t count;
        AUTO(free) int64_t *times = sim_trace_arrivals(trace, seed, &count);
        mean += (double)count / 20;
        for (size_t i = 0; i < count; i++) {
            assert_in_range(times[i], 0, sim_trace_end_ms(trace) - 1);
            assert_true(i == 0 || times[i] >= times[i - 1]);
        }
    }
    assert_near(mean, expected, 0.03);
    sim_trace_free(trace);
}

static void traces_bring_what_they_say(void **state)
{
    (void)state;
    assert_arrivals("rest", 0);
    assert_arrivals("diurnal", 86400 * 0.525);
    assert_arrivals("flash-crowd", 540 + 900);
    assert_arrivals("webhook-burst", 540 + 900);
    assert_arrivals("slow-hub", 1350);
    assert_arrivals("metric-outage", 540 + 1260 + 100);
}

static void traces_know_slowness_and_outages(void **state)
{
    (void)state;
    struct sim_trace *slow = load_trace("slow-hub");
    assert_true(sim_trace_slowness(slow, 1799999) == 1);
    assert_true(sim_trace_slowness(slow, 1800000) == 5);
    assert_true(sim_trace_slowness(slow, 3600000) == 1);
    assert_false(sim_trace_is_out(slow, 1800000));
    sim_trace_free(slow);
    struct sim_trace *out = load_trace("metric-outage");
    assert_false(sim_trace_is_out(out, 1499999));
    assert_true(sim_trace_is_out(out, 1500000));
    assert_false(sim_trace_is_out(out, 2100000));
    assert_true(sim_trace_is_out(out, 3600000));
    sim_trace_free(out);
}

static void assert_refused(const char *text, const char *part)
{
    char path[] = "/tmp/microbadger-trace-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    AUTO(free) char *why = NULL;
    struct sim_trace *trace = sim_trace_load(path, &why);
    unlink(path);
    assert_null(trace);
    assert_non_null(why);
    if (!strstr(why, part))
        fail_msg("\"%s\" does not say \"%s\"", why, part);
}

static void wrong_traces_are_refused(void **state)
{
    (void)state;
    assert_refused("{", "line 1");
    assert_refused("{\"name\": \"a\"}", "seconds");
    assert_refused("{\"name\": \"\", \"seconds\": 10}", "name");
    assert_refused("{\"name\": \"a\", \"seconds\": 1e300}", "seconds");
    assert_refused("{\"name\": \"a\", \"seconds\": 10, \"arrivals\": [{\"kind\": \"odd\"}]}",
                   "kind");
    assert_refused("{\"name\": \"a\", \"seconds\": 10, \"arrivals\": [{\"kind\": \"steady\", "
                   "\"from_s\": 5, \"to_s\": 1, \"per_s\": 1}]}",
                   "to_s");
    assert_refused("{\"name\": \"a\", \"seconds\": 10, \"arrivals\": [{\"kind\": \"steady\", "
                   "\"from_s\": 0, \"to_s\": 1, \"per_s\": -1}]}",
                   "per_s");
}

static struct sim_service *load_service(const char *name)
{
    AUTO(free) char *path = xasprintf(TRACES "service-%s.json", name);
    AUTO(free) char *why = NULL;
    struct sim_service *service = sim_service_load(path, &why);
    if (!service)
        fail_msg("%s", why);
    return service;
}

static double mean_of(const int64_t *list, size_t count)
{
    double mean = 0;
    for (size_t i = 0; i < count; i++)
        mean += (double)list[i] / (double)count;
    return mean;
}

/* A message's service times are the same whoever works on it, in whatever order. */
static void loads_are_drawn_by_message(void **state)
{
    (void)state;
    struct sim_trace *trace = load_trace("diurnal");
    struct sim_service *service = load_service("pilot");
    struct sim_load load = sim_load_draw(trace, service, 5);
    struct sim_load again = sim_load_draw(trace, service, 5);
    assert_int_equal(load.count, again.count);
    for (int group = 0; group < POLICY_GROUPS; group++)
        assert_memory_equal(load.service_ms[group], again.service_ms[group],
                            load.count * sizeof(int64_t));
    assert_near(mean_of(load.service_ms[POLICY_URGENT], load.count), 1200, 0.03);
    assert_near(mean_of(load.service_ms[POLICY_PATIENT], load.count), 5000, 0.03);
    sim_load_release(&load);
    sim_load_release(&again);
    sim_service_free(service);
    struct sim_service *measured = load_service("measured");
    load = sim_load_draw(trace, measured, 5);
    assert_in_range(mean_of(load.service_ms[POLICY_URGENT], load.count), 50, 1000);
    assert_in_range(mean_of(load.service_ms[POLICY_PATIENT], load.count), 100, 5000);
    sim_load_release(&load);
    sim_service_free(measured);
    sim_trace_free(trace);
}

static void events_come_by_time_then_as_added(void **state)
{
    (void)state;
    struct sim_events events = {0};
    struct sim_draw draw = sim_draw_start(1, 1, 1);
    for (int i = 0; i < 1000; i++)
        sim_events_add(&events, (int64_t)(sim_draw_bits(&draw) % 50), 0, i, 0);
    struct sim_event last = {.at_ms = -1};
    struct sim_event event;
    int count = 0;
    for (; sim_events_take(&events, &event); count++) {
        assert_true(event.at_ms > last.at_ms ||
                    (event.at_ms == last.at_ms && event.subject > last.subject));
        last = event;
    }
    assert_int_equal(count, 1000);
    sim_events_release(&events);
}

static void queue_is_first_in_first_out(void **state)
{
    (void)state;
    struct sim_queue queue;
    sim_queue_start(&queue, 3);
    assert_int_equal(sim_queue_take(&queue), -1);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 3; i++)
            sim_queue_put(&queue, 10 * round + i);
        for (int i = 0; i < 3; i++)
            assert_int_equal(sim_queue_take(&queue), 10 * round + i);
    }
    for (int pod = 1; pod <= 3; pod++)
        sim_queue_wait(&queue, pod);
    sim_queue_leave(&queue, 2);
    assert_int_equal(sim_queue_waiter(&queue), 1);
    assert_int_equal(sim_queue_waiter(&queue), 3);
    assert_int_equal(sim_queue_waiter(&queue), -1);
    sim_queue_release(&queue);
}

static void intervals_are_students(void **state)
{
    (void)state;
    struct sim_result results[20] = {0};
    struct sim_result others[20] = {0};
    for (int i = 0; i < 20; i++) {
        results[i].values[SIM_POD_S] = i < 10 ? 1 : 3;
        others[i].values[SIM_POD_S] = results[i].values[SIM_POD_S] - 4;
    }
    struct sim_estimate found = sim_summary(results, 20, SIM_POD_S);
    assert_near(found.mean, 2, 1e-9);
    assert_near(found.half, 2.0930 * sqrt(20.0 / 19) / sqrt(20), 1e-3);
    /* Seeds that go up and down together leave no doubt of the difference. */
    struct sim_estimate difference = sim_difference(results, others, 20, SIM_POD_S);
    assert_near(difference.mean, 4, 1e-9);
    assert_true(difference.half < 1e-9);
    assert_true(isnan(sim_summary(results, 1, SIM_POD_S).half));
}

static void tables_are_text_or_markdown(void **state)
{
    (void)state;
    static const char *const heads[] = {"policy", "p95", NULL};
    struct sim_table table;
    sim_table_start(&table, heads);
    sim_table_add(&table, "drain");
    sim_table_add(&table, "%.1f ± %.1f", 4.25, 0.5);
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(1000);
    sim_table_write(&table, false, &text);
    assert_string_equal(strbuf_str(&text), "policy        p95\n"
                                           "drain   4.2 ± 0.5\n");
    AUTO(strbuf) struct strbuf markdown = STRBUF_INIT(1000);
    sim_table_write(&table, true, &markdown);
    assert_string_equal(strbuf_str(&markdown), "| policy |       p95 |\n"
                                               "|--------|----------:|\n"
                                               "| drain  | 4.2 ± 0.5 |\n");
    sim_table_release(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_have_their_means),
        cmocka_unit_test(streams_are_their_own),
        cmocka_unit_test(traces_bring_what_they_say),
        cmocka_unit_test(traces_know_slowness_and_outages),
        cmocka_unit_test(wrong_traces_are_refused),
        cmocka_unit_test(loads_are_drawn_by_message),
        cmocka_unit_test(events_come_by_time_then_as_added),
        cmocka_unit_test(queue_is_first_in_first_out),
        cmocka_unit_test(intervals_are_students),
        cmocka_unit_test(tables_are_text_or_markdown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
