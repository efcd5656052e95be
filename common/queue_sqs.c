/* Amazon SQS, standard queues, as a queue (SQS API reference, AWS JSON protocol). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws.h"
#include "clock.h"
#include "digest.h"
#include "err.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"
#include "queue_backend.h"
#include "sqs_client.h"
#include "url.h"

#define CALL_TIMEOUT_MS 10000
#define POLL_MARGIN_MS 10000 /* a poll that outlives its wait by this much is dead */
#define REDRIVE_MARGIN 3     /* receives that the server must allow beyond ours */
#define DELAY_MAX_MS 900000

struct queue_sqs {
    struct queue base;
    struct sqs_client *client;
    char *url;
    char *dead_url; /* NULL until queue_check found the redrive policy */
    bool is_failing;
    char last_error[240];
};

static struct queue_sqs *self(const struct queue *queue)
{
    return (struct queue_sqs *)queue;
}

static void note(struct queue_sqs *queue, int err, const char *text)
{
    queue->is_failing = err == ERR_UNAVAILABLE || err == ERR_INVALID;
    if (queue->is_failing)
        (void)snprintf(queue->last_error, sizeof(queue->last_error), "%s", text);
}

const char *queue_sqs_url_problem(const char *text)
{
    AUTO(url) struct url url = {0};
    AUTO(aws_credentials) struct aws_credentials credentials = {0};
    if (url_parse(text, &url) != 0 || !*url.host)
        return "it is not a URL";
    const char *slash = strrchr(url.path, '/');
    if (!slash || !slash[1] || slash == url.path)
        return "an SQS queue URL ends in /ACCOUNT/NAME";
    if (strlen(slash) > 5 && strcmp(slash + strlen(slash) - 5, ".fifo") == 0)
        return "FIFO queues are not supported: use a standard queue";
    AUTO(free) char *region = aws_region(text);
    if (!region)
        return "AWS_REGION is not set, and the queue's URL names no region";
    if (aws_credentials(&credentials) != 0)
        return "an SQS queue needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
    return NULL;
}

static json_t *request_body(const struct queue_sqs *queue)
{
    return json_pack("{s:s}", "QueueUrl", queue->url);
}

static int seconds(int64_t ms)
{
    return (int)((ms + 999) / 1000);
}

/* Calls without an answer of interest */

struct operation {
    struct queue_sqs *queue;
    queue_done *done;
    void *arg;
    bool is_extend;
    bool is_delete;
};

static struct operation *operation_new(struct queue_sqs *queue, queue_done *done, void *arg)
{
    struct operation *operation = xcalloc(1, sizeof(*operation));
    operation->queue = queue;
    operation->done = done;
    operation->arg = arg;
    return operation;
}

static void on_operation(void *arg, int err, const json_t *json, const char *text)
{
    (void)json;
    struct operation *operation = arg;
    bool is_gone = err == ERR_NOTFOUND ||
                   (err == ERR_INVALID && strstr(text, "InvalidParameterValue") != NULL);
    if (operation->is_delete && is_gone)
        err = 0; /* settled before, by us or by another */
    if (operation->is_extend && is_gone)
        err = ERR_CONFLICT;
    note(operation->queue, err, text);
    if (operation->done)
        operation->done(operation->arg, err);
    free(operation);
}

static void send_to(struct queue_sqs *queue, const char *url, const char *body, size_t len,
                    int64_t delay_ms, const char *reason, struct operation *operation)
{
    json_t *request = json_pack("{s:s,s:s%}", "QueueUrl", url, "MessageBody", body, len);
    if (delay_ms > 0)
        json_object_set_new(
            request, "DelaySeconds",
            json_integer(seconds(delay_ms > DELAY_MAX_MS ? DELAY_MAX_MS : delay_ms)));
    if (reason)
        json_object_set_new(request, "MessageAttributes",
                            json_pack("{s:{s:s,s:s}}", "Reason", "DataType", "String",
                                      "StringValue", *reason ? reason : "unknown"));
    sqs_call(queue->client, "SendMessage", request, CALL_TIMEOUT_MS, on_operation, operation);
}

