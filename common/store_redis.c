#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "clock.h"
#include "err.h"
#include "flight.h"
#include "jsonx.h"
#include "mem.h"
#include "redis.h"
#include "redis_keys.h"
#include "store_backend.h"

#define FIELDS_IN_ONE_COMMAND 256
#define FIELDS_IN_ONE_FLIGHT 4096 /* each flight has the time of one command */
#define TEMPORARY_SECONDS "900"

struct redis_store {
    struct store head;
    struct redis *redis;
    int64_t keep_seconds;
    char *channel;
    unsigned temporary; /* counts the names of half-written documents */
};

static struct redis_store *own(const struct store *store)
{
    return (struct redis_store *)store;
}

/* KEYS: status, then as each script says. They all end with a notice: channel and name are the
 * first two ARGV, now and keep the next two. */
#define NOTICE                                                                                     \
    "redis.call('HSET',KEYS[1],'updated_ms',ARGV[3]) redis.call('EXPIRE',KEYS[1],ARGV[4]) "        \
    "redis.call('PUBLISH',ARGV[1],ARGV[2]) "
#define HAS_FACTS "(redis.call('HGET',KEYS[1],'status')=='INSPECTED') "

/* KEYS[2] job; ARGV: 5 lease, 6 stage, 7 "1" for an inspection. */
static const char begin_script[] =
    "redis.call('SET',KEYS[2],'1','PX',ARGV[5]) "
    "if " HAS_FACTS "then redis.call('HSET',KEYS[1],'stage','refreshing') "
    "elseif ARGV[7]=='1' then redis.call('HSET',KEYS[1],'status','INSPECTING','stage',ARGV[6]) "
    "else redis.call('HSET',KEYS[1],'stage',ARGV[6]) end "
    "redis.call('HDEL',KEYS[1],'retry_ms') " NOTICE
    "if ARGV[7]=='1' then return redis.call('HINCRBY',KEYS[1],'revision',1) end "
    "return tonumber(redis.call('HGET',KEYS[1],'revision') or '0')";

/* ARGV: 5 stage, 6 done, 7 total. */
static const char progress_script[] =
    "if not " HAS_FACTS "then redis.call('HSET',KEYS[1],'stage',ARGV[5]) end "
    "redis.call('HSET',KEYS[1],'done',ARGV[6],'total',ARGV[7]) " NOTICE;

/* KEYS[2] the value's key; ARGV: 5 revision, 6 value. */
static const char put_script[] =
    "if (redis.call('HGET',KEYS[1],'revision') or '0')~=ARGV[5] then return 'superseded' end "
    "redis.call('SET',KEYS[2],ARGV[6],'EX',ARGV[4]) return 'ok'";

/* KEYS: 2 job, 3 document, 4 the half-written one; ARGV: 5 revision, 6 status, 7 stage. */
static const char publish_script[] =
    "if (redis.call('HGET',KEYS[1],'revision') or '0')~=ARGV[5] then "
    "redis.call('UNLINK',KEYS[4]) return 'superseded' end "
    "redis.call('UNLINK',KEYS[3]) redis.call('RENAME',KEYS[4],KEYS[3]) "
    "redis.call('EXPIRE',KEYS[3],ARGV[4]) "
    "if " HAS_FACTS "and ARGV[7]~='done' then redis.call('HSET',KEYS[1],'stage','refreshing') "
    "else redis.call('HSET',KEYS[1],'status',ARGV[6],'stage',ARGV[7]) end "
    "if ARGV[7]=='done' then redis.call('DEL',KEYS[2]) "
    "redis.call('HDEL',KEYS[1],'error','retry_ms') end " NOTICE "return 'ok'";

/* KEYS: 2 job, 3 document; ARGV: 5 status, 6 error, 7 retry_ms. */
static const char end_script[] =
    "redis.call('DEL',KEYS[2]) local status=ARGV[5] "
    "if status=='FAILED_INSPECTION' and " HAS_FACTS "then status='INSPECTED' end "
    "if status=='MISSING' then redis.call('UNLINK',KEYS[3]) end "
    "redis.call('HSET',KEYS[1],'status',status,'stage','done','error',ARGV[6],"
    "'retry_ms',ARGV[7]) " NOTICE;

/* KEYS[2] job; ARGV: 5 stage, 6 error, 7 retry_ms, 8 "1": the marker goes. */
static const char wait_script[] =
    "redis.call('HSET',KEYS[1],'stage',ARGV[5],'error',ARGV[6],'retry_ms',ARGV[7]) "
    "if ARGV[8]=='1' then redis.call('DEL',KEYS[2]) end " NOTICE;

