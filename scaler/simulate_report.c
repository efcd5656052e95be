#include "simulate_report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"
#include "simulate_summary.h"
#include "simulate_table.h"

#define REST "rest"

/* Seconds or counts, to three digits. */
static int decimals_of(double value)
{
    double size = fabs(value);
    return size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
}

static void add_mean(struct sim_table *table, struct sim_estimate estimate)
{
    if (isnan(estimate.mean))
        sim_table_add(table, "-");
    else
        sim_table_add(table, "%.*f", decimals_of(estimate.mean), estimate.mean);
}

static void add_estimate(struct sim_table *table, struct sim_estimate estimate)
{
    int decimals = decimals_of(estimate.mean);
    if (isnan(estimate.mean) || isnan(estimate.half))
        add_mean(table, estimate);
    else
        sim_table_add(table, "%.*f ± %.*f", decimals, estimate.mean, decimals, estimate.half);
}

static void add_part(struct sim_table *table, struct sim_estimate estimate)
{
    sim_table_add(table, "%.1f %%", 100 * estimate.mean);
}

static void write_heading(const char *text, int level, bool is_markdown, struct strbuf *out)
{
    if (is_markdown)
        strbuf_addf(out, "\n%.*s %s\n\n", level, "######", text);
    else
        strbuf_addf(out, "\n%s\n\n", text);
}

static void add_row(struct sim_table *table, const struct sim_result *results, int seeds,
                    const char *name)
{
    sim_table_add(table, "%s", name);
    for (int measure = 0; measure < SIM_MEASURES; measure++) {
        struct sim_estimate estimate = sim_summary(results, seeds, (enum sim_measure)measure);
        bool is_main =
            measure == SIM_QUICK_P95_S || measure == SIM_COMPLETE_P95_S || measure == SIM_POD_S;
        if (measure == SIM_OVER_PART)
            add_part(table, estimate);
        else if (is_main)
            add_estimate(table, estimate);
        else
            add_mean(table, estimate);
    }
}

static const char *const all_heads[] = {
    "policy", "quick p50 s", "p95",       "p99",          "complete p50 s", "p95",
    "p99",    "pod-seconds", "over pool", "scalings",     "begun again",    "receive/h",
    "send/h", "delete/h",    "change/h",  "attributes/h", "SQS/h",          NULL,
};

static void write_trace(const struct sim_study *study, size_t service, enum sim_workers workers,
                        size_t trace, bool is_markdown, struct strbuf *out)
{
    struct sim_table table;
    sim_table_start(&table, all_heads);
    for (size_t i = 0; i < study->setup_counts[workers]; i++)
        add_row(&table, sim_study_results(study, service, workers, trace, i), study->seeds,
                study->setups[workers][i].name);
    sim_table_write(&table, is_markdown, out);
    sim_table_release(&table);
}

void sim_report_all(const struct sim_study *study, bool is_markdown, struct strbuf *out)
{
    for (size_t service = 0; service < study->service_count; service++) {
        AUTO(free)
        char *title = xasprintf("Service times: %s", sim_service_name(study->services[service]));
        write_heading(title, 2, is_markdown, out);
        strbuf_addf(out, "%s\n", sim_service_about(study->services[service]));
        for (size_t trace = 0; trace < study->trace_count; trace++) {
            write_heading(sim_trace_name(study->traces[trace]), 3, is_markdown, out);
            strbuf_addf(out, "%s\n", sim_trace_about(study->traces[trace]));
            for (int workers = 0; workers < SIM_WORKERS; workers++) {
                write_heading(sim_workers_title((enum sim_workers)workers), 4, is_markdown, out);
                write_trace(study, service, (enum sim_workers)workers, trace, is_markdown, out);
            }
        }
    }
}

/* The short report: the table of the suite's workers, and what rest costs. */

static const struct {
    const char *title;
    enum sim_measure measure;
} short_tables[] = {
    {"p95 to quick facts, in seconds", SIM_QUICK_P95_S},
    {"p95 to complete facts, in seconds", SIM_COMPLETE_P95_S},
    {"Pod-seconds", SIM_POD_S},
};

static bool is_shown(const struct sim_study *study, size_t trace)
{
    return strcmp(sim_trace_name(study->traces[trace]), REST) != 0;
}

static void start_by_trace(const struct sim_study *study, struct sim_table *table)
{
    const char *heads[SIM_MAX_FILES + 2] = {"policy"};
    size_t count = 1;
    for (size_t trace = 0; trace < study->trace_count; trace++)
        if (is_shown(study, trace))
            heads[count++] = sim_trace_name(study->traces[trace]);
    sim_table_start(table, heads);
}

