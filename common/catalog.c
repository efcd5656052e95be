#include "catalog.h"

#include "catalog_scripts.h"
#include "mem.h"
#include "redis.h"

/* ARGV: 2 name, 3 inspected_ms, 4 pulls, 5 badges, 6 "1" for label-schema labels, 7 most entries,
 * 8 keep, 9 recent. Names are indexed once; the index is looked at itself, since Redis may have
 * evicted it. */
static const char put_script[] = CATALOG_FUNCTIONS
    "local name,at=ARGV[2],ARGV[3] "
    "if not redis.call('ZSCORE',KEYS[1],name) then redis.call('ZADD',KEYS[3],at,name) end "
    "redis.call('ZADD',KEYS[1],at,name) redis.call('ZADD',KEYS[2],ARGV[4],name) "
    "if ARGV[6]=='1' then redis.call('ZADD',KEYS[4],0,name) "
    "else redis.call('ZREM',KEYS[4],name) end "
    "set_badges(name,tonumber(ARGV[5])) "
    "local list=parts(name) if not redis.call('ZSCORE',KEYS[7],list[1]) then "
    "for _,part in ipairs(list) do redis.call('ZADD',KEYS[7],0,part) end end "
    "redis.call('ZREMRANGEBYSCORE',KEYS[3],'-inf',tonumber(at)-tonumber(ARGV[9])) "
    "for _,other in ipairs(redis.call('ZRANDMEMBER',KEYS[1],2)) do is_here(other) end "
    "local excess=redis.call('ZCARD',KEYS[1])-tonumber(ARGV[7]) "
    "if excess>0 then for _,other in ipairs(redis.call('ZRANGE',KEYS[1],0,math.min(excess,4)-1)) "
    "do drop(other) end end "
    "for i=1,7 do redis.call('EXPIRE',KEYS[i],ARGV[8]) end";

static char *number(int64_t value)
{
    return xasprintf("%lld", (long long)value);
}

void catalog_put(struct redis *redis, const struct catalog_entry *entry, int64_t max_entries,
                 int64_t keep_seconds)
{
    AUTO(free) char *inspected = number(entry->inspected_ms);
    AUTO(free) char *pulls = number(entry->pulls);
    AUTO(free) char *badges = number(entry->badges);
    AUTO(free) char *most = number(max_entries);
    AUTO(free) char *keep = number(keep_seconds);
    AUTO(free) char *recent = number(CATALOG_RECENT_MS);
    const char *argv[] = {"EVAL",
                          put_script,
                          CATALOG_KEY_COUNT,
                          CATALOG_KEYS,
                          KEY_DOCUMENT,
                          entry->name,
                          inspected,
                          pulls,
                          badges,
                          entry->has_label_schema ? "1" : "0",
                          most,
                          keep,
                          recent};
    redis_command_argv(redis, REDIS_WORKER_TIMEOUT_MS, NULL, NULL, ARRAY_LEN(argv), argv, NULL);
}
