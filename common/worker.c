#include "worker.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin.h"
#include "budget.h"
#include "clock.h"
#include "err.h"
#include "flow.h"
#include "httpc.h"
#include "log.h"
#include "loop.h"
#include "mem.h"
#include "metrics.h"
#include "queue.h"
#include "redis.h"
#include "registries.h"
#include "registry.h"
#include "registry_auth.h"
#include "store.h"
#include "version.h"

#define RECEIVE_WAIT_MS 20000
#define BACKOFF_BASE_MS 200
#define BACKOFF_CAP_MS 10000
#define RETRY_BASE_MS 1000
#define RETRY_CAP_MS 60000
#define DEFER_MAX_MS 900000 /* SQS delays no longer; beyond it the api starts the job anew */
#define MAX_DEFERRALS 100
#define FAILED_RETRY_MS 300000 /* how long a failed image is left alone */
#define SETTLE_TRIES 5
#define FLUSH_MS 1000

struct worker {
    struct worker_parts parts;
    const struct config *config;
    const char *stage;
    struct registries *registries;
    struct registry_auth *auth;
    struct redis *redis;
    struct queue *source;
    struct queue *next;
    struct admin *admin;
    bool draining;
    struct loop_timer *renew_timer;
    struct loop_timer *drain_timer;
    struct queue_message *current; /* while its job runs */
    const char *current_name;      /* canonical */
    bool lease_lost;
    struct metric *jobs[JOB_OUTCOMES]; /* counted */
    struct metric *durations;
    worker_job *job;
    void *job_arg;
};

/* Signals and readiness */

static void on_drain_deadline(void *arg)
{
    struct worker *worker = arg;
    /* Every request of the job ends now; its message is put back. */
    registry_set_deadline(worker->parts.registry, loop_now_ms(worker->parts.loop));
}

static void on_terminate(void *arg)
{
    struct worker *worker = arg;
    if (worker->draining)
        exit(1);
    worker->draining = true;
    log_info("draining");
    admin_drain(worker->admin);
    queue_stop_receive(worker->source);
    loop_timer_start(worker->drain_timer, worker->config->drain_seconds * 1000 * 3 / 4);
}

static bool is_ready(void *arg, const char **ret_why)
{
    struct worker *worker = arg;
    const char *why = redis_is_connected(worker->redis) ? NULL : "Redis is not connected";
    if (!why)
        why = queue_problem(worker->source);
    if (!why && worker->next)
        why = queue_problem(worker->next);
    *ret_why = why;
    return !why;
}

/* Leases */

static void on_extended(void *arg, int err)
{
    struct worker *worker = arg;
    if (err == ERR_CONFLICT)
        worker->lease_lost = true;
}

static void on_renew(void *arg)
{
    struct worker *worker = arg;
    if (!worker->current)
        return;
    int64_t visibility_ms = worker->config->visibility_seconds * 1000;
    queue_extend(worker->source, worker->current, visibility_ms, on_extended, worker);
    store_renew(worker->parts.store, worker->current_name);
    loop_timer_start(worker->renew_timer, visibility_ms / 3);
}

/* Sleeps in the loop; a signal ends it early. */
static void pause_ms(struct worker *worker, int64_t delay_ms)
{
    int64_t until_ms = loop_now_ms(worker->parts.loop) + delay_ms;
    while (!worker->draining && loop_now_ms(worker->parts.loop) < until_ms)
        loop_run_until(worker->parts.loop, &worker->draining, until_ms);
}

/* Settling a message: true where it has left the queue. What does not work is left to the lease:
 * the message comes again. */

static void log_unsettled(const struct worker *worker, const char *what, int err)
{
    log_warn("message not settled", LOG_STR("action", what), LOG_STR("image", worker->current_name),
             LOG_STR("error", err_str(err)), LOG_STR("detail", queue_last_error(worker->source)));
}

static void note_sent(const struct worker *worker, const struct queue *queue)
{
    flow_sent(worker->redis, queue == worker->source ? worker->stage : FLOW_SIZE);
}

