#include "sqs_client.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws.h"
#include "clock.h"
#include "err.h"
#include "httpc.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"
#include "sqs_error.h"

/* The figures of AWS's own SDKs. */
#define MAX_ATTEMPTS 3
#define BACKOFF_BASE_MS 50
#define BACKOFF_THROTTLED_BASE_MS 1000
#define BACKOFF_CAP_MS 20000
#define RETRY_AFTER_EXTRA_MS 5000 /* how much longer than our own pause a server may ask for */
#define SKEW_MS 240000            /* AWS bears five minutes */
#define ERROR_TEXT_BYTES 220

struct sqs_client {
    struct loop *loop;
    struct httpc *httpc;
    struct aws *aws;
    struct sqs_call *calls;
};

struct sqs_call {
    struct sqs_client *client;
    struct sqs_call *next, *prev;
    const char *action;
    char *body;
    size_t max_answer_bytes;
    int timeout_ms;
    int64_t give_up_ms; /* in loop time */
    int attempts;
    bool asked_again;         /* for credentials */
    int credentials;          /* the serial of those of the last attempt */
    struct aws_waiter waiter; /* for credentials */
    bool no_retries;
    struct httpc_call *http; /* NULL while pausing or waiting */
    struct loop_timer *timer;
    int err; /* of the last attempt; cancelled before the first */
    char error_text[ERROR_TEXT_BYTES];
    sqs_done *done;
    void *arg;
};

/* Does not touch the client, which may be gone. */
static void call_free(struct sqs_call *call)
{
    httpc_cancel(call->http);
    loop_timer_free(call->timer);
    free(call->body);
    free(call);
}

static void call_finish(struct sqs_call *call, int err, const json_t *json)
{
    struct sqs_client *client = call->client;
    if (call->prev)
        call->prev->next = call->next;
    else
        client->calls = call->next;
    if (call->next)
        call->next->prev = call->prev;
    aws_credentials_leave(client->aws, &call->waiter);
    call->done(call->arg, err, json, err ? call->error_text : "");
    call_free(call);
}

/* Only the first line: the next ones of a refused signature quote the security token. */
static void set_error_text(struct sqs_call *call, int status, const char *code, const char *detail)
{
    int detail_len = (int)strcspn(detail, "\r\n");
    if (status)
        (void)snprintf(call->error_text, sizeof(call->error_text), "SQS %s: %d %s%s%.*s",
                       call->action, status, code, *code && detail_len ? ": " : "", detail_len,
                       detail);
    else
        (void)snprintf(call->error_text, sizeof(call->error_text), "SQS %s: %.*s", call->action,
                       detail_len, detail);
}

/* Retrying */

/* Digits only; -1 for anything else. */
static int64_t header_number(const struct httpc_response *response, const char *name)
{
    const char *text = response->err ? NULL : httpc_header(response, name);
    size_t len = text ? strspn(text, "0123456789") : 0;
    return len > 0 && len < 10 && !text[len] ? strtoll(text, NULL, 10) : -1;
}

static int64_t wanted_pause_ms(const struct httpc_response *response)
{
    int64_t pause_ms = header_number(response, "x-amz-retry-after");
    if (pause_ms >= 0)
        return pause_ms;
    int64_t seconds = header_number(response, "Retry-After");
    return seconds >= 0 ? seconds * 1000 : 0;
}

static void retry_or_finish(struct sqs_call *call, enum sqs_verdict verdict, int err,
                            int64_t wanted_ms)
{
    bool is_throttled = verdict == SQS_THROTTLED;
    if (verdict == SQS_CREDENTIALS)
        aws_credentials_refused(call->client->aws, call->credentials);
    int64_t pause_ms = clock_backoff_ms(call->attempts - 1,
                                        is_throttled ? BACKOFF_THROTTLED_BASE_MS : BACKOFF_BASE_MS,
                                        BACKOFF_CAP_MS);
    if (wanted_ms > pause_ms)
        pause_ms = wanted_ms < pause_ms + RETRY_AFTER_EXTRA_MS ? wanted_ms
                                                               : pause_ms + RETRY_AFTER_EXTRA_MS;
    bool may_retry = verdict != SQS_FAILED && call->attempts < MAX_ATTEMPTS &&
                     !(verdict == SQS_CREDENTIALS && call->asked_again) && !call->no_retries &&
                     loop_now_ms(call->client->loop) + pause_ms <= call->give_up_ms;
    if (!may_retry) {
        call_finish(call, err, NULL);
        return;
    }
    call->err = err;
    call->asked_again |= verdict == SQS_CREDENTIALS;
    loop_timer_start(call->timer, pause_ms);
}

/* Answers */

/* A wrong clock is said so: signatures count for five minutes. */
static void add_skew(struct sqs_call *call, const struct httpc_response *response)
{
    const char *date = httpc_header(response, "Date");
    struct tm tm = {0};
    if (!date || !strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &tm))
        return;
    int64_t ahead_ms = clock_ms() - (int64_t)timegm(&tm) * 1000;
    if (ahead_ms < SKEW_MS && ahead_ms > -SKEW_MS)
        return;
    size_t len = strlen(call->error_text);
    (void)snprintf(call->error_text + len, sizeof(call->error_text) - len,
                   " (this machine's clock is %lld s %s the server's)",
                   (long long)(ahead_ms < 0 ? -ahead_ms : ahead_ms) / 1000,
                   ahead_ms < 0 ? "behind" : "ahead of");
}

