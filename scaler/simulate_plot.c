#include "simulate_plot.h"

#include <math.h>
#include <string.h>

#include "mem.h"
#include "simulate_summary.h"

#define PANEL_WIDTH 470
#define LABEL_WIDTH 110
#define VALUE_WIDTH 110
#define ROW_HEIGHT 20
#define HEAD_HEIGHT 34
#define MARGIN 14
#define TIME_WIDTH 760
#define TIME_HEIGHT 130
#define POINTS 540
#define OURS "drain"

#define INK "#1f2933"
#define FAINT "#9aa5b1"
#define ACCENT "#2563eb"
#define WARM "#d97706"

const char *sim_plot_name(enum sim_plot plot)
{
    static const char *const names[SIM_PLOTS] = {"quick", "pods", "requests", "flash-crowd"};
    return names[plot];
}

static void start_svg(struct strbuf *out, int width, int height, const char *title)
{
    strbuf_addf(out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
                "height=\"%d\" font-family=\"sans-serif\" font-size=\"12\" fill=\"" INK "\">\n"
                "<title>%s</title>\n"
                "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n",
                width, height, width, height, title, width, height);
}

static void write_text(struct strbuf *out, double x, double y, const char *anchor, const char *text)
{
    strbuf_addf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor,
                text);
}

static void write_line(struct strbuf *out, double x1, double y1, double x2, double y2,
                       const char *colour)
{
    strbuf_addf(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x1,
                y1, x2, y2, colour);
}

static size_t find_trace(const struct sim_study *study, const char *name)
{
    size_t i = 0;
    while (i < study->trace_count && strcmp(sim_trace_name(study->traces[i]), name) != 0)
        i++;
    return i;
}

/* Bars: one panel for each trace, one bar for each setup. */

struct panel {
    const struct sim_study *study;
    size_t service;
    enum sim_workers workers;
    size_t trace;
    enum sim_measure measure;
    int x;
    int y;
};

static struct sim_estimate bar_of(const struct panel *panel, size_t setup)
{
    return sim_summary(
        sim_study_results(panel->study, panel->service, panel->workers, panel->trace, setup),
        panel->study->seeds, panel->measure);
}

static double longest_bar(const struct panel *panel)
{
    double longest = 0;
    for (size_t i = 0; i < panel->study->setup_counts[panel->workers]; i++) {
        struct sim_estimate bar = bar_of(panel, i);
        double end = bar.mean + (isnan(bar.half) ? 0 : bar.half);
        longest = end > longest ? end : longest;
    }
    return longest;
}

static void write_bar(const struct panel *panel, size_t setup, double longest, struct strbuf *out)
{
    const char *name = panel->study->setups[panel->workers][setup].name;
    struct sim_estimate bar = bar_of(panel, setup);
    int y = panel->y + HEAD_HEIGHT + (int)setup * ROW_HEIGHT;
    int x = panel->x + LABEL_WIDTH;
    double scale = (PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH) / longest;
    write_text(out, x - 6, y + 13, "end", name);
    strbuf_addf(out, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"14\" fill=\"%s\"/>\n", x,
                y + 2, bar.mean * scale, strcmp(name, OURS) == 0 ? ACCENT : FAINT);
    double end = bar.mean;
    if (bar.half > 0) {
        end += bar.half;
        write_line(out, x + (bar.mean - bar.half) * scale, y + 9, x + end * scale, y + 9, INK);
    }
    AUTO(free)
    char *value = xasprintf("%.*f", bar.mean < 10 ? 2 : bar.mean < 100 ? 1 : 0, bar.mean);
    write_text(out, x + end * scale + 6, y + 13, "start", value);
}

static void write_panel(const struct panel *panel, struct strbuf *out)
{
    double longest = longest_bar(panel);
    strbuf_addf(out, "<text x=\"%d\" y=\"%d\" font-weight=\"bold\">%s</text>\n",
                panel->x + LABEL_WIDTH, panel->y + 22,
                sim_trace_name(panel->study->traces[panel->trace]));
    for (size_t i = 0; longest > 0 && i < panel->study->setup_counts[panel->workers]; i++)
        write_bar(panel, i, longest, out);
}

/* Two panels side by side, for each of the service times a row of traces below each other. */
static void plot_by_trace(const struct sim_study *study, enum sim_measure measure,
                          const char *title, struct strbuf *out)
{
    static const char *const names[] = {"flash-crowd", "webhook-burst", "slow-hub", "metric-outage",
                                        "diurnal"};
    enum sim_workers workers = SIM_SUITE_WORKERS;
    int panel_height = HEAD_HEIGHT + (int)study->setup_counts[workers] * ROW_HEIGHT;
    int head = 2 * HEAD_HEIGHT;
    start_svg(out, (int)study->service_count * PANEL_WIDTH + 2 * MARGIN,
              head + (int)ARRAY_LEN(names) * panel_height + MARGIN, title);
    write_text(out, MARGIN, 24, "start", title);
    for (size_t service = 0; service < study->service_count; service++) {
        int x = MARGIN + (int)service * PANEL_WIDTH;
        AUTO(free)
        char *text = xasprintf("service times: %s", sim_service_name(study->services[service]));
        write_text(out, x + LABEL_WIDTH, HEAD_HEIGHT + 20, "start", text);
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            size_t trace = find_trace(study, names[i]);
            int y = head + (int)i * panel_height;
            const struct panel panel = {study, service, workers, trace, measure, x, y};
            if (trace < study->trace_count)
                write_panel(&panel, out);
        }
    }
    strbuf_adds(out, "</svg>\n");
}

