#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "metrics.h"
#include "version.h"

static struct strbuf text = STRBUF_INIT(1u << 20);

static int stop(void **state)
{
    (void)state;
    metrics_reset();
    strbuf_release(&text);
    return 0;
}

static const char *render(void)
{
    strbuf_reset(&text);
    metrics_render(&text);
    return strbuf_str(&text);
}

static unsigned count_of(const char *haystack, const char *needle)
{
    unsigned count = 0;
    for (; (haystack = strstr(haystack, needle)); haystack++)
        count++;
    return count;
}

static void counters_and_gauges_are_told(void **state)
{
    (void)state;
    struct metric *ok = metric_counter("mb_test_total", "Things done.", "result=\"ok\"");
    struct metric *bad = metric_counter("mb_test_total", "Things done.", "result=\"bad\"");
    struct metric *depth = metric_gauge("mb_depth", "How deep.", NULL);
    assert_ptr_equal(metric_counter("mb_test_total", "Things done.", "result=\"ok\""), ok);
    assert_ptr_not_equal(ok, bad);
    metric_add(ok, 1);
    metric_add(ok, 2);
    metric_set(depth, 0.5);
    assert_true(metric_value(ok) == 3);
    assert_non_null(strstr(render(), "# HELP mb_test_total Things done.\n"
                                     "# TYPE mb_test_total counter\n"
                                     "mb_test_total{result=\"ok\"} 3\n"
                                     "mb_test_total{result=\"bad\"} 0\n"
                                     "# HELP mb_depth How deep.\n"
                                     "# TYPE mb_depth gauge\n"
                                     "mb_depth 0.5\n"));
    metric_add(ok, 123456789012);
    assert_non_null(strstr(render(), "mb_test_total{result=\"ok\"} 123456789015\n"));
}

static void names_of_one_family_stay_together(void **state)
{
    (void)state;
    metric_counter("mb_a_total", "A.", "x=\"1\"");
    metric_counter("mb_b_total", "B.", NULL);
    metric_counter("mb_a_total", "A.", "x=\"2\"");
    assert_non_null(strstr(render(), "mb_a_total{x=\"1\"} 0\nmb_a_total{x=\"2\"} 0\n# HELP mb_b"));
    assert_int_equal(count_of(strbuf_str(&text), "# TYPE mb_a_total"), 1);
}

static void histograms_add_up(void **state)
{
    (void)state;
    struct metric *took = metric_histogram("mb_took_seconds", "Time.", "w=\"x\"");
    metric_observe_seconds(took, 0.001); /* its own bound counts in */
    metric_observe_seconds(took, 0.5);
    metric_observe_seconds(took, 100);
    render();
    assert_non_null(strstr(strbuf_str(&text), "# TYPE mb_took_seconds histogram\n"
                                              "mb_took_seconds_bucket{w=\"x\",le=\"0.001\"} 1\n"));
    assert_non_null(strstr(strbuf_str(&text), "{w=\"x\",le=\"0.1\"} 1\n"));
    assert_non_null(strstr(strbuf_str(&text), "{w=\"x\",le=\"0.5\"} 2\n"));
    assert_non_null(strstr(strbuf_str(&text), "{w=\"x\",le=\"60\"} 2\n"
                                              "mb_took_seconds_bucket{w=\"x\",le=\"+Inf\"} 3\n"));
    assert_non_null(strstr(strbuf_str(&text), "mb_took_seconds_count{w=\"x\"} 3\n"));
    const char *sum = strstr(strbuf_str(&text), "mb_took_seconds_sum{w=\"x\"} ");
    assert_non_null(sum);
    double value = strtod(strchr(sum, '}') + 1, NULL);
    assert_true(value > 100.5009 && value < 100.5011);
}

static void histogram_without_labels_has_no_comma(void **state)
{
    (void)state;
    metric_observe_seconds(metric_histogram("mb_plain_seconds", "Time.", NULL), 0.5);
    render();
    assert_non_null(strstr(strbuf_str(&text), "mb_plain_seconds_bucket{le=\"0.5\"} 1\n"));
    assert_non_null(strstr(strbuf_str(&text), "mb_plain_seconds_sum 0.5\n"
                                              "mb_plain_seconds_count 1\n"));
}

static double value_of(const char *name)
{
    const char *at = strstr(strbuf_str(&text), name);
    assert_non_null(at);
    return strtod(at + strlen(name), NULL);
}

static void process_tells_of_itself(void **state)
{
    (void)state;
    render();
    assert_true(value_of("\nprocess_resident_memory_bytes ") > 100000);
    assert_true(value_of("\nprocess_open_fds ") >= 3);
    assert_true(value_of("\nprocess_max_fds ") >= 3);
    assert_true(value_of("\nprocess_start_time_seconds ") > 1.6e9);
    assert_true(value_of("\nprocess_cpu_seconds_total ") >= 0);
    assert_non_null(strstr(strbuf_str(&text), "\nmb_build_info{version=\""));
    assert_non_null(strstr(strbuf_str(&text), version_number));
}

#define TEST(function) cmocka_unit_test_teardown(function, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(counters_and_gauges_are_told),
        TEST(names_of_one_family_stay_together),
        TEST(histograms_add_up),
        TEST(histogram_without_labels_has_no_comma),
        TEST(process_tells_of_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
