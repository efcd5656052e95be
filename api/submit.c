#include "submit.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "flow.h"
#include "log.h"
#include "mem.h"
#include "message.h"
#include "metrics.h"
#include "queue.h"
#include "redis.h"

/* One submission under way. */
struct submitting {
    struct service *service;
    struct reference image;
    char *name; /* canonical */
    enum submit_cause cause;
    enum submit_result result;
    submit_done *done;
    void *arg;
};

static struct metric *submitted;
static struct metric *limited;

void submit_declare_metrics(void)
{
    submitted =
        metric_counter("mb_submissions_total", "Messages sent to the Inspection queue.", NULL);
    limited =
        metric_counter("mb_submissions_limited_total", "Submissions that a limit refused.", NULL);
}

static void end(struct submitting *submitting, int err, int64_t wait_ms)
{
    submitting->done(submitting->arg, err, submitting->result, wait_ms);
    reference_release(&submitting->image);
    free(submitting->name);
    free(submitting);
}

static void on_sent(void *arg, int err)
{
    struct submitting *submitting = arg;
    struct redis *redis = submitting->service->redis;
    if (err) {
        log_warn("cannot submit", LOG_STR("image", submitting->name),
                 LOG_STR("error", queue_last_error(submitting->service->queue)));
        if (submitting->result == SUBMIT_GO)
            status_submit_failed(redis, submitting->name);
        if (submitting->cause == SUBMIT_HOOK)
            status_hook_failed(redis, submitting->name);
    } else {
        metric_add(submitted, 1);
        flow_sent(redis, FLOW_INSPECTION);
        log_info("submitted", LOG_STR("image", submitting->name),
                 LOG_STR("tag", submitting->image.tag));
        if (submitting->result == SUBMIT_GO)
            status_submitted(redis, submitting->name);
    }
    end(submitting, err, 0);
}

static void on_marker(void *arg, int err, enum submit_result result, int64_t wait_ms)
{
    struct submitting *submitting = arg;
    submitting->result = result;
    if (!err && (result == SUBMIT_LIMITED || result == SUBMIT_FULL))
        metric_add(limited, 1);
    if (err || (result != SUBMIT_GO && result != SUBMIT_AFTER)) {
        end(submitting, err, wait_ms);
        return;
    }
    const struct message message = {
        .image = submitting->image, .version = MESSAGE_VERSION, .requested_ms = clock_ms()};
    AUTO(free) char *body = message_format(&message);
    queue_send(submitting->service->queue, body, strlen(body), result == SUBMIT_AFTER ? wait_ms : 0,
               on_sent, submitting);
}

void submit(struct service *service, const struct submission *submission, submit_done *done,
            void *arg)
{
    const struct config *config = service->config;
    struct submitting *submitting = xcalloc(1, sizeof(*submitting));
    submitting->service = service;
    submitting->cause = submission->cause;
    submitting->done = done;
    submitting->arg = arg;
    submitting->name = reference_canonical(submission->image);
    reference_copy(&submitting->image, submission->image);
    if (submission->cause != SUBMIT_READ) {
        free(TAKE(submitting->image.tag));
        free(TAKE(submitting->image.digest));
    }
    const struct status_submission marker = {
        .name = submitting->name,
        .cause = submission->cause,
        .client = submission->client,
        .client_limit = config->submit_per_address,
        .total_limit = config->submit_total,
        .keep_seconds = config->keep_seconds,
    };
    status_submit(service->redis, &marker, on_marker, submitting);
}