static bool settle_complete(struct worker *worker, struct queue *next,
                            const struct message *message)
{
    AUTO(free) char *body = next ? message_format(message) : NULL;
    for (int i = 0; i < SETTLE_TRIES; i++) {
        int err =
            next ? queue_complete_wait(worker->source, worker->current, next, body, strlen(body))
                 : queue_delete_wait(worker->source, worker->current);
        if (err == 0 && next)
            note_sent(worker, next);
        if (err == 0 || err == ERR_CONFLICT)
            return err == 0;
        log_unsettled(worker, next ? "complete" : "delete", err);
        pause_ms(worker, clock_backoff_ms(i, BACKOFF_BASE_MS, BACKOFF_CAP_MS));
    }
    return false;
}

static bool settle_defer(struct worker *worker, struct message *message, int64_t delay_ms,
                         bool counts)
{
    const struct queue_message *current = worker->current;
    message->deferrals += counts;
    AUTO(free) char *body = message_again(current->body, current->body_bytes, message->deferrals);
    int err = queue_defer_wait(worker->source, worker->current, body, strlen(body), delay_ms);
    if (err == 0)
        note_sent(worker, worker->source);
    else if (err != ERR_CONFLICT)
        log_unsettled(worker, "defer", err);
    return err == 0;
}

/* The failure is stored first: otherwise the api would start a dead image over and over. */
static bool settle_dead(struct worker *worker, const char *reason)
{
    int err = 0;
    if (worker->current_name)
        err = store_end(worker->parts.store, worker->current_name, STATUS_FAILED, reason,
                        clock_ms() + FAILED_RETRY_MS);
    if (err == 0)
        err = queue_dead_wait(worker->source, worker->current, reason);
    if (err && err != ERR_CONFLICT)
        log_unsettled(worker, "dead", err);
    return err == 0;
}

static bool settle_retry(struct worker *worker, const char *reason)
{
    int count = worker->current->receive_count;
    if (count >= worker->config->max_receives)
        return settle_dead(worker, reason);
    int64_t delay_ms = RETRY_BASE_MS + clock_backoff_ms(count, RETRY_BASE_MS, RETRY_CAP_MS);
    (void)store_wait(worker->parts.store, worker->current_name, STAGE_QUEUED, reason, 0, false);
    int err = queue_extend_wait(worker->source, worker->current, delay_ms);
    if (err && err != ERR_CONFLICT)
        log_unsettled(worker, "retry", err);
    return false;
}

static bool settle_rate_limit(struct worker *worker, struct message *message,
                              const struct job_result *result)
{
    int64_t delay_ms = result->retry_at_ms - clock_ms();
    bool is_long = delay_ms > DEFER_MAX_MS || message->deferrals >= MAX_DEFERRALS;
    int err = store_wait(worker->parts.store, worker->current_name, STAGE_WAITING_RATE_LIMIT,
                         result->error_text, result->retry_at_ms, is_long);
    if (err)
        return settle_retry(worker, result->error_text);
    if (is_long)
        return settle_complete(worker, NULL, NULL); /* the api starts it when it is due */
    return settle_defer(worker, message, delay_ms > 0 ? delay_ms : 0, true);
}

static bool settle_end(struct worker *worker, enum image_status status, const char *reason)
{
    int64_t retry_ms = status == STATUS_FAILED ? clock_ms() + FAILED_RETRY_MS : 0;
    int err = store_end(worker->parts.store, worker->current_name, status, reason, retry_ms);
    return err ? settle_retry(worker, reason) : settle_complete(worker, NULL, NULL);
}

static const char *const outcome_names[JOB_OUTCOMES] = {"done",  "next",   "again",  "deferred",
                                                        "retry", "failed", "missing"};

static bool settle(struct worker *worker, struct message *message, const struct job_result *result)
{
    if (worker->lease_lost)
        return false; /* another worker has the message now */
    if (worker->draining && result->outcome == JOB_RETRY)
        return settle_defer(worker, message, 0, false);
    switch (result->outcome) {
    case JOB_DONE:
        break;
    case JOB_NEXT:
        return settle_complete(worker, worker->next, message);
    case JOB_AGAIN:
        return settle_complete(worker, worker->source, message);
    case JOB_DEFER:
        return settle_rate_limit(worker, message, result);
    case JOB_RETRY:
        return settle_retry(worker, result->error_text);
    case JOB_FAILED:
        return settle_end(worker, STATUS_FAILED, result->error_text);
    case JOB_MISSING:
        return settle_end(worker, STATUS_MISSING, result->error_text);
    }
    return settle_complete(worker, NULL, NULL);
}

/* One message */