static void sqs_send(struct queue *base, const char *body, size_t len, int64_t delay_ms,
                     queue_done *done, void *arg)
{
    struct queue_sqs *queue = self(base);
    send_to(queue, queue->url, body, len, delay_ms, NULL, operation_new(queue, done, arg));
}

static void sqs_extend(struct queue *base, const struct queue_message *message,
                       int64_t visibility_ms, queue_done *done, void *arg)
{
    struct queue_sqs *queue = self(base);
    struct operation *operation = operation_new(queue, done, arg);
    json_t *request = request_body(queue);
    operation->is_extend = true;
    json_object_set_new(request, "ReceiptHandle", json_string(message->receipt));
    json_object_set_new(request, "VisibilityTimeout", json_integer(seconds(visibility_ms)));
    sqs_call(queue->client, "ChangeMessageVisibility", request, CALL_TIMEOUT_MS, on_operation,
             operation);
}

static void sqs_delete(struct queue *base, const struct queue_message *message, queue_done *done,
                       void *arg)
{
    struct queue_sqs *queue = self(base);
    struct operation *operation = operation_new(queue, done, arg);
    json_t *request = request_body(queue);
    operation->is_delete = true;
    json_object_set_new(request, "ReceiptHandle", json_string(message->receipt));
    sqs_call(queue->client, "DeleteMessage", request, CALL_TIMEOUT_MS, on_operation, operation);
}

/* Send somewhere, then delete here */

struct moving {
    struct queue_sqs *queue;
    struct queue_message message; /* only the receipt */
    queue_done *done;
    void *arg;
};

static struct moving *moving_new(struct queue_sqs *queue, const struct queue_message *message,
                                 queue_done *done, void *arg)
{
    struct moving *moving = xcalloc(1, sizeof(*moving));
    moving->queue = queue;
    moving->message.receipt = xstrdup(message->receipt);
    moving->done = done;
    moving->arg = arg;
    return moving;
}

static void moving_end(void *arg, int err)
{
    struct moving *moving = arg;
    moving->done(moving->arg, err);
    free(moving->message.receipt);
    free(moving);
}

static void on_moved(void *arg, int err)
{
    struct moving *moving = arg;
    if (err)
        moving_end(moving, err);
    else
        sqs_delete(&moving->queue->base, &moving->message, moving_end, moving);
}

static void sqs_defer(struct queue *base, const struct queue_message *message, const char *body,
                      size_t len, int64_t delay_ms, queue_done *done, void *arg)
{
    struct queue_sqs *queue = self(base);
    sqs_send(base, body, len, delay_ms, on_moved, moving_new(queue, message, done, arg));
}

static void sqs_dead(struct queue *base, const struct queue_message *message, const char *reason,
                     queue_done *done, void *arg)
{
    struct queue_sqs *queue = self(base);
    if (!queue->dead_url) { /* the check at start has refused this; the server moves it */
        sqs_extend(base, message, 0, done, arg);
        return;
    }
    struct moving *moving = moving_new(queue, message, done, arg);
    send_to(queue, queue->dead_url, message->body, message->body_bytes, 0, reason,
            operation_new(queue, on_moved, moving));
}

/* Receiving */

struct receiving {
    struct queue_sqs *queue;
    queue_received *done;
    void *arg;
};

static int64_t attribute(const json_t *message, const char *name)
{
    return strtoll(jsonx_str(jsonx_object(message, "Attributes"), name), NULL, 10);
}

