/* Whole runs: what they count, and that they are the same each time. */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "simulate.h"
#include "simulate_docs.h"
#include "simulate_report.h"
#include "simulate_study.h"

#define TRACES TEST_DATA "/../../scaler/traces"

static struct sim_study *study_of(const char *trace, const char *service, const char *policy,
                                  int seeds)
{
    const struct sim_choice choice = {
        .first_seed = 1, .seeds = seeds, .trace = trace, .service = service, .policy = policy};
    AUTO(free) char *why = NULL;
    struct sim_study *study = sim_study_new(TRACES, &choice, &why);
    if (!study)
        fail_msg("%s", why);
    sim_study_run(study);
    return study;
}

/* A mean over all seeds, by a setup's place among those chosen. */
static double found(const struct sim_study *study, enum sim_workers workers, size_t setup,
                    enum sim_measure measure)
{
    const struct sim_result *results = sim_study_results(study, 0, workers, 0, setup);
    double mean = 0;
    for (int seed = 0; seed < study->seeds; seed++)
        mean += results[seed].values[measure] / study->seeds;
    return mean;
}

static double requests_at_rest(const char *policy)
{
    struct sim_study *study = study_of("rest", "measured", policy, 1);
    double requests = found(study, SIM_OWN_WORKERS, 0, SIM_REQUESTS_PER_H);
    assert_true(isnan(found(study, SIM_OWN_WORKERS, 0, SIM_QUICK_P95_S)));
    sim_study_free(study);
    return requests;
}

static void rest_costs_what_arithmetic_says(void **state)
{
    (void)state;
    assert_int_equal(lround(requests_at_rest("fixed 10+10")), 20 * 720);
    assert_in_range(lround(requests_at_rest("simple, 2 to 8")), 4 * 720 + 2 * 7199,
                    4 * 720 + 2 * 7200);
    assert_in_range(lround(requests_at_rest("hpa")), 720 + 2 * 119 + 239, 720 + 2 * 120 + 240);
    assert_in_range(lround(requests_at_rest("drain")), 180 + 2 * 59, 180 + 2 * 60);
}

/* The first message of a rest is taken by the inspector that waits, and wakes a size worker. */
static void every_message_is_worked_on(void **state)
{
    (void)state;
    struct sim_study *study = study_of("webhook-burst", "pilot", NULL, 2);
    for (int workers = 0; workers < SIM_WORKERS; workers++)
        for (size_t i = 0; i < study->setup_counts[workers]; i++) {
            const struct sim_setup *setup = &study->setups[workers][i];
            enum sim_workers table = (enum sim_workers)workers;
            double quick = found(study, table, i, SIM_QUICK_P99_S);
            double complete = found(study, table, i, SIM_COMPLETE_P99_S);
            if (!(quick > 0 && quick < complete && complete < 3600))
                fail_msg("%s: %f and %f", setup->name, quick, complete);
            double hours = 1.5;
            double sends = found(study, table, i, SIM_SENDS_PER_H) * hours;
            assert_true(sends >= 2 * 1400);
            /* What was sent is deleted, but for what waits at the end. */
            assert_true(fabs(sends - found(study, table, i, SIM_DELETES_PER_H) * hours) < 5);
            double most = setup->options.pool * 5400.0;
            assert_true(found(study, table, i, SIM_POD_S) <= most);
        }
    sim_study_free(study);
}

static void only_the_hpa_asks_for_more_than_the_pool(void **state)
{
    (void)state;
    struct sim_study *study = study_of("webhook-burst", "pilot", NULL, 1);
    for (size_t i = 0; i < study->setup_counts[SIM_SUITE_WORKERS]; i++) {
        bool is_hpa = study->setups[SIM_SUITE_WORKERS][i].preempts;
        assert_int_equal(found(study, SIM_SUITE_WORKERS, i, SIM_OVER_PART) > 0, is_hpa);
    }
    sim_study_free(study);
}

static void workers_that_finish_begin_less_again(void **state)
{
    (void)state;
    struct sim_study *study = study_of("flash-crowd", "pilot", "simple, 2 to 8", 3);
    double own = found(study, SIM_OWN_WORKERS, 0, SIM_REDELIVERIES);
    double suite = found(study, SIM_SUITE_WORKERS, 0, SIM_REDELIVERIES);
    assert_true(own > 20);
    assert_true(suite < own / 5);
    sim_study_free(study);
}

static void a_slow_hub_is_slow(void **state)
{
    (void)state;
    struct sim_study *slow = study_of("slow-hub", "measured", "fixed 10+10", 1);
    /* A third of the messages take five times as long: the longest of the measured times. */
    assert_true(found(slow, SIM_SUITE_WORKERS, 0, SIM_QUICK_P50_S) < 0.5);
    assert_true(found(slow, SIM_SUITE_WORKERS, 0, SIM_QUICK_P95_S) > 1);
    sim_study_free(slow);
}

