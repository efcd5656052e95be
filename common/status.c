#include "status.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "err.h"
#include "mem.h"
#include "redis_keys.h"

static const char *const status_names[] = {"UNKNOWN",   "SUBMITTED", "INSPECTING",       "SIZE",
                                           "INSPECTED", "MISSING",   "FAILED_INSPECTION"};
static const char *const stage_names[] = {
    "queued", "tags", "manifests", "layers", "waiting-rate-limit", "refreshing", "done"};

const char *image_status_str(enum image_status status)
{
    return status_names[status];
}

const char *image_stage_str(enum image_stage stage)
{
    return stage_names[stage];
}

bool status_is_final(const struct status *status)
{
    return status->status == STATUS_MISSING || status->status == STATUS_FAILED ||
           (status->status == STATUS_INSPECTED && status->stage == STAGE_DONE);
}

/* Another version may have written a name that we do not know: it counts as `otherwise`. */
static int index_of(const char *const *names, size_t count, const char *name, int otherwise)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return otherwise;
}

void status_from_reply(const struct redis_reply *fields, struct status *ret_status)
{
    const char *status = redis_str(redis_at(fields, 0), NULL);
    const char *stage = redis_str(redis_at(fields, 1), NULL);
    *ret_status = (struct status){
        .status = (enum image_status)index_of(status_names, ARRAY_LEN(status_names), status,
                                              *status ? STATUS_SUBMITTED : STATUS_UNKNOWN),
        .stage =
            (enum image_stage)index_of(stage_names, ARRAY_LEN(stage_names), stage, STAGE_QUEUED),
        .done = redis_int(redis_at(fields, 2)),
        .total = redis_int(redis_at(fields, 3)),
        .submitted_ms = redis_int(redis_at(fields, 4)),
        .updated_ms = redis_int(redis_at(fields, 5)),
        .retry_ms = redis_int(redis_at(fields, 6)),
        .revision = redis_int(redis_at(fields, 7)),
        .error = xstrdup(redis_str(redis_at(fields, 8), NULL)),
    };
}

void status_release(struct status *status)
{
    free(status->error);
    status->error = NULL;
}

struct status_reading {
    status_read_done *done;
    void *arg;
};

static void on_status(void *arg, int err, struct redis_reply *reply)
{
    struct status_reading *reading = arg;
    struct status status = {0};
    if (err == 0)
        status_from_reply(reply, &status);
    reading->done(reading->arg, err, err ? NULL : &status);
    status_release(&status);
    free(reading);
}

void status_read(struct redis *redis, const char *name, status_read_done *done, void *arg)
{
    struct status_reading *reading = xmalloc(sizeof(*reading));
    *reading = (struct status_reading){done, arg};
    AUTO(free) char *key = xasprintf(KEY_STATUS "%s", name);
    const char *argv[] = {"HMGET", key, STATUS_FIELDS};
    redis_command_argv(redis, REDIS_API_TIMEOUT_MS, on_status, reading, ARRAY_LEN(argv), argv,
                       NULL);
}

/* KEYS: job, status, frontiers of inspection and size, hook, rates of the client and of all; ARGV:
 * 1 now, 2 lease, 3 keep, 4 cause, 5 channel, 6 name, 7 the client's limit, 8 the total limit, 9
 * the hooks' interval. While a queue is backed up, what was sent later than its frontier still
 * waits there. Replies with the result and how long to wait in ms. */
static const char submit_script[] =
    "local s=redis.call('HMGET',KEYS[2],'status','stage','submitted_ms','updated_ms','retry_ms') "
    "local now,cause=tonumber(ARGV[1]),ARGV[4] "
    "local function waits(since,frontier) "
    "return tonumber(since or '0')>tonumber(redis.call('GET',frontier) or '0') end "
    "local queued=s[2]=='queued' "
    "local held=redis.call('EXISTS',KEYS[1])==1 "
    "local unread=s[1]=='SUBMITTED' and queued and (held or waits(s[3],KEYS[3])) "
    "local busy=held or unread or (s[1]=='SIZE' and queued and waits(s[4],KEYS[4])) "
    "if cause=='hook' then "
    "if unread then return {'busy',0} end "
    "local interval=tonumber(ARGV[9]) "
    "local last=tonumber(redis.call('GET',KEYS[5]) or (busy and now or nil)) "
    "if last and now<last then return {'busy',0} end "
    "local at=last and last+interval or now "
    "redis.call('SET',KEYS[5],at,'PX',at-now+interval) "
    "if at>now then return {'after',at-now} end end "
    "if busy then return {'busy',0} end "
    "if cause=='read' then "
    "if tonumber(s[5] or '0')>now then return {'later',0} end "
    "local function is_full(rate,limit) "
    "return tonumber(limit)>0 and tonumber(redis.call('GET',rate) or '0')>=tonumber(limit) end "
    "local function count(rate,limit) if tonumber(limit)>0 and redis.call('INCR',rate)==1 "
    "then redis.call('PEXPIRE',rate,60000) end end "
    "if is_full(KEYS[7],ARGV[8]) then return {'full',redis.call('PTTL',KEYS[7])} end "
    "if is_full(KEYS[6],ARGV[7]) then return {'limited',redis.call('PTTL',KEYS[6])} end "
    "count(KEYS[6],ARGV[7]) count(KEYS[7],ARGV[8]) end "
    "redis.call('SET',KEYS[1],'1','PX',ARGV[2]) "
    "if s[1]=='INSPECTED' then redis.call('HSET',KEYS[2],'stage','refreshing') "
    "else redis.call('HSET',KEYS[2],'status','SUBMITTED','stage','queued') end "
    "redis.call('HSET',KEYS[2],'submitted_ms',ARGV[1],'updated_ms',ARGV[1],'done','0','total','0') "
    "redis.call('HDEL',KEYS[2],'retry_ms','error') "
    "redis.call('EXPIRE',KEYS[2],ARGV[3]) "
    "redis.call('PUBLISH',ARGV[5],ARGV[6]) "
    "return {'go',0}";

