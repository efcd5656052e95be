#include "scaler.h"

#include "config.h"
#include "deployment.h"
#include "depths.h"
#include "err.h"
#include "group.h"
#include "kube.h"
#include "lease.h"
#include "log.h"
#include "loop.h"
#include "mem.h"
#include "metrics.h"
#include "policy.h"
#include "report.h"

#define CARE_MS 30000
#define FIRST_CARE_MS 3000
#define SEEN_MS 90000 /* what is known of a Deployment is asked after every 30 s */

/* Room is made before it is used: the urgent group's first. */
static const struct step {
    int group;
    bool is_up;
} steps[] = {
    {POLICY_PATIENT, false},
    {POLICY_URGENT, false},
    {POLICY_URGENT, true},
    {POLICY_PATIENT, true},
};

/* Whether a Deployment may be scaled. */
struct check {
    struct scaler *scaler;
    struct group *group;
    bool is_done;
};

struct scaler {
    struct loop *loop;
    const struct config *config;
    struct kube *kube;
    struct lease *lease; /* NULL in a dry run: beside it another one acts */
    struct depths *depths;
    struct group groups[POLICY_GROUPS];
    const struct policy *policy;
    struct policy_options options;
    struct policy_state *state;
    struct report *report;
    bool is_draining;
    bool is_patching; /* a pass over the steps is under way */
    size_t step;      /* of it */
    int target;       /* of the patch that was sent */
    struct check checks[POLICY_GROUPS];
    struct loop_timer *care_timer;
};

static bool leads(const struct scaler *scaler)
{
    return !scaler->is_draining && (!scaler->lease || lease_is_held(scaler->lease));
}

static bool sees_deployments(const struct scaler *scaler)
{
    for (int i = 0; i < POLICY_GROUPS; i++)
        if (!deployment_is_known(scaler->groups[i].deployment, SEEN_MS))
            return false;
    return true;
}

/* Patches, one after another within one pass */

/* What a step makes of its group, -1: nothing. */
static int step_target(const struct scaler *scaler, const struct step *step)
{
    const struct group *group = &scaler->groups[step->group];
    const struct group *other = &scaler->groups[POLICY_GROUPS - 1 - step->group];
    int replicas = deployment_replicas(group->deployment);
    int room = scaler->options.pool - group_at_most(other);
    int target = step->is_up && group->desired > room ? room : group->desired;
    bool is_due = step->is_up ? target > replicas : target < replicas;
    bool makes_room = step->group == POLICY_PATIENT && other->desired > group_at_most(other);
    int64_t now_ms = loop_now_ms(scaler->loop);
    return is_due && group_may_patch(group, target, makes_room, now_ms) ? target : -1;
}

static void run_steps(struct scaler *scaler);

static void on_scaled(void *arg, int err, int64_t retry_after_ms)
{
    struct scaler *scaler = arg;
    struct group *group = &scaler->groups[steps[scaler->step].group];
    group_patched(group, scaler->target, err, retry_after_ms, loop_now_ms(scaler->loop));
    group_tell(group);
    if (err) {
        scaler->is_patching = false; /* what needs its room waits; the next look decides anew */
        return;
    }
    scaler->step++;
    run_steps(scaler);
}

static void run_steps(struct scaler *scaler)
{
    for (; scaler->step < ARRAY_LEN(steps) && leads(scaler); scaler->step++) {
        const struct step *step = &steps[scaler->step];
        scaler->target = step_target(scaler, step);
        if (scaler->target < 0)
            continue;
        deployment_scale(scaler->groups[step->group].deployment, scaler->target, false, on_scaled,
                         scaler);
        return;
    }
    scaler->is_patching = false;
}

static void start_pass(struct scaler *scaler)
{
    scaler->is_patching = true;
    scaler->step = 0;
    run_steps(scaler);
}

/* Decisions */