static void more_servers_wait_less(void **state)
{
    (void)state;
    struct sim_study *many = study_of("webhook-burst", "pilot", "fixed 10+10", 2);
    struct sim_study *few = study_of("webhook-burst", "pilot", "fixed 5+5", 2);
    double ratio = found(few, SIM_SUITE_WORKERS, 0, SIM_QUICK_P95_S) /
                   found(many, SIM_SUITE_WORKERS, 0, SIM_QUICK_P95_S);
    /* Half the servers empty a burst in twice the time. */
    assert_true(ratio > 1.7 && ratio < 2.5);
    sim_study_free(many);
    sim_study_free(few);
}

static char *report(void)
{
    struct sim_study *study = study_of("flash-crowd", "pilot", NULL, 2);
    AUTO(strbuf) struct strbuf out = STRBUF_INIT((size_t)1 << 20);
    sim_report_all(study, false, &out);
    sim_report_short(study, &out);
    sim_study_free(study);
    return strbuf_detach(&out);
}

static void a_rerun_gives_the_same_tables(void **state)
{
    (void)state;
    AUTO(free) char *first = report();
    AUTO(free) char *second = report();
    assert_string_equal(first, second);
    assert_non_null(strstr(first, "\ndrain "));
    assert_non_null(strstr(first, "drain less hpa"));
}

static void write_text(const char *directory, const char *text)
{
    AUTO(free) char *path = xasprintf("%s/scaling.md", directory);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static char *read_text(const char *directory, const char *name)
{
    AUTO(free) char *path = xasprintf("%s/%s", directory, name);
    char *text = xcalloc(1, 1 << 20);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    (void)fclose(file);
    return text;
}

static void remove_docs(const char *directory)
{
    static const char *const names[] = {
        "scaling/results.md",      "scaling/quick.svg", "scaling/pods.svg", "scaling/requests.svg",
        "scaling/flash-crowd.svg", "scaling",           "scaling.md",       ""};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        AUTO(free) char *path = xasprintf("%s/%s", directory, names[i]);
        assert_int_equal(remove(path), 0);
    }
}

static void documents_change_between_their_marks(void **state)
{
    (void)state;
    char directory[] = "/tmp/microbadger-docs-XXXXXX";
    assert_non_null(mkdtemp(directory));
    struct sim_study *study = study_of("rest", "measured", NULL, 1);
    char *why = NULL;
    write_text(directory, "before\n");
    assert_false(sim_docs_write(study, directory, &why));
    assert_non_null(strstr(why, "marks"));
    free(TAKE(why));
    write_text(directory,
               "before\n<!-- simulated: begin -->\nold\n<!-- simulated: end -->\nafter\n");
    assert_true(sim_docs_write(study, directory, &why));
    AUTO(free) char *first = read_text(directory, "scaling.md");
    assert_true(sim_docs_write(study, directory, &why));
    AUTO(free) char *second = read_text(directory, "scaling.md");
    assert_string_equal(first, second);
    assert_memory_equal(first, "before\n<!-- simulated: begin -->\n", 33);
    assert_non_null(strstr(first, "<!-- simulated: end -->\nafter\n"));
    assert_null(strstr(first, "old"));
    AUTO(free) char *picture = read_text(directory, "scaling/requests.svg");
    assert_memory_equal(picture, "<svg ", 5);
    assert_non_null(strstr(picture, ">14400</text>"));
    sim_study_free(study);
    remove_docs(directory);
}

static int run_command(const char *const *words)
{
    char *argv[8];
    int argc = 0;
    for (; words[argc]; argc++)
        argv[argc] = xstrdup(words[argc]);
    argv[argc] = NULL;
    int status = simulate_main(argc, argv);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return status;
}

static void wrong_commands_are_refused(void **state)
{
    (void)state;
    static const char *const none[] = {"simulate", "--seeds", "0", NULL};
    static const char *const odd[] = {"simulate", "--seeds", "2x", NULL};
    static const char *const huge[] = {"simulate", "--first-seed", "4294967297", NULL};
    static const char *const more[] = {"simulate", "more", NULL};
    static const char *const nowhere[] = {"simulate", "--traces", "/nonexistent", NULL};
    static const char *const nothing[] = {"simulate", "--traces", TRACES, "--trace", "odd", NULL};
    assert_int_equal(run_command(none), 2);
    assert_int_equal(run_command(odd), 2);
    assert_int_equal(run_command(huge), 2);
    assert_int_equal(run_command(more), 2);
    assert_int_equal(run_command(nowhere), 1);
    assert_int_equal(run_command(nothing), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rest_costs_what_arithmetic_says),
        cmocka_unit_test(every_message_is_worked_on),
        cmocka_unit_test(only_the_hpa_asks_for_more_than_the_pool),
        cmocka_unit_test(workers_that_finish_begin_less_again),
        cmocka_unit_test(a_slow_hub_is_slow),
        cmocka_unit_test(more_servers_wait_less),
        cmocka_unit_test(a_rerun_gives_the_same_tables),
        cmocka_unit_test(documents_change_between_their_marks),
        cmocka_unit_test(wrong_commands_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
