#include "report.h"

#include "config.h"
#include "deployment.h"
#include "depths.h"
#include "estimate.h"
#include "group.h"
#include "log.h"
#include "mem.h"
#include "metrics.h"
#include "strbuf.h"

#define LINE_MAX_BYTES 512

struct queue_metrics {
    struct metric *waiting, *in_flight, *delayed;
    struct metric *age_seconds, *is_known;
};

struct report {
    const struct group *groups;
    const struct depths *depths;
    bool is_dry_run;
    bool has_told[POLICY_GROUPS]; /* the change below, and it is not done yet */
    int told_from[POLICY_GROUPS];
    int told_to[POLICY_GROUPS];
    bool is_blind; /* a Deployment is not seen */
    bool lease_fails;
    bool is_deaf[POLICY_GROUPS]; /* a queue's length is not known */
    struct metric *is_leader;
    struct queue_metrics queues[POLICY_GROUPS];
};

/* Decisions */

static bool is_news(const struct report *report, int group, int from, int to)
{
    return from != to && (!report->has_told[group] || report->told_from[group] != from ||
                          report->told_to[group] != to);
}

static void count_decision(const struct group *group, int from, int to)
{
    metric_add(to > from ? group->metrics.ups : group->metrics.downs, 1);
}

static void tell_changes(struct report *report, const struct policy_sample *sample,
                         const struct policy_decision *decision)
{
    bool has_news = false;
    AUTO(strbuf) struct strbuf line = STRBUF_INIT(LINE_MAX_BYTES);
    for (int i = 0; i < POLICY_GROUPS; i++) {
        int from = sample->groups[i].replicas;
        int to = decision->replicas[i];
        if (is_news(report, i, from, to)) {
            has_news = true;
            count_decision(&report->groups[i], from, to);
        }
        report->has_told[i] = from != to;
        report->told_from[i] = from;
        report->told_to[i] = to;
        if (from != to)
            strbuf_addf(&line, "%s%s %d -> %d: %s", line.len ? "; " : "", report->groups[i].role,
                        from, to, decision->reasons[i]);
    }
    if (has_news)
        log_info(report->is_dry_run ? "would scale" : "scales",
                 LOG_STR("decision", strbuf_str(&line)));
}

static void tell_queue(struct report *report, int group, const struct policy_group_sample *sample)
{
    const struct queue_metrics *metrics = &report->queues[group];
    metric_set(metrics->waiting, (double)sample->waiting);
    metric_set(metrics->in_flight, (double)sample->in_flight);
    metric_set(metrics->delayed, (double)sample->delayed);
    bool is_stale =
        !sample->is_known && depths_age_ms(report->depths, group) > ESTIMATE_ACTIVE_STALE_MS;
    if (is_stale && !report->is_deaf[group])
        log_warn("the length of a queue is not known: nothing is scaled down",
                 LOG_STR("queue", depths_queue(group)),
                 LOG_STR("error", depths_last_error(report->depths, group)));
    else if (sample->is_known && report->is_deaf[group])
        log_info("the length of a queue is known again", LOG_STR("queue", depths_queue(group)));
    report->is_deaf[group] = is_stale;
}

void report_decision(struct report *report, const struct policy_sample *sample,
                     const struct policy_decision *decision)
{
    for (int i = 0; i < POLICY_GROUPS; i++) {
        group_tell(&report->groups[i]);
        tell_queue(report, i, &sample->groups[i]);
    }
    tell_changes(report, sample, decision);
}

void report_sight(struct report *report, bool sees)
{
    for (int i = 0; i < POLICY_GROUPS && !sees && !report->is_blind; i++) {
        const struct deployment *deployment = report->groups[i].deployment;
        if (*deployment_last_error(deployment)) {
            report->is_blind = true;
            log_warn("a Deployment cannot be seen: nothing is scaled",
                     LOG_STR("deployment", deployment_name(deployment)),
                     LOG_STR("error", deployment_last_error(deployment)));
        }
    }
    if (sees && report->is_blind) {
        report->is_blind = false;
        log_info("both Deployments are seen again");
    }
}

void report_lease(struct report *report, const char *error)
{
    bool fails = *error;
    if (fails && !report->lease_fails)
        log_warn("the lease cannot be read or written", LOG_STR("error", error));
    report->lease_fails = fails;
}

void report_leadership(struct report *report, bool leads, const char *holder)
{
    metric_set(report->is_leader, leads);
    if (report->is_dry_run)
        log_info("a dry run: decides and changes nothing");
    else if (leads)
        log_info("leads: holds the lease");
    else
        log_warn("leads no longer: the lease is lost", LOG_STR("holder", holder));
}

/* Metrics */

static void on_render(void *arg)
{
    const struct report *report = arg;
    for (int i = 0; i < POLICY_GROUPS; i++) {
        metric_set(report->queues[i].age_seconds, (double)depths_age_ms(report->depths, i) / 1000);
        metric_set(report->queues[i].is_known, depths_is_known(report->depths, i));
    }
}

static struct metric *depth_gauge(int group, const char *state)
{
    return metric_gauge("mb_queue_depth", "Messages in a queue, as the scaler reckons.",
                        xasprintf("queue=\"%s\",state=\"%s\"", depths_queue(group), state));
}

static void declare_queue(struct queue_metrics *metrics, int group)
{
    const char *labels = xasprintf("queue=\"%s\"", depths_queue(group));
    metrics->waiting = depth_gauge(group, "waiting");
    metrics->in_flight = depth_gauge(group, "in_flight");
    metrics->delayed = depth_gauge(group, "delayed");
    metrics->age_seconds =
        metric_gauge("mb_scaler_metric_age_seconds", "Age of a queue's depth.", labels);
    metrics->is_known = metric_gauge("mb_scaler_metric_known",
                                     "1 while a queue's depth counts, 0 while it is missing or "
                                     "stale and nothing is scaled down.",
                                     labels);
}

struct report *report_new(const struct group *groups, const struct depths *depths,
                          const struct config *config)
{
    struct report *report = xcalloc(1, sizeof(*report));
    report->groups = groups;
    report->depths = depths;
    report->is_dry_run = config->dry_run;
    report->is_leader = metric_gauge("mb_scaler_is_leader",
                                     "1 for the scaler that holds the lease and acts.", NULL);
    metric_set(metric_gauge("mb_scaler_pool", "Pods of both Deployments together.", NULL),
               (double)config->pool);
    for (int i = 0; i < POLICY_GROUPS; i++)
        declare_queue(&report->queues[i], i);
    metrics_on_render(on_render, report);
    return report;
}

void report_free(struct report *report)
{
    metrics_on_render(NULL, NULL);
    free(report);
}
