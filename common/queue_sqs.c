#include "queue_sqs.h"

#include <stdlib.h>
#include <string.h>

#include "aws.h"
#include "digest.h"
#include "err.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"
#include "sqs_client.h"
#include "url.h"

#define MAX_BODY_BYTES ((size_t)1024 * 1024)
#define MAX_ANSWER_BYTES ((size_t)64 * 1024)
#define CALL_TIMEOUT_MS 10000
#define CALL_GIVE_UP_MS 30000
#define MAX_REASON_BYTES 512
#define MAX_NAME_BYTES 80
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
/* More receives than the worker's own limit, so that the worker sees a message's end, not SQS. */
#define SPARE_RECEIVES 3

static struct queue_sqs *self(struct queue *queue)
{
    return (struct queue_sqs *)queue;
}

int queue_sqs_result(struct queue_sqs *queue, int err, const char *error_text)
{
    if (err == 0 || err == ERR_CONFLICT)
        queue_works(&queue->queue);
    else if (err == ERR_UNAVAILABLE) /* there are no credentials: nothing was sent */
        queue_note_error(&queue->queue, error_text);
    else if (err != ERR_CANCELLED)
        queue_fails(&queue->queue, error_text);
    return err;
}

int queue_sqs_seconds(int64_t ms, int max_seconds)
{
    int64_t seconds = (ms + 999) / 1000;
    return seconds < 0 ? 0 : seconds > max_seconds ? max_seconds : (int)seconds;
}

/* One operation, of one call or of several after another. */
struct sqs_operation {
    struct queue_sqs *queue;
    queue_done *done;
    queue_depth_done *depth_done;
    void *arg;
    int err;       /* found before anything was sent */
    char md5[33];  /* of a body that is sent; "" where MD5 is not to be had */
    char *receipt; /* of a dead message, as are the next two */
    char *body;
    size_t body_bytes;
    char *reason;
};

static struct sqs_operation *operation_new(struct queue *queue, queue_done *done, void *arg)
{
    struct sqs_operation *operation = xcalloc(1, sizeof(*operation));
    operation->queue = self(queue);
    operation->done = done;
    operation->arg = arg;
    return operation;
}

static void operation_finish(struct sqs_operation *operation, int err)
{
    operation->done(operation->arg, err);
    free(operation->receipt);
    free(operation->body);
    free(operation->reason);
    free(operation);
}

static void call_start(struct sqs_operation *operation, const char *action, json_t *body,
                       sqs_done *done)
{
    const struct sqs_request request = {
        .action = action,
        .body = body,
        .err = operation->err,
        .max_answer_bytes = MAX_ANSWER_BYTES,
        .timeout_ms = CALL_TIMEOUT_MS,
        .give_up_ms = CALL_GIVE_UP_MS,
    };
    sqs_call_start(operation->queue->client, &request, done, operation);
}

static json_t *request_new(const struct sqs_operation *operation)
{
    return json_pack("{s:s}", "QueueUrl", operation->queue->queue.url);
}

static void on_simple_done(void *arg, int err, const json_t *json, const char *error_text)
{
    struct sqs_operation *operation = arg;
    (void)json;
    operation_finish(operation, queue_sqs_result(operation->queue, err, error_text));
}

/* Sending */

static int check_sent(struct sqs_operation *operation, int err, const json_t *json,
                      const char *error_text)
{
    const char *md5 = jsonx_str(json, "MD5OfMessageBody");
    if (operation->err)
        return err; /* it was never sent */
    bool is_spoilt = err == 0 && *operation->md5 && *md5 && strcasecmp(md5, operation->md5) != 0;
    if (is_spoilt)
        return queue_sqs_result(operation->queue, ERR_PROTO,
                                "SQS SendMessage: the body arrived with another MD5");
    return queue_sqs_result(operation->queue, err, error_text);
}

static void on_sent(void *arg, int err, const json_t *json, const char *error_text)
{
    struct sqs_operation *operation = arg;
    operation_finish(operation, check_sent(operation, err, json, error_text));
}

/* NULL where the body cannot be sent; the operation's err tells why. */
static json_t *send_request(struct sqs_operation *operation, const char *url, const char *body,
                            size_t body_bytes)
{
    json_t *text =
        body_bytes && body_bytes <= MAX_BODY_BYTES ? json_stringn(body, body_bytes) : NULL;
    if (!text) { /* too long, empty, or not UTF-8 */
        operation->err = body_bytes > MAX_BODY_BYTES ? ERR_TOOBIG : ERR_INVALID;
        return NULL;
    }
    if (!digest_md5_hex(body, body_bytes, operation->md5))
        operation->md5[0] = '\0';
    return json_pack("{s:s, s:o}", "QueueUrl", url, "MessageBody", text);
}