static void answer_refused(struct sqs_call *call, const struct httpc_response *response)
{
    JSON_AUTO
    json_t *json = NULL;
    if (jsonx_parse(response->body, response->body_bytes, &json) != 0)
        json = NULL;
    const char *message = jsonx_str(json, "message");
    if (!*message)
        message = jsonx_str(json, "Message");
    char code[SQS_CODE_BYTES];
    sqs_error_code(jsonx_str(json, "__type"), httpc_header(response, "x-amzn-query-error"), code);
    int err;
    enum sqs_verdict verdict = sqs_classify(response->status, code, message, &err);
    set_error_text(call, response->status, code, message);
    if (err == ERR_UNAUTHORIZED)
        add_skew(call, response);
    retry_or_finish(call, verdict, err, wanted_pause_ms(response));
}

/* Calls without output may answer nothing at all. */
static void answer_accepted(struct sqs_call *call, const struct httpc_response *response)
{
    JSON_AUTO
    json_t *json = NULL;
    int err = response->body_bytes ? jsonx_parse(response->body, response->body_bytes, &json) : 0;
    if (err || (json && !json_is_object(json))) {
        set_error_text(call, response->status, "", "the answer is not a JSON object");
        retry_or_finish(call, SQS_RETRY, ERR_PROTO, 0);
        return;
    }
    if (!json)
        json = json_object();
    call_finish(call, 0, json);
}

static void on_http_done(void *arg, const struct httpc_response *response)
{
    struct sqs_call *call = arg;
    call->http = NULL;
    if (response->err) {
        set_error_text(call, 0, "", response->error_text);
        retry_or_finish(call, response->err == ERR_TOOBIG ? SQS_FAILED : SQS_RETRY, response->err,
                        0);
    } else if (response->status == 200) {
        answer_accepted(call, response);
    } else {
        answer_refused(call, response);
    }
}

/* Attempts */

static void send_request(struct sqs_call *call, const struct aws_credentials *credentials)
{
    struct sqs_client *client = call->client;
    AUTO(free) char *target = xasprintf("X-Amz-Target: AmazonSQS.%s", call->action);
    AUTO(free)
    char *token = credentials->session_token
                      ? xasprintf("X-Amz-Security-Token: %s", credentials->session_token)
                      : NULL;
    const char *const headers[] = {"Content-Type: application/x-amz-json-1.0", target, token, NULL};
    const struct httpc_sigv4 sigv4 = {
        .region = aws_region(client->aws),
        .service = "sqs",
        .access_key = credentials->access_key,
        .secret_key = credentials->secret_key,
    };
    const struct httpc_request request = {
        .method = "POST",
        .url = aws_endpoint(client->aws),
        .headers = headers,
        .body = call->body,
        .body_bytes = strlen(call->body),
        .max_body_bytes = call->max_answer_bytes,
        .timeout_ms = call->timeout_ms,
        .allow_private = true, /* the endpoint is configuration */
        .own_connection = true,
        .sigv4 = &sigv4,
    };
    call->credentials = credentials->serial;
    call->http = httpc_start(client->httpc, &request, on_http_done, call);
}

static void on_credentials(void *arg)
{
    struct sqs_call *call = arg;
    loop_timer_start(call->timer, 0);
}

static void attempt(struct sqs_call *call)
{
    struct aws *aws = call->client->aws;
    struct aws_credentials credentials;
    if (aws_credentials_get(aws, &credentials) == 0) {
        call->attempts++;
        send_request(call, &credentials);
    } else if (!aws_credentials_wait(aws, &call->waiter)) {
        call->attempts++;
        set_error_text(call, 0, "", aws_credentials_problem(aws));
        retry_or_finish(call, SQS_RETRY, ERR_UNAVAILABLE, 0);
    }
}

static void on_timer(void *arg)
{
    struct sqs_call *call = arg;
    if (call->no_retries || !call->body)
        call_finish(call, call->err, NULL);
    else
        attempt(call);
}

struct sqs_call *sqs_call_start(struct sqs_client *client, const struct sqs_request *request,
                                sqs_done *done, void *arg)
{
    struct sqs_call *call = xcalloc(1, sizeof(*call));
    call->client = client;
    call->action = request->action;
    call->body = request->body ? jsonx_dump(request->body) : NULL;
    json_decref(request->body);
    call->max_answer_bytes = request->max_answer_bytes;
    call->timeout_ms = request->timeout_ms;
    call->give_up_ms = loop_now_ms(client->loop) + request->give_up_ms;
    call->err = request->body ? ERR_CANCELLED : request->err;
    call->done = done;
    call->arg = arg;
    call->next = client->calls;
    if (call->next)
        call->next->prev = call;
    client->calls = call;
    call->waiter.ready = on_credentials;
    call->waiter.arg = call;
    call->timer = loop_timer_new(client->loop, on_timer, call);
    loop_timer_start(call->timer, 0);
    return call;
}

void sqs_call_stop_retries(struct sqs_call *call)
{
    call->no_retries = true;
    if (!call->http)
        loop_timer_start(call->timer, 0);
}

struct sqs_client *sqs_client_new(struct loop *loop, struct httpc *httpc, const char *url)
{
    struct sqs_client *client = xcalloc(1, sizeof(*client));
    client->loop = loop;
    client->httpc = httpc;
    client->aws = aws_new(loop, httpc, url);
    return client;
}

const char *sqs_client_problem(const struct sqs_client *client)
{
    return aws_credentials_problem(client->aws);
}

void sqs_client_free(struct sqs_client *client)
{
    if (!client)
        return;
    while (client->calls) {
        struct sqs_call *call = client->calls;
        client->calls = call->next;
        if (call->next)
            call->next->prev = NULL;
        aws_credentials_leave(client->aws, &call->waiter);
        call->done(call->arg, ERR_CANCELLED, NULL, call->error_text);
        call_free(call);
    }
    aws_free(client->aws);
    free(client);
}