/* NULL where the body does not have the MD5 that SQS says: it comes again after its lease. */
static struct queue_message *message_new(const json_t *json)
{
    const json_t *body = json_object_get(json, "Body");
    const char *md5 = jsonx_str(json, "MD5OfBody");
    char computed[33];
    if (!json_is_string(body) || !*jsonx_str(json, "ReceiptHandle"))
        return NULL;
    size_t len = json_string_length(body);
    if (*md5 && digest_md5_hex(json_string_value(body), len, computed) &&
        strcmp(computed, md5) != 0)
        return NULL;
    struct queue_message *message = xcalloc(1, sizeof(*message));
    int64_t count = attribute(json, "ApproximateReceiveCount");
    message->id = xstrdup(jsonx_str(json, "MessageId"));
    message->receipt = xstrdup(jsonx_str(json, "ReceiptHandle"));
    message->body = xmemdup(json_string_value(body), len);
    message->body_bytes = len;
    message->receive_count = count > 0 ? (int)count : 1;
    message->sent_ms = attribute(json, "SentTimestamp");
    return message;
}

static void on_received(void *arg, int err, const json_t *json, const char *text)
{
    struct receiving *receiving = arg;
    const json_t *first = json_array_get(json_object_get(json, "Messages"), 0);
    struct queue_message *message = err == 0 && first ? message_new(first) : NULL;
    if (err == 0 && first && !message) {
        err = ERR_UNAVAILABLE;
        text = "a message came whose body does not have its MD5";
    }
    note(receiving->queue, err, text);
    receiving->done(receiving->arg, err, message);
    free(receiving);
}

static void sqs_receive(struct queue *base, int wait_ms, queue_received *done, void *arg)
{
    struct queue_sqs *queue = self(base);
    struct receiving *receiving = xmalloc(sizeof(*receiving));
    *receiving = (struct receiving){queue, done, arg};
    json_t *request = request_body(queue);
    json_object_set_new(request, "MaxNumberOfMessages", json_integer(1));
    json_object_set_new(request, "WaitTimeSeconds", json_integer(seconds(wait_ms)));
    json_object_set_new(request, "VisibilityTimeout",
                        json_integer(seconds(queue->base.options.visibility_ms)));
    json_object_set_new(request, "MessageSystemAttributeNames",
                        json_pack("[s,s]", "ApproximateReceiveCount", "SentTimestamp"));
    sqs_call(queue->client, "ReceiveMessage", request, wait_ms + POLL_MARGIN_MS, on_received,
             receiving);
}

static void sqs_stop_receive(struct queue *queue)
{
    (void)queue; /* an abandoned poll may swallow a message: it is waited for */
}

/* Attributes: depth, and the check at start */

struct depth_reading {
    struct queue_sqs *queue;
    queue_depth_done *done;
    void *arg;
};

static int64_t number(const json_t *attributes, const char *name)
{
    return strtoll(jsonx_str(attributes, name), NULL, 10);
}

static void on_depth(void *arg, int err, const json_t *json, const char *text)
{
    struct depth_reading *reading = arg;
    const json_t *attributes = jsonx_object(json, "Attributes");
    note(reading->queue, err, text);
    const struct queue_depth depth = {
        .waiting = number(attributes, "ApproximateNumberOfMessages"),
        .in_flight = number(attributes, "ApproximateNumberOfMessagesNotVisible"),
        .delayed = number(attributes, "ApproximateNumberOfMessagesDelayed"),
        .oldest_age_ms = -1,
    };
    reading->done(reading->arg, err, err ? NULL : &depth);
    free(reading);
}

static void sqs_depth(struct queue *base, queue_depth_done *done, void *arg)
{
    struct queue_sqs *queue = self(base);
    struct depth_reading *reading = xmalloc(sizeof(*reading));
    *reading = (struct depth_reading){queue, done, arg};
    json_t *request = request_body(queue);
    json_object_set_new(request, "AttributeNames",
                        json_pack("[s,s,s]", "ApproximateNumberOfMessages",
                                  "ApproximateNumberOfMessagesNotVisible",
                                  "ApproximateNumberOfMessagesDelayed"));
    sqs_call(queue->client, "GetQueueAttributes", request, CALL_TIMEOUT_MS, on_depth, reading);
}