/* KEYS[2] job. */
static const char forget_script[] =
    "local now,keep=ARGV[3],ARGV[4] redis.call('DEL',KEYS[2]) redis.call('DEL',KEYS[1]) "
    "redis.call('PUBLISH',ARGV[1],ARGV[2])";

#define SCRIPT_MAX_ARGS 24

/* The common start of a script's argument vector; more keys and arguments are appended. */
struct script {
    const char *argv[SCRIPT_MAX_ARGS];
    size_t lens[SCRIPT_MAX_ARGS];
    int argc;
    char *owned[8];
    int owned_count;
};

static void script_add(struct script *script, const char *text, size_t len)
{
    script->argv[script->argc] = text;
    script->lens[script->argc++] = len;
}

static void script_adds(struct script *script, const char *text)
{
    script_add(script, text, strlen(text));
}

/* Takes text. */
static void script_own(struct script *script, char *text)
{
    script->owned[script->owned_count++] = text;
    script_adds(script, text);
}

static void script_add_int(struct script *script, int64_t number)
{
    script_own(script, xasprintf("%lld", (long long)number));
}

static void script_release(struct script *script)
{
    for (int i = 0; i < script->owned_count; i++)
        free(script->owned[i]);
}

/* keys: prefixes that the name follows; they stand behind the status key. extra_key: a whole one.
 */
static void script_start(struct script *script, struct store *store, const char *text,
                         const char *name, const char *const *prefixes, size_t prefix_count,
                         const char *extra_key)
{
    static const char *const counts[] = {"1", "2", "3", "4"};
    memset(script, 0, sizeof(*script));
    script_adds(script, "EVAL");
    script_adds(script, text);
    script_adds(script, counts[prefix_count + (extra_key ? 1 : 0)]);
    script_own(script, xasprintf(KEY_STATUS "%s", name));
    for (size_t i = 0; i < prefix_count; i++)
        script_own(script, xasprintf("%s%s", prefixes[i], name));
    if (extra_key)
        script_adds(script, extra_key);
    script_adds(script, own(store)->channel);
    script_adds(script, name);
    script_add_int(script, clock_ms());
    script_add_int(script, own(store)->keep_seconds);
}

static const char *const with_job[] = {KEY_JOB, KEY_DOCUMENT};

/* Sends and waits; releases the script. "superseded" is ERR_CONFLICT. */
static int script_call(struct script *script, struct store *store, int64_t *ret_number)
{
    struct redis_reply *reply = NULL;
    int err = redis_call_argv(own(store)->redis, REDIS_WORKER_TIMEOUT_MS, &reply, script->argc,
                              script->argv, script->lens);
    if (err == 0 && strcmp(redis_str(reply, NULL), "superseded") == 0)
        err = ERR_CONFLICT;
    if (err == 0 && ret_number)
        *ret_number = redis_int(reply);
    redis_reply_free(reply);
    script_release(script);
    return err;
}

static void script_send(struct script *script, struct store *store)
{
    redis_command_argv(own(store)->redis, REDIS_WORKER_TIMEOUT_MS, NULL, NULL, script->argc,
                       script->argv, script->lens);
    script_release(script);
}

static int begin(struct store *store, const char *name, bool is_inspection, enum image_stage stage,
                 int64_t *ret_revision)
{
    struct script script;
    script_start(&script, store, begin_script, name, with_job, 1, NULL);
    script_add_int(&script, JOB_LEASE_MS);
    script_adds(&script, image_stage_str(stage));
    script_adds(&script, is_inspection ? "1" : "0");
    return script_call(&script, store, ret_revision);
}

static void progress(struct store *store, const char *name, enum image_stage stage, int64_t done,
                     int64_t total)
{
    struct script script;
    script_start(&script, store, progress_script, name, NULL, 0, NULL);
    script_adds(&script, image_stage_str(stage));
    script_add_int(&script, done);
    script_add_int(&script, total);
    script_send(&script, store);
}

static void renew(struct store *store, const char *name)
{
    redis_command(own(store)->redis, REDIS_WORKER_TIMEOUT_MS, NULL, NULL,
                  "PEXPIRE " KEY_JOB "%s %d", name, JOB_LEASE_MS);
}

static int json_of(const struct redis_reply *reply, json_t **ret_json)
{
    size_t len;
    if (redis_is_nil(reply))
        return ERR_NOTFOUND;
    const char *text = redis_str(reply, &len);
    return jsonx_parse(text, len, ret_json);
}