static void sqs_send(struct queue *base, const char *body, size_t body_bytes, int64_t delay_ms,
                     queue_done *done, void *arg)
{
    struct sqs_operation *operation = operation_new(base, done, arg);
    json_t *request = send_request(operation, base->url, body, body_bytes);
    if (request && delay_ms > 0)
        json_object_set_new(request, "DelaySeconds",
                            json_integer(queue_sqs_seconds(delay_ms, 900)));
    call_start(operation, "SendMessage", request, on_sent);
}

/* Leases */

static void on_deleted(void *arg, int err, const json_t *json, const char *error_text)
{
    struct sqs_operation *operation = arg;
    (void)json;
    err = queue_sqs_result(operation->queue, err, error_text);
    /* Servers refuse a receipt of a message that is gone; that is what was wanted. */
    operation_finish(operation, err == ERR_CONFLICT ? 0 : err);
}

static void sqs_delete(struct queue *base, const struct queue_message *message, queue_done *done,
                       void *arg)
{
    struct sqs_operation *operation = operation_new(base, done, arg);
    json_t *request = request_new(operation);
    json_object_set_new(request, "ReceiptHandle", json_string(message->receipt));
    call_start(operation, "DeleteMessage", request, on_deleted);
}

static void sqs_extend(struct queue *base, const struct queue_message *message,
                       int64_t visibility_ms, queue_done *done, void *arg)
{
    struct sqs_operation *operation = operation_new(base, done, arg);
    json_t *request = request_new(operation);
    json_object_set_new(request, "ReceiptHandle", json_string(message->receipt));
    json_object_set_new(request, "VisibilityTimeout",
                        json_integer(queue_sqs_seconds(visibility_ms, 43200)));
    call_start(operation, "ChangeMessageVisibility", request, on_simple_done);
}

/* Attributes */

/* Numbers are texts there; -1 for what is none. */
static int64_t attribute_number(const json_t *attributes, const char *name)
{
    const char *text = jsonx_str(attributes, name);
    size_t len = strlen(text);
    bool is_number = len > 0 && len < 19 && strspn(text, "0123456789") == len;
    return is_number ? strtoll(text, NULL, 10) : -1;
}

static void on_depth(void *arg, int err, const json_t *json, const char *error_text)
{
    struct sqs_operation *operation = arg;
    err = queue_sqs_result(operation->queue, err, error_text);
    const json_t *attributes = jsonx_object(json, "Attributes");
    struct queue_depth depth = {
        .waiting = attribute_number(attributes, "ApproximateNumberOfMessages"),
        .in_flight = attribute_number(attributes, "ApproximateNumberOfMessagesNotVisible"),
        .delayed = attribute_number(attributes, "ApproximateNumberOfMessagesDelayed"),
        .oldest_age_ms = -1,
    };
    operation->depth_done(operation->arg, err, err ? NULL : &depth);
    free(operation);
}

static void sqs_depth(struct queue *base, queue_depth_done *done, void *arg)
{
    struct sqs_operation *operation = operation_new(base, NULL, arg);
    operation->depth_done = done;
    json_t *request = request_new(operation);
    json_object_set_new(request, "AttributeNames",
                        json_pack("[s, s, s]", "ApproximateNumberOfMessages",
                                  "ApproximateNumberOfMessagesNotVisible",
                                  "ApproximateNumberOfMessagesDelayed"));
    call_start(operation, "GetQueueAttributes", request, on_depth);
}

static bool is_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= MAX_NAME_BYTES && strspn(name, NAME_CHARS) == len;
}

/* The dead queue is in the same account and region: its URL differs in the name only. */
static const char *read_redrive_policy(struct queue_sqs *queue, const json_t *json)
{
    const char *text = jsonx_str(jsonx_object(json, "Attributes"), "RedrivePolicy");
    JSON_AUTO
    json_t *policy = NULL;
    if (!*text || jsonx_parse(text, strlen(text), &policy) != 0)
        return "the queue has no redrive policy";
    const char *arn = jsonx_str(policy, "deadLetterTargetArn");
    const char *colon = strrchr(arn, ':');
    if (!colon || !is_name(colon + 1))
        return "the redrive policy of the queue names no dead queue";
    const char *url = queue->queue.url;
    free(queue->dead_url);
    queue->dead_url = xasprintf("%.*s/%s", (int)(strrchr(url, '/') - url), url, colon + 1);
    int64_t max_receives = jsonx_int(policy, "maxReceiveCount");
    if (max_receives == 0) /* some servers keep it as a text */
        max_receives = attribute_number(policy, "maxReceiveCount");
    if (max_receives < queue->queue.options.max_receives + SPARE_RECEIVES)
        return "maxReceiveCount of the queue's redrive policy is smaller than"
               " MB_MAX_RECEIVES + 3";
    return NULL;
}

static int redrive_policy_result(struct sqs_operation *operation, int err, const json_t *json,
                                 const char *error_text)
{
    err = queue_sqs_result(operation->queue, err, error_text);
    const char *problem = err ? NULL : read_redrive_policy(operation->queue, json);
    if (!problem)
        return err;
    queue_fails(&operation->queue->queue, problem);
    return ERR_INVALID;
}

