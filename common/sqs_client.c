#include "sqs_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws.h"
#include "clock.h"
#include "err.h"
#include "httpc.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"

#define MAX_ATTEMPTS 3
#define BACKOFF_BASE_MS 50
#define THROTTLE_BASE_MS 1000
#define BACKOFF_CAP_MS 20000
#define ANSWER_MAX_BYTES (4u << 20) /* a message is at most 1 MiB, escaped more */
#define CODE_BYTES 80
#define TEXT_BYTES 240

struct sqs_client {
    struct loop *loop;
    struct httpc *httpc;
    char *endpoint;
    char *region;
    struct sqs_call *calls;
};

struct sqs_call {
    struct sqs_client *client;
    struct sqs_call *next, *prev;
    char *target; /* "X-Amz-Target: AmazonSQS.SendMessage" */
    char *body;
    int timeout_ms;
    int attempts;
    struct httpc_call *request;
    struct loop_timer *pause;
    sqs_done *done;
    void *arg;
};

/* An error answer, taken apart. */
struct sqs_error {
    char code[CODE_BYTES]; /* without prefix and "Exception" */
    char text[TEXT_BYTES];
    int status; /* 0: none came */
};

static const char *const throttle_codes[] = {
    "RequestThrottled", "Throttling",   "Throttled",      "SlowDown",  "RequestLimitExceeded",
    "TooManyRequests",  "KmsThrottled", "RequestTimeout", "OverLimit", "PriorRequestNotComplete"};
/* New credentials, or a clock that is right again, may mend these. */
static const char *const credential_codes[] = {
    "ExpiredToken",          "InvalidClientTokenId",
    "UnrecognizedClient",    "InvalidSignature",
    "RequestExpired",        "RequestTimeTooSkewed",
    "SignatureDoesNotMatch", "AccessDenied",
    "InvalidSecurity",       "MissingAuthenticationToken",
    "IncompleteSignature",   "AuthFailure",
    "QueueDoesNotExist",     "AWS.SimpleQueueService.NonExistentQueue"};
static const char *const gone_codes[] = {"ReceiptHandleIsInvalid", "MessageNotInflight"};

static void call_send(struct sqs_call *call);

static bool is_one_of(const char *code, const char *const *codes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(code, codes[i]) == 0)
            return true;
    return false;
}

struct sqs_client *sqs_client_new(struct loop *loop, struct httpc *httpc, const char *queue_url)
{
    struct sqs_client *client = xcalloc(1, sizeof(*client));
    client->loop = loop;
    client->httpc = httpc;
    client->endpoint = aws_sqs_endpoint(queue_url);
    client->region = aws_region(queue_url);
    return client;
}

static void call_end(struct sqs_call *call, int err, const json_t *json, const char *text)
{
    struct sqs_client *client = call->client;
    sqs_done *done = call->done;
    void *arg = call->arg;
    if (call->prev)
        call->prev->next = call->next;
    else
        client->calls = call->next;
    if (call->next)
        call->next->prev = call->prev;
    httpc_cancel(call->request);
    loop_timer_free(call->pause);
    free(call->target);
    free(call->body);
    free(call);
    done(arg, err, json, text);
}

void sqs_client_free(struct sqs_client *client)
{
    if (!client)
        return;
    while (client->calls)
        call_end(client->calls, ERR_CANCELLED, NULL, "cancelled");
    free(client->endpoint);
    free(client->region);
    free(client);
}

/* "com.amazon.coral.service#ThrottlingException" to "Throttling". */
static void set_code(struct sqs_error *error, const char *type)
{
    const char *hash = strrchr(type, '#');
    (void)snprintf(error->code, sizeof(error->code), "%s", hash ? hash + 1 : type);
    size_t len = strlen(error->code);
    if (len > 9 && strcmp(error->code + len - 9, "Exception") == 0)
        error->code[len - 9] = '\0';
}

static void read_error(const struct httpc_response *response, struct sqs_error *error)
{
    JSON_AUTO
    json_t *json = NULL;
    error->status = response->status;
    (void)jsonx_parse(response->body, response->body_bytes, &json);
    const char *type = jsonx_str(json, "__type");
    const char *message = jsonx_str(json, "message");
    if (!*message)
        message = jsonx_str(json, "Message");
    if (*type)
        set_code(error, type);
    (void)snprintf(error->text, sizeof(error->text), "%d %s%s%.150s", response->status, error->code,
                   *message ? ": " : "", message);
}