static int get_record(struct store *store, const char *prefix, const char *name,
                      json_t **ret_record)
{
    struct redis_reply *reply = NULL;
    int err =
        redis_call(own(store)->redis, REDIS_WORKER_TIMEOUT_MS, &reply, "GET %s%s", prefix, name);
    if (err == 0)
        err = json_of(reply, ret_record);
    redis_reply_free(reply);
    return err;
}

static int put_record(struct store *store, const char *prefix, const char *name, int64_t revision,
                      const json_t *record)
{
    AUTO(free) char *text = jsonx_dump(record);
    const char *prefixes[] = {prefix};
    struct script script;
    script_start(&script, store, put_script, name, prefixes, 1, NULL);
    script_add_int(&script, revision);
    script_adds(&script, text);
    return script_call(&script, store, NULL);
}

/* Many HMGETs in one flight. */
struct fields_get {
    struct flight *flight;
    struct store_get *get;
};

static void on_fields(void *arg, int err, struct redis_reply *reply)
{
    struct fields_get *got = arg;
    for (size_t f = 0; err == 0 && f < redis_len(reply); f++) {
        const struct redis_reply *value = redis_at(reply, f);
        if (redis_is_nil(value))
            continue;
        const char *text = redis_str(value, &got->get->value_bytes[f]);
        got->get->values[f] = xmemdup(text, got->get->value_bytes[f]);
    }
    flight_on_reply(got->flight, err, reply);
}

static int get_fields(struct store *store, struct store_get *gets, size_t count)
{
    struct flight flight = {.loop = store->loop, .pending = count};
    AUTO(free) struct fields_get *flying = xcalloc(count, sizeof(*flying));
    for (size_t i = 0; i < count; i++) {
        const char *argv[2 + STORE_GET_FIELDS] = {"HMGET", gets[i].key};
        int argc = 2;
        for (size_t f = 0; f < STORE_GET_FIELDS && gets[i].fields[f]; f++)
            argv[argc++] = gets[i].fields[f];
        flying[i] = (struct fields_get){&flight, &gets[i]};
        redis_command_argv(own(store)->redis, REDIS_WORKER_TIMEOUT_MS, on_fields, &flying[i], argc,
                           argv, NULL);
    }
    return flight_wait(&flight);
}

struct version_get {
    struct flight *flight;
    json_t **ret_version;
};

static void on_version(void *arg, int err, struct redis_reply *reply)
{
    struct version_get *get = arg;
    for (size_t i = 0; err == 0 && i < redis_len(reply); i++) {
        size_t len;
        const char *text = redis_str(redis_at(reply, i), &len);
        if (len && !*get->ret_version)
            (void)jsonx_parse(text, len, get->ret_version); /* unreadable counts as unknown */
    }
    flight_on_reply(get->flight, err, reply);
}

static int get_versions(struct store *store, const char *const *digests, size_t count,
                        json_t **ret_versions)
{
    struct flight flight = {.loop = store->loop, .pending = count};
    AUTO(free) struct version_get *gets = xcalloc(count, sizeof(*gets));
    for (size_t i = 0; i < count; i++) {
        ret_versions[i] = NULL;
        gets[i] = (struct version_get){&flight, &ret_versions[i]};
        redis_command(own(store)->redis, REDIS_WORKER_TIMEOUT_MS, on_version, &gets[i],
                      "HMGET " KEY_VERSION "%s facts record", digests[i]);
    }
    int err = flight_wait(&flight);
    for (size_t i = 0; err && i < count; i++) {
        json_decref(ret_versions[i]);
        ret_versions[i] = NULL;
    }
    return err;
}

static void send_fields(struct store *store, const char *key, const struct store_field *fields,
                        size_t count, struct flight *flight)
{
    const char *argv[2 + FIELDS_IN_ONE_COMMAND * 2] = {"HSET", key};
    size_t lens[2 + FIELDS_IN_ONE_COMMAND * 2] = {4, strlen(key)};
    int argc = 2;
    for (size_t i = 0; i < count; i++) {
        argv[argc] = fields[i].name;
        lens[argc++] = strlen(fields[i].name);
        argv[argc] = fields[i].value;
        lens[argc++] = fields[i].value_bytes;
    }
    flight->pending++;
    redis_command_argv(own(store)->redis, REDIS_WORKER_TIMEOUT_MS, flight_on_reply, flight, argc,
                       argv, lens);
}