struct submitting {
    status_submit_done *done;
    void *arg;
};

static void on_submit(void *arg, int err, struct redis_reply *reply)
{
    static const char *const results[] = {"go", "busy", "later", "after", "limited", "full"};
    struct submitting *submitting = arg;
    const char *text = redis_str(redis_at(reply, 0), NULL);
    int64_t wait_ms = redis_int(redis_at(reply, 1));
    submitting->done(submitting->arg, err,
                     (enum submit_result)index_of(results, ARRAY_LEN(results), text, SUBMIT_BUSY),
                     wait_ms > 0 ? wait_ms : 1);
    free(submitting);
}

static char *number(int64_t value)
{
    return xasprintf("%lld", (long long)value);
}

void status_submit(struct redis *redis, const struct status_submission *submission,
                   status_submit_done *done, void *arg)
{
    static const char *const causes[] = {"read", "hook", "operator"};
    struct submitting *submitting = xmalloc(sizeof(*submitting));
    *submitting = (struct submitting){done, arg};
    const char *name = submission->name;
    AUTO(free) char *job = xasprintf(KEY_JOB "%s", name);
    AUTO(free) char *status = xasprintf(KEY_STATUS "%s", name);
    AUTO(free) char *hook = xasprintf(KEY_HOOK "%s", name);
    AUTO(free)
    char *rate = xasprintf(KEY_RATE "%s", submission->client ? submission->client : "unknown");
    AUTO(free) char *channel = xasprintf(KEY_NOTICE "%d", redis_db(redis));
    AUTO(free) char *now = number(clock_ms());
    AUTO(free) char *lease = number(JOB_SHORT_LEASE_MS);
    AUTO(free) char *keep = number(submission->keep_seconds);
    AUTO(free) char *client_limit = number(submission->client_limit);
    AUTO(free) char *total_limit = number(submission->total_limit);
    AUTO(free) char *interval = number(HOOK_INTERVAL_MS);
    const char *argv[] = {"EVAL",
                          submit_script,
                          "7",
                          job,
                          status,
                          KEY_FRONTIER "inspection",
                          KEY_FRONTIER "size",
                          hook,
                          rate,
                          KEY_RATE "all",
                          now,
                          lease,
                          keep,
                          causes[submission->cause],
                          channel,
                          name,
                          client_limit,
                          total_limit,
                          interval};
    redis_command_argv(redis, REDIS_API_TIMEOUT_MS, on_submit, submitting, ARRAY_LEN(argv), argv,
                       NULL);
}

void status_submitted(struct redis *redis, const char *name)
{
    redis_command(redis, REDIS_API_TIMEOUT_MS, NULL, NULL, "PEXPIRE " KEY_JOB "%s %d", name,
                  JOB_LEASE_MS);
}

/* KEYS: job, status; ARGV: channel, name. As if nobody had asked: the next one tries again. */
static const char submit_failed_script[] =
    "redis.call('DEL',KEYS[1]) "
    "if redis.call('HGET',KEYS[2],'status')=='SUBMITTED' then redis.call('DEL',KEYS[2]) "
    "else redis.call('HSET',KEYS[2],'stage','done') end "
    "redis.call('PUBLISH',ARGV[1],ARGV[2])";

void status_submit_failed(struct redis *redis, const char *name)
{
    redis_command(redis, REDIS_API_TIMEOUT_MS, NULL, NULL,
                  "EVAL %s 2 " KEY_JOB "%s " KEY_STATUS "%s " KEY_NOTICE "%d %s",
                  submit_failed_script, name, name, redis_db(redis), name);
}

void status_hook_failed(struct redis *redis, const char *name)
{
    redis_command(redis, REDIS_API_TIMEOUT_MS, NULL, NULL, "DEL " KEY_HOOK "%s", name);
}

char *notice_channel(const char *url)
{
    return xasprintf(KEY_NOTICE "%d", redis_url_db(url));
}
