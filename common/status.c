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

/* KEYS: job, status, frontiers of inspection and size; ARGV: now, lease, keep, force, channel,
 * name. While a queue is backed up, what was sent later than its frontier still waits there. */
static const char submit_script[] =
    "if redis.call('EXISTS',KEYS[1])==1 then return 'busy' end "
    "local s=redis.call('HMGET',KEYS[2],'status','stage','submitted_ms','updated_ms','retry_ms') "
    "local now=tonumber(ARGV[1]) "
    "if ARGV[4]=='0' and tonumber(s[5] or '0')>now then return 'later' end "
    "local function waits(since,frontier) "
    "return tonumber(since or '0')>tonumber(redis.call('GET',frontier) or '0') end "
    "if s[1]=='SUBMITTED' and s[2]=='queued' and waits(s[3],KEYS[3]) then return 'busy' end "
    "if s[1]=='SIZE' and s[2]=='queued' and waits(s[4],KEYS[4]) then return 'busy' end "
    "redis.call('SET',KEYS[1],'1','PX',ARGV[2]) "
    "if s[1]=='INSPECTED' then redis.call('HSET',KEYS[2],'stage','refreshing') "
    "else redis.call('HSET',KEYS[2],'status','SUBMITTED','stage','queued') end "
    "redis.call('HSET',KEYS[2],'submitted_ms',ARGV[1],'updated_ms',ARGV[1],'done','0','total','0') "
    "redis.call('HDEL',KEYS[2],'retry_ms','error') "
    "redis.call('EXPIRE',KEYS[2],ARGV[3]) "
    "redis.call('PUBLISH',ARGV[5],ARGV[6]) "
    "return 'go'";

struct submitting {
    status_submit_done *done;
    void *arg;
};

static void on_submit(void *arg, int err, struct redis_reply *reply)
{
    struct submitting *submitting = arg;
    const char *text = redis_str(reply, NULL);
    enum submit_result result = SUBMIT_BUSY;
    if (strcmp(text, "go") == 0)
        result = SUBMIT_GO;
    else if (strcmp(text, "later") == 0)
        result = SUBMIT_LATER;
    submitting->done(submitting->arg, err, result);
    free(submitting);
}

void status_submit(struct redis *redis, const char *name, int64_t keep_seconds, bool force,
                   status_submit_done *done, void *arg)
{
    struct submitting *submitting = xmalloc(sizeof(*submitting));
    *submitting = (struct submitting){done, arg};
    AUTO(free) char *job = xasprintf(KEY_JOB "%s", name);
    AUTO(free) char *status = xasprintf(KEY_STATUS "%s", name);
    AUTO(free) char *now = xasprintf("%lld", (long long)clock_ms());
    AUTO(free) char *lease = xasprintf("%d", JOB_SHORT_LEASE_MS);
    AUTO(free) char *keep = xasprintf("%lld", (long long)keep_seconds);
    AUTO(free) char *channel = xasprintf(KEY_NOTICE "%d", redis_db(redis));
    const char *argv[] = {"EVAL",
                          submit_script,
                          "4",
                          job,
                          status,
                          KEY_FRONTIER "inspection",
                          KEY_FRONTIER "size",
                          now,
                          lease,
                          keep,
                          force ? "1" : "0",
                          channel,
                          name};
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

char *notice_channel(const char *url)
{
    return xasprintf(KEY_NOTICE "%d", redis_url_db(url));
}
