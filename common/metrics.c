#include "metrics.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "mem.h"
#include "version.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

static const double bucket_bounds[] = {0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60};
#define BUCKETS ARRAY_LEN(bucket_bounds)

struct metric {
    struct metric *next;
    enum metric_kind kind;
    const char *name;
    const char *help;
    const char *labels;
    double value; /* of a histogram: the sum */
    double buckets[BUCKETS + 1];
    double count;
};

static struct metric *metrics;
static int64_t started_ms;
static void (*refresh_metrics)(void *arg);
static void *refresh_arg;

static struct metric *metric_get(enum metric_kind kind, const char *name, const char *help,
                                 const char *labels)
{
    struct metric **at = &metrics;
    for (; *at; at = &(*at)->next)
        if (strcmp((*at)->name, name) == 0 &&
            strcmp((*at)->labels ? (*at)->labels : "", labels ? labels : "") == 0)
            return *at;
    if (!started_ms)
        started_ms = clock_ms();
    struct metric *metric = xcalloc(1, sizeof(*metric));
    metric->kind = kind;
    metric->name = name;
    metric->help = help;
    metric->labels = labels;
    *at = metric;
    return metric;
}

struct metric *metric_counter(const char *name, const char *help, const char *labels)
{
    return metric_get(METRIC_COUNTER, name, help, labels);
}

struct metric *metric_gauge(const char *name, const char *help, const char *labels)
{
    return metric_get(METRIC_GAUGE, name, help, labels);
}

struct metric *metric_histogram(const char *name, const char *help, const char *labels)
{
    return metric_get(METRIC_HISTOGRAM, name, help, labels);
}

void metric_add(struct metric *metric, double amount)
{
    metric->value += amount;
}

void metric_set(struct metric *metric, double value)
{
    metric->value = value;
}

void metric_observe_seconds(struct metric *metric, double seconds)
{
    size_t bucket = 0;
    while (bucket < BUCKETS && seconds > bucket_bounds[bucket])
        bucket++;
    metric->buckets[bucket]++;
    metric->count++;
    metric->value += seconds;
}

double metric_value(const struct metric *metric)
{
    return metric->value;
}

static void render_histogram(const struct metric *metric, struct strbuf *out)
{
    const char *labels = metric->labels ? metric->labels : "";
    const char *comma = *labels ? "," : "";
    double total = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        total += metric->buckets[i];
        strbuf_addf(out, "%s_bucket{%s%sle=\"%g\"} %.0f\n", metric->name, labels, comma,
                    bucket_bounds[i], total);
    }
    strbuf_addf(out, "%s_bucket{%s%sle=\"+Inf\"} %.0f\n", metric->name, labels, comma,
                metric->count);
    const char *open = *labels ? "{" : "";
    const char *close = *labels ? "}" : "";
    strbuf_addf(out, "%s_sum%s%s%s %.9g\n%s_count%s%s%s %.0f\n", metric->name, open, labels, close,
                metric->value, metric->name, open, labels, close, metric->count);
}

static void render_one(const struct metric *metric, struct strbuf *out)
{
    if (metric->kind == METRIC_HISTOGRAM)
        render_histogram(metric, out);
    else if (metric->labels)
        strbuf_addf(out, "%s{%s} %.15g\n", metric->name, metric->labels, metric->value);
    else
        strbuf_addf(out, "%s %.15g\n", metric->name, metric->value);
}

/* One group a name: HELP and TYPE once, then every sample of it. */
static void render_group(const struct metric *first, struct strbuf *out)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    strbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", first->name, first->help, first->name,
                kinds[first->kind]);
    for (const struct metric *at = first; at; at = at->next)
        if (strcmp(at->name, first->name) == 0)
            render_one(at, out);
}

static bool is_first_of_name(const struct metric *metric)
{
    for (const struct metric *at = metrics; at != metric; at = at->next)
        if (strcmp(at->name, metric->name) == 0)
            return false;
    return true;
}

static long open_descriptors(void)
{
    long count = 0;
    DIR *directory = opendir("/proc/self/fd");
    if (!directory)
        return 0;
    while (readdir(directory))
        count++;
    closedir(directory);
    return count - 3; /* ".", ".." and the directory itself */
}

static long resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    if (fscanf(file, "%*s %ld", &pages) != 1) // NOLINT(cert-err34-c): the kernel's own text
        pages = 0;
    (void)fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static void set_process_metrics(void)
{
    struct rusage usage;
    struct rlimit descriptors = {0};
    getrusage(RUSAGE_SELF, &usage);
    getrlimit(RLIMIT_NOFILE, &descriptors);
    double cpu = (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    metric_set(metric_counter("process_cpu_seconds_total", "CPU time used.", NULL), cpu);
    metric_set(metric_gauge("process_resident_memory_bytes", "Resident memory.", NULL),
               (double)resident_bytes());
    metric_set(metric_gauge("process_open_fds", "Open file descriptors.", NULL),
               (double)open_descriptors());
    metric_set(metric_gauge("process_max_fds", "Most file descriptors it may open.", NULL),
               (double)descriptors.rlim_cur);
    metric_set(
        metric_gauge("process_start_time_seconds", "Start, in seconds since the epoch.", NULL),
        (double)started_ms / 1000);
    static char *build;
    if (!build)
        build = xasprintf("version=\"%s\",revision=\"%s\"", version_number, version_revision);
    metric_set(metric_gauge("mb_build_info", "What is running.", build), 1);
}

void metrics_on_render(void (*refresh)(void *arg), void *arg)
{
    refresh_metrics = refresh;
    refresh_arg = arg;
}

void metrics_render(struct strbuf *out)
{
    if (refresh_metrics)
        refresh_metrics(refresh_arg);
    set_process_metrics();
    for (const struct metric *at = metrics; at; at = at->next)
        if (is_first_of_name(at))
            render_group(at, out);
}

void metrics_reset(void)
{
    while (metrics) {
        struct metric *metric = metrics;
        metrics = metric->next;
        free(metric);
    }
}
