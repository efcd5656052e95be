/* What the catalog's scripts have in common. KEYS of each: seen, pulls, new, schema, badges, total,
 * parts (catalog.h); ARGV[1] is the prefix of documents. */
#ifndef MB_CATALOG_SCRIPTS_H
#define MB_CATALOG_SCRIPTS_H

#include "redis_keys.h"

#define CATALOG_KEY_COUNT "7"
#define CATALOG_KEYS                                                                               \
    KEY_CATALOG "seen", KEY_CATALOG "pulls", KEY_CATALOG "new", KEY_CATALOG "schema",              \
        KEY_CATALOG "badges", KEY_CATALOG "total", KEY_CATALOG "parts"

/* text_at: where the text to search starts; parts: a name's members of mb:1:cat:parts; drop:
 * forgets a name; is_here: whether its document still is, else drops it. */
#define CATALOG_FUNCTIONS                                                                          \
    "local function text_at(name) "                                                                \
    "return string.sub(name,1,10)=='docker.io/' and 11 or 1 end "                                  \
    "local function parts(name) local list={} for i=text_at(name),#name do "                       \
    "list[#list+1]=string.sub(name,i)..' '..string.sub(name,1,i-1) end return list end "           \
    "local function set_badges(name,count) "                                                       \
    "local old=tonumber(redis.call('ZSCORE',KEYS[5],name) or '0') "                                \
    "if count~=old then redis.call('INCRBY',KEYS[6],count-old) end "                               \
    "if count>0 then redis.call('ZADD',KEYS[5],count,name) "                                       \
    "else redis.call('ZREM',KEYS[5],name) end end "                                                \
    "local function drop(name) for i=1,4 do redis.call('ZREM',KEYS[i],name) end "                  \
    "set_badges(name,0) redis.call('ZREM',KEYS[7],unpack(parts(name))) end "                       \
    "local function is_here(name) if redis.call('EXISTS',ARGV[1]..name)==1 then return true end "  \
    "drop(name) return false end "

#endif
