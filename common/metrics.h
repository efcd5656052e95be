/* Counters, gauges and histograms of a program in the Prometheus text format 0.0.4. Process-wide,
 * like the standard streams: a metric is declared once where it is counted. */
#ifndef MB_METRICS_H
#define MB_METRICS_H

#include <stdint.h>

#include "strbuf.h"

struct metric;

/* name without labels; labels such as `result="ok"` or NULL; both and help are borrowed for the
 * process's life unless noted. Asking again for the same name and labels gives the same metric.
 * Label values must be few and ours, never an image's name. */
struct metric *metric_counter(const char *name, const char *help, const char *labels);
struct metric *metric_gauge(const char *name, const char *help, const char *labels);
/* Seconds in buckets from 1 ms to 60 s. */
struct metric *metric_histogram(const char *name, const char *help, const char *labels);

void metric_add(struct metric *metric, double amount);
void metric_set(struct metric *metric, double value);
void metric_observe_seconds(struct metric *metric, double seconds);
double metric_value(const struct metric *metric);

/* refresh comes before each rendering, to set what changes by itself, such as an age; one at most,
 * NULL for none. */
void metrics_on_render(void (*refresh)(void *arg), void *arg);
/* All metrics and the process's own (cpu, memory, descriptors, start time, mb_build_info). */
void metrics_render(struct strbuf *out);
/* For unit tests. */
void metrics_reset(void);

#endif