static void plot_rest(const struct sim_study *study, struct strbuf *out)
{
    static const char title[] = "SQS requests an hour at rest, everything counted";
    size_t trace = find_trace(study, "rest");
    if (trace == study->trace_count)
        return;
    int rows = (int)study->setup_counts[SIM_OWN_WORKERS];
    start_svg(out, PANEL_WIDTH + 2 * MARGIN, 2 * HEAD_HEIGHT + rows * ROW_HEIGHT + MARGIN, title);
    write_text(out, MARGIN, 24, "start", title);
    const struct panel panel = {study, 0, SIM_OWN_WORKERS, trace, SIM_REQUESTS_PER_H, MARGIN, 24};
    write_panel(&panel, out);
    strbuf_adds(out, "</svg>\n");
}

/* Over time: one strip for each policy. */

struct strip {
    const struct sim_point *points;
    double seconds;
    double most_waiting;
    double most_pods;
    int y;
};

static double x_of(const struct strip *strip, const struct sim_point *point)
{
    return MARGIN + LABEL_WIDTH + (double)point->at_ms / 1000 / strip->seconds * TIME_WIDTH;
}

static double y_of(const struct strip *strip, double part)
{
    return strip->y + TIME_HEIGHT * (1 - part);
}

static void write_waiting(const struct strip *strip, struct strbuf *out)
{
    strbuf_adds(out, "<polygon fill=\"" FAINT "\" fill-opacity=\"0.45\" points=\"");
    strbuf_addf(out, "%.1f,%.1f", x_of(strip, &strip->points[0]), y_of(strip, 0));
    for (int i = 0; i < POINTS; i++) {
        const struct sim_point *point = &strip->points[i];
        double waiting = (double)(point->waiting[POLICY_URGENT] + point->waiting[POLICY_PATIENT]);
        strbuf_addf(out, " %.1f,%.1f", x_of(strip, point),
                    y_of(strip, waiting / strip->most_waiting));
    }
    strbuf_addf(out, " %.1f,%.1f\"/>\n", x_of(strip, &strip->points[POINTS - 1]), y_of(strip, 0));
}

static void write_pods(const struct strip *strip, int group, const char *colour, struct strbuf *out)
{
    strbuf_addf(out, "<polyline fill=\"none\" stroke-width=\"1.5\" stroke=\"%s\" points=\"",
                colour);
    for (int i = 0; i < POINTS; i++) {
        const struct sim_point *point = &strip->points[i];
        strbuf_addf(out, "%s%.1f,%.1f", i ? " " : "", x_of(strip, point),
                    y_of(strip, point->available[group] / strip->most_pods));
    }
    strbuf_adds(out, "\"/>\n");
}

static void write_strip(const struct strip *strip, const char *name, struct strbuf *out)
{
    double left = MARGIN + LABEL_WIDTH;
    write_text(out, MARGIN, y_of(strip, 0.5), "start", name);
    write_waiting(strip, out);
    write_pods(strip, POLICY_PATIENT, WARM, out);
    write_pods(strip, POLICY_URGENT, ACCENT, out);
    write_line(out, left, y_of(strip, 0), left + TIME_WIDTH, y_of(strip, 0), INK);
    AUTO(free) char *pods = xasprintf("%.0f pods", strip->most_pods);
    AUTO(free) char *waiting = xasprintf("%.0f wait", strip->most_waiting);
    write_text(out, left - 6, y_of(strip, 1) + 10, "end", pods);
    write_text(out, left + TIME_WIDTH + 6, y_of(strip, 1) + 10, "start", waiting);
}

/* Runs the trace once more for each of a few policies, with the first seed. */
static void plot_time(const struct sim_study *study, struct strbuf *out)
{
    static const char *const names[] = {"simple", "hpa", OURS};
    static const char title[] =
        "The flash crowd: inspectors (blue), size workers (orange), messages that wait (grey)";
    size_t trace = find_trace(study, "flash-crowd");
    if (trace == study->trace_count)
        return;
    start_svg(out, 2 * MARGIN + LABEL_WIDTH + TIME_WIDTH + VALUE_WIDTH,
              HEAD_HEIGHT + (int)ARRAY_LEN(names) * (TIME_HEIGHT + 24), title);
    write_text(out, MARGIN, 24, "start", title);
    struct sim_load load =
        sim_load_draw(study->traces[trace], study->services[study->service_count - 1],
                      (uint64_t)study->first_seed);
    struct sim_point *points = xcalloc(POINTS, sizeof(*points));
    for (size_t i = 0; i < study->setup_counts[SIM_SUITE_WORKERS]; i++) {
        const struct sim_setup *setup = &study->setups[SIM_SUITE_WORKERS][i];
        size_t at = 0;
        while (at < ARRAY_LEN(names) && strcmp(names[at], setup->name) != 0)
            at++;
        if (at == ARRAY_LEN(names))
            continue;
        sim_run_watched(setup, &load, points, POINTS);
        const struct strip strip = {points, (double)sim_trace_end_ms(load.trace) / 1000, 400, 10,
                                    HEAD_HEIGHT + (int)at * (TIME_HEIGHT + 24)};
        write_strip(&strip, setup->name, out);
    }
    free(points);
    sim_load_release(&load);
    strbuf_adds(out, "</svg>\n");
}

void sim_plot(enum sim_plot plot, const struct sim_study *study, struct strbuf *out)
{
    switch (plot) {
    case SIM_PLOT_QUICK:
        plot_by_trace(study, SIM_QUICK_P95_S,
                      "p95 to quick facts, in seconds; all with the suite's workers", out);
        break;
    case SIM_PLOT_PODS:
        plot_by_trace(study, SIM_POD_S, "Pod-seconds; all with the suite's workers", out);
        break;
    case SIM_PLOT_REQUESTS:
        plot_rest(study, out);
        break;
    case SIM_PLOT_TIME:
        plot_time(study, out);
        break;
    case SIM_PLOTS:
        break;
    }
}