static int put_version(struct store *store, const char *digest, const struct store_field *fields,
                       size_t count)
{
    AUTO(free) char *key = xasprintf(KEY_VERSION "%s", digest);
    struct flight flight = {.loop = store->loop, .pending = 1};
    send_fields(store, key, fields, count, &flight);
    redis_command(own(store)->redis, REDIS_WORKER_TIMEOUT_MS, flight_on_reply, &flight,
                  "EXPIRE %s %lld", key, (long long)own(store)->keep_seconds);
    return flight_wait(&flight);
}

static int write_fields(struct store *store, const char *key, const struct store_field *fields,
                        size_t count)
{
    for (size_t at = 0; at < count; at += FIELDS_IN_ONE_FLIGHT) {
        struct flight flight = {.loop = store->loop};
        size_t end = count - at < FIELDS_IN_ONE_FLIGHT ? count : at + FIELDS_IN_ONE_FLIGHT;
        for (size_t i = at; i < end; i += FIELDS_IN_ONE_COMMAND)
            send_fields(store, key, fields + i,
                        end - i < FIELDS_IN_ONE_COMMAND ? end - i : FIELDS_IN_ONE_COMMAND, &flight);
        flight.pending++;
        redis_command(own(store)->redis, REDIS_WORKER_TIMEOUT_MS, flight_on_reply, &flight,
                      "EXPIRE %s " TEMPORARY_SECONDS, key);
        int err = flight_wait(&flight);
        if (err)
            return err;
    }
    return 0;
}

static int publish(struct store *store, const char *name, int64_t revision,
                   const struct store_field *fields, size_t count, enum image_status status,
                   enum image_stage stage)
{
    AUTO(free)
    char *temporary = xasprintf(KEY_DOCUMENT "%s:%lld:%u:%lld", name, (long long)revision,
                                own(store)->temporary++, (long long)clock_ms());
    int err = write_fields(store, temporary, fields, count);
    if (err)
        return err;
    struct script script;
    script_start(&script, store, publish_script, name, with_job, 2, temporary);
    script_add_int(&script, revision);
    script_adds(&script, image_status_str(status));
    script_adds(&script, image_stage_str(stage));
    return script_call(&script, store, NULL);
}

static int end_job(struct store *store, const char *name, enum image_status status,
                   const char *error, int64_t retry_ms)
{
    struct script script;
    script_start(&script, store, end_script, name, with_job, 2, NULL);
    script_adds(&script, image_status_str(status));
    script_adds(&script, error);
    script_add_int(&script, retry_ms);
    return script_call(&script, store, NULL);
}

static int wait_for(struct store *store, const char *name, enum image_stage stage,
                    const char *error, int64_t retry_ms, bool drop_marker)
{
    struct script script;
    script_start(&script, store, wait_script, name, with_job, 1, NULL);
    script_adds(&script, image_stage_str(stage));
    script_adds(&script, error);
    script_add_int(&script, retry_ms);
    script_adds(&script, drop_marker ? "1" : "0");
    return script_call(&script, store, NULL);
}

static int forget(struct store *store, const char *name)
{
    struct script script;
    script_start(&script, store, forget_script, name, with_job, 1, NULL);
    return script_call(&script, store, NULL);
}

static void list(struct store *store, const struct catalog_entry *entry)
{
    catalog_put(own(store)->redis, entry, CATALOG_MAX_ENTRIES, own(store)->keep_seconds);
}

static void frontier(struct store *store, const char *queue, int64_t sent_ms)
{
    redis_command(own(store)->redis, REDIS_WORKER_TIMEOUT_MS, NULL, NULL,
                  "SET " KEY_FRONTIER "%s %lld EX %lld", queue, (long long)sent_ms,
                  (long long)own(store)->keep_seconds);
}

static struct store_link link_of(const struct store *store)
{
    const struct redis_store *redis = own(store);
    return (struct store_link){store->loop, redis->redis, redis->keep_seconds, redis->channel,
                               NULL};
}

static void release(struct store *store)
{
    free(own(store)->channel);
    free(store);
}

static const struct store_backend backend = STORE_BACKEND;

struct store *store_redis_new(struct loop *loop, struct redis *redis, int64_t keep_seconds)
{
    struct redis_store *store = xcalloc(1, sizeof(*store));
    store->head = (struct store){&backend, loop};
    store->redis = redis;
    store->keep_seconds = keep_seconds;
    store->channel = xasprintf(KEY_NOTICE "%d", redis_db(redis));
    return &store->head;
}
