#include "aws.h"

#include <stdint.h>
#include <stdlib.h>

#include "aws_endpoints.h"
#include "aws_fetch.h"
#include "clock.h"
#include "err.h"
#include "log.h"
#include "loop.h"
#include "mem.h"

#define REFRESH_BEFORE_MS (5 * INT64_C(60000))
/* Sources that hand out keys which have expired are asked again after this and up to twice this. */
#define STALE_MS (5 * INT64_C(60000))
/* Refused keys are replaced at once, but no more often than this. */
#define MIN_FETCH_MS 1000
#define BACKOFF_MIN_MS 250
#define BACKOFF_BASE_MS 500
#define BACKOFF_CAP_MS 30000

struct aws {
    struct loop *loop;
    struct httpc *httpc;
    struct aws_endpoints endpoints;
    const struct aws_source *source;
    struct aws_keys keys;
    int serial; /* of keys */
    bool are_refused;
    struct aws_fetch *fetch;  /* NULL: none is under way */
    struct loop_timer *timer; /* to the next one */
    bool is_due;              /* the next one is at hand, and may be waited for */
    int failures;             /* since the last one that went well */
    int64_t fetched_ms;       /* loop time of the last one's end */
    char *why;                /* there are no keys */
    struct aws_waiter *waiters;
};

char *aws_check(const char *queue_url)
{
    AUTO(aws_endpoints) struct aws_endpoints endpoints = {0};
    const struct aws_source *source;
    char *why = NULL;
    if (aws_endpoints_find(queue_url, &endpoints, &why) == 0)
        (void)aws_source_choose(&source, &why);
    return why;
}

/* Getting keys */

static bool have_expired(const struct aws *aws)
{
    return aws->keys.expires_ms && clock_ms() >= aws->keys.expires_ms &&
           !aws->source->outlives_expiry;
}

static bool are_usable(const struct aws *aws)
{
    return aws->keys.access_key && !aws->are_refused && !have_expired(aws);
}

/* Keys that live for less than ten minutes are replaced in the second half of their life. */
static int64_t refresh_delay_ms(int64_t left_ms)
{
    if (left_ms <= 0)
        return STALE_MS + clock_backoff_ms(0, STALE_MS, STALE_MS);
    int64_t before_ms = left_ms / 2 < REFRESH_BEFORE_MS ? left_ms / 2 : REFRESH_BEFORE_MS;
    int64_t jitter_ms = clock_backoff_ms(0, before_ms / 4, before_ms / 4);
    int64_t delay_ms = left_ms - before_ms - jitter_ms;
    return delay_ms > MIN_FETCH_MS ? delay_ms : MIN_FETCH_MS;
}

static void set_why(struct aws *aws, const char *problem)
{
    free(aws->why);
    aws->why = problem ? xasprintf("no AWS credentials from %s: %s", aws->source->name, problem)
                       : xasprintf("AWS credentials from %s are on their way", aws->source->name);
}

static void take_keys(struct aws *aws, struct aws_keys *keys)
{
    aws_keys_release(&aws->keys);
    aws->keys = *keys;
    aws->serial++;
    aws->are_refused = false;
    aws->failures = 0;
    set_why(aws, NULL);
    int64_t left_ms = keys->expires_ms - clock_ms();
    if (keys->expires_ms)
        loop_timer_start(aws->timer, refresh_delay_ms(left_ms));
    log_debug("new AWS credentials", LOG_STR("source", aws->source->name),
              LOG_INT("expire_in_ms", keys->expires_ms ? left_ms : 0));
}

static void note_failure(struct aws *aws, const char *why)
{
    set_why(aws, why);
    loop_timer_start(aws->timer, BACKOFF_MIN_MS + clock_backoff_ms(aws->failures, BACKOFF_BASE_MS,
                                                                   BACKOFF_CAP_MS));
    aws->failures++;
    log_debug("no new AWS credentials", LOG_STR("source", aws->source->name), LOG_STR("error", why),
              LOG_INT("failures", aws->failures));
}