static void fill_sample(struct scaler *scaler, struct policy_sample *ret_sample)
{
    depths_sample(scaler->depths, ret_sample);
    for (int i = 0; i < POLICY_GROUPS; i++) {
        struct group *group = &scaler->groups[i];
        group_adopt(group);
        ret_sample->groups[i].replicas = deployment_replicas(group->deployment);
        ret_sample->groups[i].available = deployment_available(group->deployment);
    }
}

/* At rest nothing waits, and nothing is there that could be given back. */
static enum depths_pace pace_for(const struct scaler *scaler)
{
    for (int i = 0; i < POLICY_GROUPS; i++) {
        const struct group *group = &scaler->groups[i];
        int replicas = deployment_replicas(group->deployment);
        if (depths_work(scaler->depths, i) > 0 || replicas != group->desired ||
            replicas > scaler->options.groups[i].min_replicas)
            return DEPTHS_ACTIVE;
    }
    return DEPTHS_AT_REST;
}

static void decide(struct scaler *scaler)
{
    struct policy_sample sample = {0};
    struct policy_decision decision;
    fill_sample(scaler, &sample);
    scaler->policy->decide(&scaler->options, scaler->state, &sample, &decision);
    for (int i = 0; i < POLICY_GROUPS; i++)
        scaler->groups[i].desired = decision.replicas[i];
    report_decision(scaler->report, &sample, &decision);
    depths_set_pace(scaler->depths, pace_for(scaler));
    if (!scaler->config->dry_run)
        start_pass(scaler);
}

static void on_sampled(void *arg)
{
    struct scaler *scaler = arg;
    bool sees = sees_deployments(scaler);
    report_sight(scaler->report, sees);
    if (sees && leads(scaler) && !scaler->is_patching)
        decide(scaler);
}

/* Rights: a Role that is too small shows at the start, not with the first burst */

static void on_checked(void *arg, int err, int64_t retry_after_ms)
{
    (void)retry_after_ms;
    const struct check *check = arg;
    struct group *group = check->group;
    bool was_refused = group->is_refused;
    group->is_refused = err == ERR_FORBIDDEN;
    if (err && err != ERR_CONFLICT && !was_refused)
        log_error("the Deployment cannot be scaled",
                  LOG_STR("deployment", deployment_name(group->deployment)),
                  LOG_STR("error", err_str(err)),
                  LOG_STR("detail", deployment_last_error(group->deployment)));
    else if (was_refused && !group->is_refused)
        log_info("the Deployment can be scaled",
                 LOG_STR("deployment", deployment_name(group->deployment)));
}

static void check_rights(struct check *check)
{
    const struct group *group = check->group;
    if (!deployment_is_known(group->deployment, SEEN_MS) || check->scaler->is_patching)
        return;
    check->is_done = true;
    deployment_scale(group->deployment, deployment_replicas(group->deployment), true, on_checked,
                     check);
}

static void on_deployment_changed(void *arg)
{
    struct scaler *scaler = arg;
    for (int i = 0; i < POLICY_GROUPS; i++) {
        if (!scaler->checks[i].is_done)
            check_rights(&scaler->checks[i]);
        group_tell(&scaler->groups[i]);
    }
    on_sampled(scaler); /* at rest no other sample would come soon */
}

/* What nothing else would tell of. */
static void on_care(void *arg)
{
    struct scaler *scaler = arg;
    loop_timer_start(scaler->care_timer, CARE_MS);
    report_sight(scaler->report, sees_deployments(scaler));
    if (scaler->lease)
        report_lease(scaler->report, lease_last_error(scaler->lease));
    for (int i = 0; i < POLICY_GROUPS; i++)
        if (scaler->groups[i].is_refused)
            check_rights(&scaler->checks[i]);
}

static void on_lease_changed(void *arg, bool is_held)
{
    struct scaler *scaler = arg;
    report_leadership(scaler->report, is_held, scaler->lease ? lease_holder(scaler->lease) : "");
    policy_state_free(scaler->state);
    scaler->state = policy_state_new();
    for (int i = 0; i < POLICY_GROUPS; i++)
        scaler->groups[i].expected = -1; /* what others did meanwhile was theirs to do */
    depths_set_pace(scaler->depths, is_held ? DEPTHS_ACTIVE : DEPTHS_OFF);
}

