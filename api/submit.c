#include "submit.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "mem.h"
#include "message.h"
#include "metrics.h"
#include "queue.h"
#include "redis.h"

struct submission {
    struct service *service;
    struct reference image;
    char *name; /* canonical */
    submit_done *done;
    void *arg;
};

static void submission_end(struct submission *submission, int err, enum submit_result result)
{
    submission->done(submission->arg, err, result);
    reference_release(&submission->image);
    free(submission->name);
    free(submission);
}

static void on_sent(void *arg, int err)
{
    struct submission *submission = arg;
    struct redis *redis = submission->service->redis;
    if (err) {
        log_warn("cannot submit", LOG_STR("image", submission->name),
                 LOG_STR("error", queue_last_error(submission->service->queue)));
        status_submit_failed(redis, submission->name);
    } else {
        static struct metric *submitted;
        if (!submitted)
            submitted = metric_counter("mb_submissions_total",
                                       "Messages sent to the "
                                       "Inspection queue.",
                                       NULL);
        metric_add(submitted, 1);
        log_info("submitted", LOG_STR("image", submission->name),
                 LOG_STR("tag", submission->image.tag));
        status_submitted(redis, submission->name);
    }
    submission_end(submission, err, SUBMIT_GO);
}

static void on_marker(void *arg, int err, enum submit_result result)
{
    struct submission *submission = arg;
    if (err || result != SUBMIT_GO) {
        submission_end(submission, err, result);
        return;
    }
    const struct message message = {
        .image = submission->image, .version = MESSAGE_VERSION, .requested_ms = clock_ms()};
    AUTO(free) char *body = message_format(&message);
    queue_send(submission->service->queue, body, strlen(body), 0, on_sent, submission);
}

void submit(struct service *service, const struct reference *image, submit_done *done, void *arg)
{
    struct submission *submission = xcalloc(1, sizeof(*submission));
    submission->service = service;
    submission->done = done;
    submission->arg = arg;
    submission->name = reference_canonical(image);
    reference_copy(&submission->image, image);
    status_submit(service->redis, submission->name, service->config->keep_seconds, false, on_marker,
                  submission);
}