static bool may_succeed_later(const struct sqs_error *error, bool *ret_is_throttle)
{
    *ret_is_throttle =
        error->status == 429 || is_one_of(error->code, throttle_codes, ARRAY_LEN(throttle_codes));
    return *ret_is_throttle || error->status == 0 || error->status >= 500 || error->status == 200 ||
           is_one_of(error->code, credential_codes, ARRAY_LEN(credential_codes));
}

static int final_err(const struct sqs_error *error)
{
    bool is_throttle;
    if (is_one_of(error->code, gone_codes, ARRAY_LEN(gone_codes)))
        return ERR_NOTFOUND;
    return may_succeed_later(error, &is_throttle) ? ERR_UNAVAILABLE : ERR_INVALID;
}

static void on_pause_over(void *arg)
{
    call_send(arg);
}

/* asked_ms: x-amz-retry-after, 0 if none came. */
static void retry_or_end(struct sqs_call *call, const struct sqs_error *error, int64_t asked_ms)
{
    bool is_throttle;
    if (!may_succeed_later(error, &is_throttle) || call->attempts >= MAX_ATTEMPTS) {
        call_end(call, final_err(error), NULL, error->text);
        return;
    }
    int64_t delay_ms = clock_backoff_ms(
        call->attempts, is_throttle ? THROTTLE_BASE_MS : BACKOFF_BASE_MS, BACKOFF_CAP_MS);
    if (asked_ms > delay_ms)
        delay_ms = asked_ms < delay_ms + 5000 ? asked_ms : delay_ms + 5000;
    loop_timer_start(call->pause, delay_ms);
}

static void on_answer(struct sqs_call *call, const struct httpc_response *response)
{
    JSON_AUTO
    json_t *json = NULL;
    struct sqs_error error = {0};
    bool is_empty = response->body_bytes == 0; /* some calls answer nothing, or {} */
    if (is_empty)
        json = json_object();
    if (json ||
        (jsonx_parse(response->body, response->body_bytes, &json) == 0 && json_is_object(json))) {
        call_end(call, 0, json, "");
        return;
    }
    error.status = response->status;
    (void)snprintf(error.text, sizeof(error.text), "the answer is no JSON object");
    retry_or_end(call, &error, 0);
}

static void on_response(void *arg, const struct httpc_response *response)
{
    struct sqs_call *call = arg;
    struct sqs_error error = {0};
    call->request = NULL;
    if (response->err) {
        (void)snprintf(error.text, sizeof(error.text), "%.200s", response->error_text);
        retry_or_end(call, &error, 0);
    } else if (response->status == 200) {
        on_answer(call, response);
    } else {
        const char *asked = httpc_header(response, "x-amz-retry-after");
        read_error(response, &error);
        retry_or_end(call, &error, asked ? strtol(asked, NULL, 10) : 0);
    }
}

static void call_send(struct sqs_call *call)
{
    struct sqs_client *client = call->client;
    AUTO(aws_credentials) struct aws_credentials credentials = {0};
    call->attempts++;
    if (aws_credentials(&credentials) != 0) {
        call_end(call, ERR_UNAVAILABLE, NULL,
                 "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
        return;
    }
    AUTO(free) char *token = xasprintf("X-Amz-Security-Token: %s", credentials.session_token);
    const char *headers[] = {"Content-Type: application/x-amz-json-1.0", call->target,
                             *credentials.session_token ? token : NULL, NULL};
    const struct httpc_sigv4 sigv4 = {.region = client->region,
                                      .service = "sqs",
                                      .access_key = credentials.access_key,
                                      .secret_key = credentials.secret_key};
    const struct httpc_request request = {
        .method = "POST",
        .url = client->endpoint,
        .headers = headers,
        .body = call->body,
        .body_bytes = strlen(call->body),
        .max_body_bytes = ANSWER_MAX_BYTES,
        .timeout_ms = call->timeout_ms,
        .allow_private = true, /* the operator's own endpoint */
        .own_connection = true,
        .sigv4 = &sigv4,
    };
    call->request = httpc_start(client->httpc, &request, on_response, call);
}

void sqs_call(struct sqs_client *client, const char *action, json_t *body, int timeout_ms,
              sqs_done *done, void *arg)
{
    struct sqs_call *call = xcalloc(1, sizeof(*call));
    call->client = client;
    call->target = xasprintf("X-Amz-Target: AmazonSQS.%s", action);
    call->body = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    call->timeout_ms = timeout_ms;
    call->done = done;
    call->arg = arg;
    call->next = client->calls;
    if (call->next)
        call->next->prev = call;
    client->calls = call;
    call->pause = loop_timer_new(client->loop, on_pause_over, call);
    loop_timer_start(call->pause, 0); /* done never comes from within the start */
}
