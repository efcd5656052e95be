#include "simulate_trace.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "jsonx.h"
#include "mem.h"
#include "simulate_draw.h"

#define MAX_SECONDS (14 * 86400.0)
#define MAX_PER_S 1000.0
#define MAX_BURST 100000.0
#define MAX_FACTOR 1000.0
#define DECAYED 12.0 /* time constants after which a decay is over */
#define DRAW_ARRIVALS 1

enum kind { STEADY, SINE, DECAY, BURST, KINDS };

static const char *const kind_names[KINDS] = {"steady", "sine", "decay", "burst"};

/* A span of time with what is true in it. */
struct span {
    enum kind kind;
    double from_s;
    double to_s;
    double low_per_s;  /* of a sine */
    double high_per_s; /* the most there is of any kind but a burst */
    double time_constant_s;
    double messages;
    double factor;
};

struct spans {
    struct span *list;
    size_t count;
};

struct sim_trace {
    char *name;
    char *about;
    double seconds;
    struct spans arrivals;
    struct spans service;
    struct spans outages;
};

/* Reading */

static double number(const json_t *object, const char *key, double most, const char **why)
{
    double value = json_number_value(json_object_get(object, key));
    if (!(value >= 0 && value <= most))
        *why = key;
    return value < 0 ? 0 : value;
}

static void read_arrivals(const json_t *object, struct span *span, const char **why)
{
    const char *name = jsonx_str(object, "kind");
    while (span->kind < KINDS && strcmp(kind_names[span->kind], name) != 0)
        span->kind++;
    if (span->kind == KINDS)
        *why = "kind";
    bool is_sine = span->kind == SINE;
    span->high_per_s = number(object, is_sine ? "high_per_s" : "per_s", MAX_PER_S, why);
    span->low_per_s = number(object, "low_per_s", MAX_PER_S, why);
    span->messages = number(object, "messages", MAX_BURST, why);
    span->time_constant_s = number(object, "time_constant_s", MAX_SECONDS, why);
    if (span->kind == DECAY)
        span->to_s = span->from_s + DECAYED * span->time_constant_s;
}

static struct span read_span(const json_t *object, const char **why)
{
    struct span span = {
        .from_s = number(object, "from_s", MAX_SECONDS, why),
        .to_s = number(object, "to_s", MAX_SECONDS, why),
        .factor = number(object, "factor", MAX_FACTOR, why),
    };
    return span;
}

static struct spans read_spans(const json_t *root, const char *key, const char **why)
{
    const json_t *array = json_object_get(root, key);
    size_t count = json_array_size(array);
    struct spans spans = {xcalloc(count + 1, sizeof(struct span)), count};
    for (size_t i = 0; i < count; i++) {
        const json_t *object = json_array_get(array, i);
        spans.list[i] = read_span(object, why);
        if (strcmp(key, "arrivals") == 0)
            read_arrivals(object, &spans.list[i], why);
        if (spans.list[i].to_s < spans.list[i].from_s)
            *why = "to_s";
    }
    return spans;
}

struct sim_trace *sim_trace_load(const char *path, char **ret_why)
{
    json_error_t error;
    JSON_AUTO
    json_t *root = json_load_file(path, 0, &error);
    if (!root) {
        *ret_why = xasprintf("%s: line %d: %s", path, error.line, error.text);
        return NULL;
    }
    const char *why = NULL;
    struct sim_trace *trace = xcalloc(1, sizeof(*trace));
    trace->name = xstrdup(jsonx_str(root, "name"));
    trace->about = xstrdup(jsonx_str(root, "about"));
    trace->seconds = number(root, "seconds", MAX_SECONDS, &why);
    trace->arrivals = read_spans(root, "arrivals", &why);
    trace->service = read_spans(root, "service", &why);
    trace->outages = read_spans(root, "outages", &why);
    if (!*trace->name)
        why = "name";
    else if (trace->seconds < 1)
        why = "seconds";
    if (!why)
        return trace;
    *ret_why = xasprintf("%s: \"%s\" is missing or out of range", path, why);
    sim_trace_free(trace);
    return NULL;
}

void sim_trace_free(struct sim_trace *trace)
{
    if (!trace)
        return;
    free(trace->name);
    free(trace->about);
    free(trace->arrivals.list);
    free(trace->service.list);
    free(trace->outages.list);
    free(trace);
}

/* Asking */

const char *sim_trace_name(const struct sim_trace *trace)
{
    return trace->name;
}

const char *sim_trace_about(const struct sim_trace *trace)
{
    return trace->about;
}

int64_t sim_trace_end_ms(const struct sim_trace *trace)
{
    return (int64_t)(trace->seconds * 1000);
}

static const struct span *span_at(const struct spans *spans, int64_t now_ms)
{
    double now_s = (double)now_ms / 1000;
    for (size_t i = 0; i < spans->count; i++)
        if (now_s >= spans->list[i].from_s && now_s < spans->list[i].to_s)
            return &spans->list[i];
    return NULL;
}

double sim_trace_slowness(const struct sim_trace *trace, int64_t now_ms)
{
    const struct span *span = span_at(&trace->service, now_ms);
    return span ? span->factor : 1;
}

bool sim_trace_is_out(const struct sim_trace *trace, int64_t now_ms)
{
    return span_at(&trace->outages, now_ms) != NULL;
}

/* Drawing arrivals */

struct times {
    int64_t *list;
    size_t count;
    size_t room;
};

static void add_time(struct times *times, double at_s)
{
    if (times->count == times->room) {
        times->room = times->room ? 2 * times->room : 256;
        times->list = xrealloc(times->list, times->room * sizeof(*times->list));
    }
    times->list[times->count++] = (int64_t)(at_s * 1000);
}

static double rate_at(const struct span *span, double at_s)
{
    double passed_s = at_s - span->from_s;
    if (span->kind == DECAY)
        return span->high_per_s * exp(-passed_s / span->time_constant_s);
    if (span->kind == STEADY)
        return span->high_per_s;
    double part = passed_s / (span->to_s - span->from_s);
    return span->low_per_s + (span->high_per_s - span->low_per_s) * (1 - cos(2 * M_PI * part)) / 2;
}

/* A Poisson process of the greatest rate, thinned to the rate at each time. */
static void draw_span(const struct span *span, double end_s, struct sim_draw *draw,
                      struct times *times)
{
    double to_s = fmin(span->to_s, end_s);
    if (span->kind == BURST) {
        for (int i = 0; i < (int)span->messages; i++)
            add_time(times, span->from_s + (to_s - span->from_s) * sim_draw_uniform(draw));
        return;
    }
    if (span->high_per_s <= 0)
        return;
    double at_s = span->from_s;
    while ((at_s += sim_draw_exponential(draw, 1 / span->high_per_s)) < to_s)
        if (sim_draw_uniform(draw) * span->high_per_s < rate_at(span, at_s))
            add_time(times, at_s);
}

static int by_time(const void *left, const void *right)
{
    const int64_t *a = left;
    const int64_t *b = right;
    return (*a > *b) - (*a < *b);
}

int64_t *sim_trace_arrivals(const struct sim_trace *trace, uint64_t seed, size_t *ret_count)
{
    struct times times = {0};
    for (size_t i = 0; i < trace->arrivals.count; i++) {
        struct sim_draw draw = sim_draw_start(seed, DRAW_ARRIVALS, i);
        draw_span(&trace->arrivals.list[i], trace->seconds, &draw, &times);
    }
    if (times.count > 0)
        qsort(times.list, times.count, sizeof(*times.list), by_time);
    *ret_count = times.count;
    return times.list;
}
