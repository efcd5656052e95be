#include "group.h"

#include "clock.h"
#include "deployment.h"
#include "err.h"
#include "log.h"
#include "mem.h"
#include "metrics.h"

#define DOWN_PAUSE_MS 5000
#define BACKOFF_BASE_MS 1000
#define BACKOFF_CAP_MS 30000
#define REFUSED_PAUSE_MS 30000 /* until somebody changed the Role */

/* The last one stands for all other errors. */
static const struct {
    int err;
    const char *label;
} results[GROUP_RESULTS] = {
    {0, ",result=\"ok\""},
    {ERR_CONFLICT, ",result=\"conflict\""},
    {ERR_FORBIDDEN, ",result=\"forbidden\""},
    {ERR_INVALID, ",result=\"invalid\""},
    {ERR_NOTFOUND, ",result=\"missing\""},
    {ERR_UNAVAILABLE, ",result=\"unavailable\""},
};

static struct metric *labelled(struct metric *(*declare)(const char *, const char *, const char *),
                               const char *name, const char *help, const struct group *group,
                               const char *more)
{
    return declare(name, help,
                   xasprintf("deployment=\"%s\"%s", deployment_name(group->deployment), more));
}

void group_init(struct group *group, const char *role, struct deployment *deployment)
{
    *group =
        (struct group){.role = role, .deployment = deployment, .expected = -1, .attempted = -1};
    struct group_metrics *metrics = &group->metrics;
    metrics->desired = labelled(metric_gauge, "mb_scaler_desired_replicas",
                                "Replicas as last decided.", group, "");
    metrics->replicas =
        labelled(metric_gauge, "mb_scaler_replicas", "spec.replicas of the Deployment.", group, "");
    metrics->available = labelled(metric_gauge, "mb_scaler_available_replicas",
                                  "status.availableReplicas of the Deployment.", group, "");
    static const char decisions[] = "mb_scaler_decisions_total";
    static const char decisions_help[] = "Decisions for another number of replicas.";
    metrics->ups = labelled(metric_counter, decisions, decisions_help, group, ",direction=\"up\"");
    metrics->downs =
        labelled(metric_counter, decisions, decisions_help, group, ",direction=\"down\"");
    metrics->outside_changes =
        labelled(metric_counter, "mb_scaler_outside_changes_total",
                 "Changes of spec.replicas that somebody else made.", group, "");
    for (size_t i = 0; i < GROUP_RESULTS; i++)
        metrics->results[i] =
            labelled(metric_counter, "mb_scaler_scale_operations_total",
                     "Patches of spec.replicas by how they ended.", group, results[i].label);
}

void group_adopt(struct group *group)
{
    int replicas = deployment_replicas(group->deployment);
    bool is_own = replicas == group->expected || replicas == group->attempted;
    if (group->expected >= 0 && !is_own) {
        metric_add(group->metrics.outside_changes, 1);
        log_info("changed by somebody else, and adopted",
                 LOG_STR("deployment", deployment_name(group->deployment)),
                 LOG_INT("from", group->expected), LOG_INT("to", replicas));
    }
    if (replicas != group->expected)
        group->attempted = -1;
    group->expected = replicas;
}

int group_at_most(const struct group *group)
{
    int replicas = deployment_replicas(group->deployment);
    return group->attempted > replicas ? group->attempted : replicas;
}

bool group_may_patch(const struct group *group, int replicas, bool makes_room, int64_t now_ms)
{
    bool is_down = replicas < deployment_replicas(group->deployment);
    if (is_down && !makes_room && group->fell_ms && now_ms - group->fell_ms < DOWN_PAUSE_MS)
        return false;
    return now_ms >= group->not_before_ms;
}

static void count_result(const struct group *group, int err)
{
    size_t at = 0;
    while (at < GROUP_RESULTS - 1 && results[at].err != err)
        at++;
    metric_add(group->metrics.results[at], 1);
}

void group_patched(struct group *group, int replicas, int err, int64_t retry_after_ms,
                   int64_t now_ms)
{
    count_result(group, err);
    group->is_refused = err == ERR_FORBIDDEN;
    group->attempted = err == ERR_UNAVAILABLE ? replicas : -1;
    if (err == 0) {
        if (replicas < group->expected)
            group->fell_ms = now_ms;
        group->expected = replicas;
        group->failures = 0;
        return;
    }
    if (err == ERR_CONFLICT)
        return; /* it has been read anew */
    int64_t pause_ms =
        err == ERR_UNAVAILABLE
            ? BACKOFF_BASE_MS + clock_backoff_ms(group->failures, BACKOFF_BASE_MS, BACKOFF_CAP_MS)
            : REFUSED_PAUSE_MS;
    group->failures++;
    group->not_before_ms = now_ms + (pause_ms > retry_after_ms ? pause_ms : retry_after_ms);
    log_warn("not scaled", LOG_STR("deployment", deployment_name(group->deployment)),
             LOG_INT("replicas", replicas), LOG_STR("error", err_str(err)),
             LOG_STR("detail", deployment_last_error(group->deployment)));
}

void group_tell(const struct group *group)
{
    metric_set(group->metrics.desired, group->desired);
    metric_set(group->metrics.replicas, deployment_replicas(group->deployment));
    metric_set(group->metrics.available, deployment_available(group->deployment));
}
