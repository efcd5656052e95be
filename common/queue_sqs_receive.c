/* Receiving: one long poll. It is never cancelled: a poll that nobody waits for can still be
 * handed a message, which then stays invisible until its lease runs out. */
#include "queue_sqs.h"

#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "err.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"
#include "sqs_client.h"

#define MAX_ANSWER_BYTES ((size_t)8 * 1024 * 1024) /* a body of 1 MiB, escaped */
#define POLL_TIMEOUT_EXTRA_MS 10000
#define POLL_RETRY_EXTRA_MS 5000
/* A long poll that ends early and empty is normal, now and then; a server that does it every time
 * must not be asked in a tight loop. */
#define EARLY_MS 500

static void finish(struct queue_sqs *queue, int err, struct queue_message *message)
{
    queue_received *done = queue->received;
    queue->received = NULL;
    done(queue->received_arg, err, message);
}

static int64_t number_or(const json_t *object, const char *name, int64_t fallback)
{
    const char *text = jsonx_str(object, name);
    size_t len = strlen(text);
    bool is_number = len > 0 && len < 19 && strspn(text, "0123456789") == len;
    return is_number ? strtoll(text, NULL, 10) : fallback;
}

static bool md5_is_right(const json_t *body, const char *md5)
{
    char own[33];
    if (!*md5 || !digest_md5_hex(json_string_value(body), json_string_length(body), own))
        return true;
    return strcasecmp(own, md5) == 0;
}

/* NULL with an error text where it cannot be right. */
static struct queue_message *message_from(const json_t *json, const char **ret_problem)
{
    const json_t *body = json_object_get(json, "Body");
    const char *receipt = jsonx_str(json, "ReceiptHandle");
    if (!json_is_string(body) || !*receipt) {
        *ret_problem = "SQS ReceiveMessage: a message has no body or no receipt";
        return NULL;
    }
    if (!md5_is_right(body, jsonx_str(json, "MD5OfBody"))) {
        *ret_problem = "SQS ReceiveMessage: a body does not have its MD5";
        return NULL;
    }
    const json_t *attributes = jsonx_object(json, "Attributes");
    int64_t count = number_or(attributes, "ApproximateReceiveCount", 1);
    struct queue_message *message = xcalloc(1, sizeof(*message));
    message->id = xstrdup(jsonx_str(json, "MessageId"));
    message->receipt = xstrdup(receipt);
    message->body_bytes = json_string_length(body);
    message->body = xmemdup(json_string_value(body), message->body_bytes);
    message->receive_count = count < 1 ? 1 : count > INT32_MAX ? INT32_MAX : (int)count;
    message->sent_ms = number_or(attributes, "SentTimestamp", 0);
    return message;
}

static void on_early_timer(void *arg)
{
    finish(arg, 0, NULL);
}

static void nothing_came(struct queue_sqs *queue)
{
    int64_t took_ms = loop_now_ms(queue->queue.loop) - queue->started_ms;
    if (took_ms >= EARLY_MS || queue->wait_ms < EARLY_MS || queue->stopping) {
        finish(queue, 0, NULL);
        return;
    }
    if (!queue->timer)
        queue->timer = loop_timer_new(queue->queue.loop, on_early_timer, queue);
    loop_timer_start(queue->timer, EARLY_MS - took_ms);
}

static void on_polled(void *arg, int err, const json_t *json, const char *error_text)
{
    struct queue_sqs *queue = arg;
    queue->poll = NULL;
    if (err == ERR_CANCELLED && queue->stopping) { /* before it was sent */
        finish(queue, 0, NULL);
        return;
    }
    if (queue_sqs_result(queue, err, error_text) != 0) {
        finish(queue, err, NULL);
        return;
    }
    const json_t *first = json_array_get(jsonx_array(json, "Messages"), 0);
    if (!first) {
        nothing_came(queue);
        return;
    }
    const char *problem = NULL;
    struct queue_message *message = message_from(first, &problem);
    if (!message)
        queue_fails(&queue->queue, problem);
    finish(queue, message ? 0 : ERR_PROTO, message);
}

void queue_sqs_receive(struct queue *base, int wait_ms, queue_received *done, void *arg)
{
    struct queue_sqs *queue = (struct queue_sqs *)base;
    if (queue->received)
        abort();
    queue->received = done;
    queue->received_arg = arg;
    queue->stopping = false;
    queue->wait_ms = wait_ms;
    queue->started_ms = loop_now_ms(base->loop);
    json_t *body =
        json_pack("{s:s, s:i, s:i, s:i, s:[s, s]}", "QueueUrl", base->url, "MaxNumberOfMessages", 1,
                  "WaitTimeSeconds", queue_sqs_seconds(wait_ms, 20), "VisibilityTimeout",
                  queue_sqs_seconds(base->options.visibility_ms, 43200),
                  "MessageSystemAttributeNames", "ApproximateReceiveCount", "SentTimestamp");
    const struct sqs_request request = {
        .action = "ReceiveMessage",
        .body = body,
        .max_answer_bytes = MAX_ANSWER_BYTES,
        .timeout_ms = wait_ms + POLL_TIMEOUT_EXTRA_MS,
        .give_up_ms = wait_ms + POLL_RETRY_EXTRA_MS,
    };
    queue->poll = sqs_call_start(queue->client, &request, on_polled, queue);
}

void queue_sqs_stop_receive(struct queue *base)
{
    struct queue_sqs *queue = (struct queue_sqs *)base;
    if (!queue->received || queue->stopping)
        return;
    queue->stopping = true;
    if (queue->poll)
        sqs_call_stop_retries(queue->poll);
    else
        loop_timer_start(queue->timer, 0);
}

void queue_sqs_receive_release(struct queue_sqs *queue)
{
    if (queue->received) /* between an early answer and its end */
        finish(queue, ERR_CANCELLED, NULL);
    loop_timer_free(queue->timer);
}