/* All of them, so that they can be watched before they count. */
static void declare_metrics(struct worker *worker)
{
    static char labels[JOB_OUTCOMES][64];
    worker->durations = metric_histogram("mb_job_duration_seconds", "Time a job took.", NULL);
    for (size_t i = 0; i < JOB_OUTCOMES; i++) {
        (void)snprintf(labels[i], sizeof(labels[i]), "worker=\"%s\",result=\"%s\"", worker->stage,
                       outcome_names[i]);
        worker->jobs[i] = metric_counter("mb_jobs_total", "Jobs by how they ended.", labels[i]);
    }
}

static bool run_job(struct worker *worker, struct message *message)
{
    struct loop *loop = worker->parts.loop;
    int64_t started_ms = loop_now_ms(loop);
    registry_set_deadline(worker->parts.registry, started_ms + JOB_MAX_MS);
    worker->lease_lost = false;
    loop_timer_start(worker->renew_timer, worker->config->visibility_seconds * 1000 / 3);
    budget_load(worker->parts.budget);
    struct job_result result = worker->job(worker->job_arg, message);
    loop_timer_stop(worker->renew_timer);
    int64_t took_ms = loop_now_ms(loop) - started_ms;
    metric_add(worker->jobs[result.outcome], 1);
    metric_observe_seconds(worker->durations, (double)took_ms / 1000);
    log_info("job", LOG_STR("image", worker->current_name), LOG_STR("tag", message->image.tag),
             LOG_STR("result", outcome_names[result.outcome]),
             LOG_STR("error", result.outcome >= JOB_DEFER ? result.error_text : ""),
             LOG_INT("took_ms", took_ms), LOG_INT("receives", worker->current->receive_count));
    return settle(worker, message, &result);
}

/* True where the message has left the queue. */
static bool handle_message(struct worker *worker)
{
    const struct queue_message *received = worker->current;
    AUTO(message) struct message message = {0};
    int err = message_parse(received->body, received->body_bytes, &message);
    if (err == ERR_INVALID) {
        log_warn("unreadable message", LOG_STR("id", received->id));
        return settle_dead(worker, "the message cannot be read");
    }
    AUTO(free) char *name = reference_canonical(&message.image);
    bool is_gone = false;
    worker->current_name = name;
    if (worker->draining || err == ERR_UNSUPPORTED)
        is_gone =
            settle_defer(worker, &message, worker->draining ? 0 : RETRY_CAP_MS, !worker->draining);
    else if (received->receive_count > worker->config->max_receives)
        is_gone = settle_dead(worker, "its worker died again and again");
    else
        is_gone = run_job(worker, &message);
    worker->current_name = NULL;
    return is_gone;
}

/* Takes message. */
static void take_message(struct worker *worker, struct queue_message *message)
{
    int64_t started_ms = loop_now_ms(worker->parts.loop);
    if (message->receive_count == 1)
        flow_received(worker->redis, worker->stage);
    worker->current = message;
    bool is_gone = handle_message(worker);
    worker->current = NULL;
    queue_message_free(message);
    int64_t busy_ms = loop_now_ms(worker->parts.loop) - started_ms;
    if (is_gone)
        flow_done(worker->redis, worker->stage, busy_ms);
    else
        flow_tried(worker->redis, worker->stage, busy_ms);
}

static void note_frontier(struct worker *worker, const struct queue_message *message)
{
    store_frontier(worker->parts.store, worker->stage, message ? message->sent_ms : clock_ms());
}

int worker_run(struct worker *worker, worker_job *job, void *arg)
{
    worker->job = job;
    worker->job_arg = arg;
    int failures = 0;
    while (!worker->draining) {
        struct queue_message *message = NULL;
        int err = queue_receive_wait(worker->source, RECEIVE_WAIT_MS, &message);
        if (err && !worker->draining) {
            if (failures++ == 0)
                log_warn("cannot receive", LOG_STR("queue", queue_name(worker->source)),
                         LOG_STR("error", queue_last_error(worker->source)));
            pause_ms(worker,
                     BACKOFF_BASE_MS + clock_backoff_ms(failures, BACKOFF_BASE_MS, BACKOFF_CAP_MS));
            continue;
        }
        failures = 0;
        if (!err && !worker->draining)
            note_frontier(worker, message);
        if (message)
            take_message(worker, message);
        else
            mem_trim();
    }
    /* What was told to Redis without waiting for an answer has gone out when this is answered. */
    (void)redis_call(worker->redis, FLUSH_MS, NULL, "PING");
    log_info("drained");
    return 0;
}