/* Start and end */

static void set_options(struct scaler *scaler)
{
    const struct config *config = scaler->config;
    scaler->options = policy_options_default((int)config->pool);
    struct policy_group_options *urgent = &scaler->options.groups[POLICY_URGENT];
    struct policy_group_options *patient = &scaler->options.groups[POLICY_PATIENT];
    urgent->min_replicas = (int)config->inspector_min;
    urgent->max_replicas = (int)(config->inspector_max ? config->inspector_max : config->pool);
    urgent->target_length = config->inspection_target;
    patient->min_replicas = (int)config->size_min;
    patient->max_replicas = (int)(config->size_max ? config->size_max : config->pool);
    patient->target_length = config->size_target;
}

static void watch(struct scaler *scaler, int index, const char *role, const char *name)
{
    struct deployment *deployment =
        deployment_new(scaler->loop, scaler->kube, name, on_deployment_changed, scaler);
    group_init(&scaler->groups[index], role, deployment);
    scaler->checks[index] = (struct check){.scaler = scaler, .group = &scaler->groups[index]};
}

struct scaler *scaler_new(struct loop *loop, struct httpc *httpc, const struct config *config)
{
    AUTO(free) char *why = NULL;
    const struct kube_options access = {.kubeconfig = config->kubeconfig, .ns = config->ns};
    struct kube *kube = kube_new(loop, httpc, &access, &why);
    if (!kube) {
        log_error("no access to Kubernetes", LOG_STR("error", why));
        return NULL;
    }
    struct scaler *scaler = xcalloc(1, sizeof(*scaler));
    scaler->loop = loop;
    scaler->config = config;
    scaler->kube = kube;
    scaler->policy = policy_find(config->policy);
    scaler->state = policy_state_new();
    set_options(scaler);
    scaler->depths = depths_new(loop, httpc, config, on_sampled, scaler);
    watch(scaler, POLICY_URGENT, "inspector", config->inspector_deployment);
    watch(scaler, POLICY_PATIENT, "size", config->size_deployment);
    scaler->report = report_new(scaler->groups, scaler->depths, config);
    scaler->care_timer = loop_timer_new(loop, on_care, scaler);
    loop_timer_start(scaler->care_timer, FIRST_CARE_MS);
    if (config->dry_run)
        on_lease_changed(scaler, true);
    else
        scaler->lease =
            lease_new(loop, kube, config->lease, config->identity, NULL, on_lease_changed, scaler);
    return scaler;
}

void scaler_free(struct scaler *scaler)
{
    if (!scaler)
        return;
    report_free(scaler->report);
    for (int i = 0; i < POLICY_GROUPS; i++)
        deployment_free(scaler->groups[i].deployment);
    lease_free(scaler->lease);
    depths_free(scaler->depths);
    kube_free(scaler->kube);
    loop_timer_free(scaler->care_timer);
    policy_state_free(scaler->state);
    free(scaler);
}

bool scaler_is_ready(void *arg, const char **ret_why)
{
    const struct scaler *scaler = arg;
    *ret_why = NULL;
    if (!sees_deployments(scaler))
        *ret_why = "a Deployment cannot be seen";
    else if (scaler->lease && !leads(scaler) && *lease_last_error(scaler->lease))
        *ret_why = "the lease cannot be had";
    for (int i = 0; i < POLICY_GROUPS && !*ret_why; i++) {
        if (scaler->groups[i].is_refused)
            *ret_why = "a Deployment may not be scaled";
        else if (leads(scaler) && !depths_is_known(scaler->depths, i))
            *ret_why = "a queue's length is not known";
    }
    return !*ret_why;
}

void scaler_drain(struct scaler *scaler, void (*done)(void *arg), void *arg)
{
    scaler->is_draining = true;
    depths_set_pace(scaler->depths, DEPTHS_OFF);
    if (scaler->lease)
        lease_release(scaler->lease, done, arg);
    else
        done(arg);
}