static void on_fetched(void *arg, int err, struct aws_keys *keys, const char *why)
{
    struct aws *aws = arg;
    aws->fetch = NULL;
    aws->fetched_ms = loop_now_ms(aws->loop);
    bool is_late = err == 0 && keys->expires_ms && keys->expires_ms <= clock_ms() &&
                   !aws->source->outlives_expiry;
    if (err || is_late)
        note_failure(aws,
                     err ? why : "they have expired already, or this machine's clock is wrong");
    if (is_late)
        aws_keys_release(keys);
    else if (!err)
        take_keys(aws, keys);
    while (aws->waiters) {
        struct aws_waiter *waiter = aws->waiters;
        aws_credentials_leave(aws, waiter);
        waiter->ready(waiter->arg);
    }
}

static void fetch_keys(void *arg)
{
    struct aws *aws = arg;
    struct aws_keys keys = {0};
    AUTO(free) char *why = NULL;
    bool is_load = aws->source->load;
    aws->is_due = false;
    int err = is_load ? aws->source->load(&keys, &why)
                      : aws_fetch_start(aws->httpc, aws->source, aws->endpoints.sts_url, on_fetched,
                                        aws, &aws->fetch, &why);
    if (is_load || err)
        on_fetched(aws, err, &keys, err ? why : "");
}

static void fetch_soon(struct aws *aws)
{
    int64_t since_ms = loop_now_ms(aws->loop) - aws->fetched_ms;
    bool may_now = aws->source->load || since_ms >= MIN_FETCH_MS;
    aws->is_due = true;
    loop_timer_start(aws->timer, may_now ? 0 : MIN_FETCH_MS - since_ms);
}

struct aws *aws_new(struct loop *loop, struct httpc *httpc, const char *queue_url)
{
    struct aws *aws = xcalloc(1, sizeof(*aws));
    AUTO(free) char *why = NULL;
    aws->loop = loop;
    aws->httpc = httpc;
    if (aws_endpoints_find(queue_url, &aws->endpoints, &why) != 0 ||
        aws_source_choose(&aws->source, &why) != 0)
        abort(); /* the caller has checked it */
    aws->timer = loop_timer_new(loop, fetch_keys, aws);
    set_why(aws, NULL);
    fetch_keys(aws);
    return aws;
}

void aws_free(struct aws *aws)
{
    if (!aws)
        return;
    aws_fetch_cancel(aws->fetch);
    loop_timer_free(aws->timer);
    aws_keys_release(&aws->keys);
    aws_endpoints_release(&aws->endpoints);
    free(aws->why);
    free(aws);
}

const char *aws_region(const struct aws *aws)
{
    return aws->endpoints.region;
}

const char *aws_endpoint(const struct aws *aws)
{
    return aws->endpoints.sqs_url;
}

/* Handing them out */

int aws_credentials_get(struct aws *aws, struct aws_credentials *ret_credentials)
{
    if (!are_usable(aws))
        return ERR_UNAVAILABLE;
    *ret_credentials = (struct aws_credentials){
        .access_key = aws->keys.access_key,
        .secret_key = aws->keys.secret_key,
        .session_token = aws->keys.session_token,
        .serial = aws->serial,
    };
    return 0;
}

bool aws_credentials_wait(struct aws *aws, struct aws_waiter *waiter)
{
    bool is_under_way = aws->fetch || aws->is_due;
    if (!is_under_way && aws->failures)
        return false;
    if (!is_under_way) /* they expired before the timer ran: the machine slept */
        fetch_soon(aws);
    waiter->is_waiting = true;
    waiter->prev = NULL;
    waiter->next = aws->waiters;
    if (waiter->next)
        waiter->next->prev = waiter;
    aws->waiters = waiter;
    return true;
}

void aws_credentials_leave(struct aws *aws, struct aws_waiter *waiter)
{
    if (!waiter->is_waiting)
        return;
    waiter->is_waiting = false;
    if (waiter->prev)
        waiter->prev->next = waiter->next;
    else
        aws->waiters = waiter->next;
    if (waiter->next)
        waiter->next->prev = waiter->prev;
}

void aws_credentials_refused(struct aws *aws, int serial)
{
    if (serial != aws->serial || aws->are_refused)
        return;
    aws->are_refused = true;
    if (!aws->fetch && !aws->failures)
        fetch_soon(aws);
}

const char *aws_credentials_problem(const struct aws *aws)
{
    return are_usable(aws) ? NULL : aws->why;
}