/* Start and end */

static struct queue *open_queue(struct worker *worker, const char *url)
{
    const struct queue_options options = {
        .visibility_ms = (int)(worker->config->visibility_seconds * 1000),
        .max_receives = (int)worker->config->max_receives,
    };
    return queue_new(worker->parts.loop, worker->parts.httpc, url, &options);
}

/* A queue that is set up wrong stops the program; one that is not there yet does not. */
static bool queue_is_usable(const struct worker *worker)
{
    int err = queue_check_wait(worker->source);
    if (err != ERR_INVALID)
        return true;
    log_error("the queue cannot be used", LOG_STR("queue", queue_name(worker->source)),
              LOG_STR("error", queue_last_error(worker->source)));
    return false;
}

static void on_auth_reread(void *arg, const char *why)
{
    const struct worker *worker = arg;
    const char *path = worker->config->registry_auth_file;
    if (why)
        log_warn("changed credentials cannot be used", LOG_STR("file", path),
                 LOG_STR("error", why));
    else
        log_info("changed credentials are read", LOG_STR("file", path));
}

static void on_redis_problem(void *arg, const char *why)
{
    (void)arg;
    log_warn("Redis is not connected", LOG_STR("error", why));
}

static void connect_parts(struct worker *worker, enum program program)
{
    const struct config *config = worker->config;
    AUTO(free) char *agent = xasprintf("%s/%s", program_name(program), version_number);
    char *why = NULL;
    struct worker_parts *parts = &worker->parts;
    parts->loop = loop_new();
    parts->httpc = httpc_new(parts->loop, agent);
    if (registries_parse(config->registries, &worker->registries, &why) != 0)
        abort(); /* config_load has checked it */
    parts->registry = registry_new(parts->loop, parts->httpc, worker->registries);
    worker->auth = registry_auth_new(config->registry_auth_file, on_auth_reread, worker);
    registry_use_auth(parts->registry, worker->auth);
    redis_trust(config->redis_ca_file);
    worker->redis = redis_new(parts->loop, config->cache_url, program_name(program));
    redis_on_problem(worker->redis, on_redis_problem, NULL);
    parts->store = store_redis_new(parts->loop, worker->redis, config->keep_seconds);
    parts->budget = budget_new(parts->loop, worker->redis);
    registry_set_budget(parts->registry, parts->budget);
    worker->renew_timer = loop_timer_new(parts->loop, on_renew, worker);
    worker->drain_timer = loop_timer_new(parts->loop, on_drain_deadline, worker);
}

struct worker *worker_new(const struct config *config, enum program program, const char *stage,
                          const char *source, const char *next)
{
    struct worker *worker = xcalloc(1, sizeof(*worker));
    worker->config = config;
    worker->stage = stage;
    declare_metrics(worker);
    connect_parts(worker, program);
    worker->source = open_queue(worker, source);
    worker->next = next ? open_queue(worker, next) : NULL;
    char *why = NULL;
    worker->admin = admin_new(worker->parts.loop, config->admin_listen, is_ready, worker, &why);
    if (!worker->admin) {
        log_error("cannot listen", LOG_STR("address", config->admin_listen), LOG_STR("error", why));
        free(why);
        goto fail;
    }
    loop_on_signal(worker->parts.loop, SIGTERM, on_terminate, worker);
    loop_on_signal(worker->parts.loop, SIGINT, on_terminate, worker);
    if (!queue_is_usable(worker))
        goto fail;
    log_info("started", LOG_STR("version", version_number),
             LOG_STR("queue", queue_name(worker->source)), LOG_STR("admin", config->admin_listen));
    return worker;
fail:
    worker_free(worker);
    return NULL;
}

void worker_free(struct worker *worker)
{
    if (!worker)
        return;
    admin_free(worker->admin);
    queue_free(worker->source);
    queue_free(worker->next);
    registry_free(worker->parts.registry);
    registry_auth_free(worker->auth);
    registries_free(worker->registries);
    store_free(worker->parts.store);
    redis_free(worker->redis);
    budget_free(worker->parts.budget);
    httpc_free(worker->parts.httpc);
    loop_timer_free(worker->renew_timer);
    loop_timer_free(worker->drain_timer);
    loop_free(worker->parts.loop);
    free(worker);
}

const struct worker_parts *worker_parts(const struct worker *worker)
{
    return &worker->parts;
}