/* The dead queue's URL is ours with the name from the policy's ARN, which is in the same account
 * and region. */
static int take_redrive_policy(struct queue_sqs *queue, const char *policy, char *ret_text,
                               size_t size)
{
    JSON_AUTO
    json_t *json = NULL;
    if (!*policy || jsonx_parse(policy, strlen(policy), &json) != 0) {
        (void)snprintf(ret_text, size,
                       "it has no redrive policy: failed messages need a dead queue");
        return ERR_INVALID;
    }
    const json_t *count_json = json_object_get(json, "maxReceiveCount");
    int64_t count = json_is_string(count_json) ? number(json, "maxReceiveCount")
                                               : jsonx_int(json, "maxReceiveCount");
    int least = queue->base.options.max_receives + REDRIVE_MARGIN;
    if (count < least) {
        (void)snprintf(ret_text, size,
                       "its redrive policy's maxReceiveCount is %lld; it must be at least %d "
                       "(MB_MAX_RECEIVES + %d)",
                       (long long)count, least, REDRIVE_MARGIN);
        return ERR_INVALID;
    }
    const char *name = strrchr(jsonx_str(json, "deadLetterTargetArn"), ':');
    const char *slash = strrchr(queue->url, '/');
    free(queue->dead_url);
    queue->dead_url =
        xasprintf("%.*s%s", (int)(slash - queue->url + 1), queue->url, name ? name + 1 : "");
    return 0;
}

static void on_checked(void *arg, int err, const json_t *json, const char *text)
{
    struct operation *operation = arg;
    char why[200];
    const char *policy = jsonx_str(jsonx_object(json, "Attributes"), "RedrivePolicy");
    if (err == ERR_INVALID)
        err = ERR_UNAVAILABLE; /* only what the queue says of itself is final */
    if (err == 0) {
        err = take_redrive_policy(operation->queue, policy, why, sizeof(why));
        text = err ? why : text;
    }
    note(operation->queue, err, text);
    operation->done(operation->arg, err);
    free(operation);
}

static void sqs_check(struct queue *base, queue_done *done, void *arg)
{
    struct queue_sqs *queue = self(base);
    json_t *request = request_body(queue);
    json_object_set_new(request, "AttributeNames", json_pack("[s]", "RedrivePolicy"));
    sqs_call(queue->client, "GetQueueAttributes", request, CALL_TIMEOUT_MS, on_checked,
             operation_new(queue, done, arg));
}

static bool sqs_is_healthy(const struct queue *base)
{
    return !self(base)->is_failing;
}

static const char *sqs_last_error(const struct queue *base)
{
    return self(base)->last_error;
}

static void sqs_free(struct queue *base)
{
    struct queue_sqs *queue = self(base);
    sqs_client_free(queue->client);
    free(queue->base.name);
    free(queue->url);
    free(queue->dead_url);
    free(queue);
}

static const struct queue_ops sqs_ops = {
    .send = sqs_send,
    .receive = sqs_receive,
    .stop_receive = sqs_stop_receive,
    .extend = sqs_extend,
    .delete = sqs_delete,
    .defer = sqs_defer,
    .dead = sqs_dead,
    .depth = sqs_depth,
    .check = sqs_check,
    .is_healthy = sqs_is_healthy,
    .last_error = sqs_last_error,
    .free = sqs_free,
};

struct queue *queue_sqs_new(struct loop *loop, struct httpc *httpc, const char *url,
                            const struct queue_options *options)
{
    struct queue_sqs *queue = xcalloc(1, sizeof(*queue));
    queue->base = (struct queue){.ops = &sqs_ops, .loop = loop, .options = *options};
    queue->base.name = xstrdup(strrchr(url, '/') + 1);
    queue->url = xstrdup(url);
    queue->client = sqs_client_new(loop, httpc, url);
    return &queue->base;
}