static void ask_redrive_policy(struct sqs_operation *operation, sqs_done *done)
{
    json_t *request = request_new(operation);
    json_object_set_new(request, "AttributeNames", json_pack("[s]", "RedrivePolicy"));
    call_start(operation, "GetQueueAttributes", request, done);
}

static void on_checked(void *arg, int err, const json_t *json, const char *error_text)
{
    struct sqs_operation *operation = arg;
    operation_finish(operation, redrive_policy_result(operation, err, json, error_text));
}

static void sqs_check(struct queue *base, queue_done *done, void *arg)
{
    ask_redrive_policy(operation_new(base, done, arg), on_checked);
}

/* Dead messages: looked up where to, sent there with the reason as an attribute, deleted here. */

static void on_dead_sent(void *arg, int err, const json_t *json, const char *error_text)
{
    struct sqs_operation *operation = arg;
    err = check_sent(operation, err, json, error_text);
    if (err) {
        operation_finish(operation, err);
        return;
    }
    json_t *request = request_new(operation);
    json_object_set_new(request, "ReceiptHandle", json_string(operation->receipt));
    call_start(operation, "DeleteMessage", request, on_deleted);
}

static void dead_send(struct sqs_operation *operation)
{
    json_t *request =
        send_request(operation, operation->queue->dead_url, operation->body, operation->body_bytes);
    if (request && *operation->reason)
        json_object_set_new(request, "MessageAttributes",
                            json_pack("{s:{s:s, s:s}}", "Reason", "DataType", "String",
                                      "StringValue", operation->reason));
    call_start(operation, "SendMessage", request, on_dead_sent);
}

static void on_dead_policy(void *arg, int err, const json_t *json, const char *error_text)
{
    struct sqs_operation *operation = arg;
    err = redrive_policy_result(operation, err, json, error_text);
    if (!operation->queue->dead_url)
        operation_finish(operation, err);
    else
        dead_send(operation);
}

/* SQS takes no control characters. */
static char *reason_text(const char *reason)
{
    char *text = jsonx_repair_utf8(reason, strnlen(reason, MAX_REASON_BYTES));
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < ' ')
            *at = ' ';
    return text;
}

static void sqs_dead(struct queue *base, const struct queue_message *message, const char *reason,
                     queue_done *done, void *arg)
{
    struct sqs_operation *operation = operation_new(base, done, arg);
    operation->receipt = xstrdup(message->receipt);
    operation->body = xmemdup(message->body, message->body_bytes);
    operation->body_bytes = message->body_bytes;
    operation->reason = reason_text(reason);
    if (self(base)->dead_url)
        dead_send(operation);
    else
        ask_redrive_policy(operation, on_dead_policy);
}

/* Start and end */

static void sqs_release(struct queue *base)
{
    struct queue_sqs *queue = self(base);
    sqs_client_free(queue->client);
    queue_sqs_receive_release(queue);
    free(queue->dead_url);
}

static const char *sqs_problem(const struct queue *base)
{
    return sqs_client_problem(((const struct queue_sqs *)base)->client);
}

static const struct queue_backend backend = {
    .release = sqs_release,
    .send = sqs_send,
    .receive = queue_sqs_receive,
    .stop_receive = queue_sqs_stop_receive,
    .extend = sqs_extend,
    .delete_message = sqs_delete,
    .dead = sqs_dead,
    .depth = sqs_depth,
    .check = sqs_check,
    .problem = sqs_problem,
};

/* Queue URLs end in /ACCOUNT/NAME. */
static const char *path_problem(const char *path)
{
    const char *name = strrchr(path, '/');
    size_t len = strlen(path);
    if (!name || name == path)
        return "its path is not /ACCOUNT/NAME";
    if (len > 5 && strcmp(path + len - 5, ".fifo") == 0)
        return "it is a FIFO queue; only standard queues can be used";
    return is_name(name + 1) ? NULL : "the queue's name is not 1 to 80 of A-Z a-z 0-9 _ -";
}

char *queue_sqs_problem(const char *url, const struct url *parts)
{
    const char *problem = path_problem(parts->path);
    if (!problem && (!*parts->host || *parts->user || *parts->password || *parts->query))
        problem = "it is not of the form https://HOST/ACCOUNT/NAME";
    if (problem)
        return xstrdup(problem);
    return aws_check(url);
}

struct queue *queue_sqs_new(struct loop *loop, struct httpc *httpc, const char *url,
                            const struct queue_options *options)
{
    struct queue_sqs *queue = xcalloc(1, sizeof(*queue));
    queue_init(&queue->queue, &backend, loop, url, strrchr(url, '/') + 1, options);
    queue->client = sqs_client_new(loop, httpc, url);
    return &queue->queue;
}