static void write_measure(const struct sim_study *study, size_t service, enum sim_measure measure,
                          struct strbuf *out)
{
    struct sim_table table;
    start_by_trace(study, &table);
    for (size_t i = 0; i < study->setup_counts[SIM_SUITE_WORKERS]; i++) {
        sim_table_add(&table, "%s", study->setups[SIM_SUITE_WORKERS][i].name);
        for (size_t trace = 0; trace < study->trace_count; trace++)
            if (is_shown(study, trace))
                add_estimate(&table, sim_summary(sim_study_results(study, service,
                                                                   SIM_SUITE_WORKERS, trace, i),
                                                 study->seeds, measure));
    }
    sim_table_write(&table, true, out);
    sim_table_release(&table);
}

/* Less is better in every measure; what lies within its interval, or is too small for the table, is
 * no difference. */
static void add_difference(struct sim_table *table, const struct sim_result *ours,
                           const struct sim_result *theirs, int seeds, enum sim_measure measure)
{
    struct sim_estimate by = sim_difference(ours, theirs, seeds, measure);
    if (isnan(by.mean) || isnan(by.half) || fabs(by.mean) <= fmax(by.half, 0.005))
        sim_table_add(table, "=");
    else
        sim_table_add(table, "%s %+.*f ± %.*f", by.mean < 0 ? "better" : "**worse**",
                      decimals_of(by.mean), by.mean, decimals_of(by.mean), by.half);
}

static const struct sim_setup *find_setup(const struct sim_study *study, const char *name,
                                          size_t *ret_index)
{
    for (size_t i = 0; i < study->setup_counts[SIM_SUITE_WORKERS]; i++) {
        *ret_index = i;
        if (strcmp(study->setups[SIM_SUITE_WORKERS][i].name, name) == 0)
            return &study->setups[SIM_SUITE_WORKERS][i];
    }
    return NULL;
}

/* Each pair in turn: ours against theirs. */
static const char *const pairs[][2] = {
    {"drain", "simple"},
    {"drain", "simple, 2 to 8"},
    {"drain, 2 to 8", "simple, 2 to 8"},
    {"drain", "pid, 2 to 8"},
    {"drain", "hpa"},
    {"drain", "hpa, tuned"},
};

static void write_differences(const struct sim_study *study, size_t service,
                              enum sim_measure measure, struct strbuf *out)
{
    struct sim_table table;
    start_by_trace(study, &table);
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        size_t ours;
        size_t theirs;
        if (!find_setup(study, pairs[i][0], &ours) || !find_setup(study, pairs[i][1], &theirs))
            continue;
        sim_table_add(&table, "%s less %s", pairs[i][0], pairs[i][1]);
        for (size_t trace = 0; trace < study->trace_count; trace++)
            if (is_shown(study, trace))
                add_difference(&table,
                               sim_study_results(study, service, SIM_SUITE_WORKERS, trace, ours),
                               sim_study_results(study, service, SIM_SUITE_WORKERS, trace, theirs),
                               study->seeds, measure);
    }
    sim_table_write(&table, true, out);
    sim_table_release(&table);
}

static void write_rest(const struct sim_study *study, struct strbuf *out)
{
    static const char *const heads[] = {"policy", "receive/h", "attributes/h",
                                        "SQS/h",  "pods",      NULL};
    for (size_t trace = 0; trace < study->trace_count; trace++) {
        if (is_shown(study, trace))
            continue;
        struct sim_table table;
        sim_table_start(&table, heads);
        for (size_t i = 0; i < study->setup_counts[SIM_OWN_WORKERS]; i++) {
            const struct sim_result *found = sim_study_results(study, 0, SIM_OWN_WORKERS, trace, i);
            double hours = (double)sim_trace_end_ms(study->traces[trace]) / 3600000;
            sim_table_add(&table, "%s", study->setups[SIM_OWN_WORKERS][i].name);
            sim_table_add(&table, "%.0f", found->values[SIM_RECEIVES_PER_H]);
            sim_table_add(&table, "%.0f", found->values[SIM_ATTRIBUTES_PER_H]);
            sim_table_add(&table, "%.0f", found->values[SIM_REQUESTS_PER_H]);
            sim_table_add(&table, "%.0f", found->values[SIM_POD_S] / hours / 3600);
        }
        sim_table_write(&table, true, out);
        sim_table_release(&table);
    }
}

void sim_report_short(const struct sim_study *study, struct strbuf *out)
{
    write_heading("At rest", 3, true, out);
    strbuf_adds(out, "Each as it is deployed where it comes from:\n\n");
    write_rest(study, out);
    for (size_t service = 0; service < study->service_count; service++) {
        AUTO(free)
        char *title = xasprintf("Service times: %s", sim_service_name(study->services[service]));
        write_heading(title, 3, true, out);
        for (size_t i = 0; i < ARRAY_LEN(short_tables); i++) {
            strbuf_addf(out, "%s%s:\n\n", i ? "\n" : "", short_tables[i].title);
            write_measure(study, service, short_tables[i].measure, out);
        }
        strbuf_adds(out, "\nDifferences seed by seed, p95 to quick facts:\n\n");
        write_differences(study, service, SIM_QUICK_P95_S, out);
        strbuf_adds(out, "\nThe same of pod-seconds:\n\n");
        write_differences(study, service, SIM_POD_S, out);
    }
}
