/* The Lua of the Redis queues. Every change of more than one key, and every change that depends on
 * who holds a message, is one script, and all of them take Redis' own clock. */
#ifndef MB_QUEUE_REDIS_SCRIPTS_H
#define MB_QUEUE_REDIS_SCRIPTS_H

#define LUA_NOW                                                                                    \
    "local time = redis.call('TIME')\n"                                                            \
    "local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"

/* KEYS: stream, delayed. ARGV: group, consumer, visibility, longest block.
 * {id, fields, count} of a message that was to be had, else {ms until it is worth asking again}.
 * Due delayed messages first become plain ones; a lease that ran out goes before a new message. */
static const char script_receive[] = LUA_NOW
    "local stream, delayed, group, consumer = KEYS[1], KEYS[2], ARGV[1], ARGV[2]\n"
    "local visibility = tonumber(ARGV[3])\n"
    "local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, 100)\n"
    "for _, member in ipairs(due) do\n"
    "  local body = string.sub(member, string.find(member, ' ', 1, true) + 1)\n"
    "  redis.call('XADD', stream, '*', 'body', body)\n"
    "  redis.call('ZREM', delayed, member)\n"
    "end\n"
    "local cursor = '0-0'\n"
    "repeat\n"
    "  local claimed = redis.call('XAUTOCLAIM', stream, group, consumer, visibility, cursor,\n"
    "                             'COUNT', 1)\n"
    "  local entry = claimed[2][1]\n"
    "  if entry then\n"
    "    local pending = redis.call('XPENDING', stream, group, entry[1], entry[1], 1)\n"
    "    return {entry[1], entry[2], pending[1][4]}\n"
    "  end\n"
    "  cursor = claimed[1]\n"
    "until cursor == '0-0'\n"
    "local read = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', 1, 'STREAMS',\n"
    "                        stream, '>')\n"
    "if read then return {read[1][2][1][1], read[1][2][1][2], 1} end\n"
    "local wait = tonumber(ARGV[4])\n"
    "local first = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')\n"
    "if first[2] then wait = math.min(wait, first[2] - now) end\n"
    "for _, pending in ipairs(redis.call('XPENDING', stream, group, '-', '+', 10)) do\n"
    "  wait = math.min(wait, visibility - pending[3])\n"
    "end\n"
    "return {math.max(wait, 1)}\n";

/* KEYS: delayed. ARGV: delay, a name for the message, body. */
static const char script_send_later[] =
    LUA_NOW "return redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[2] .. ' ' .. ARGV[3])\n";

/* What follows is done only by the consumer that holds the message: 0 it is another's, 2 it is
 * gone. KEYS[1]: stream. ARGV: group, consumer, id, ... */
#define LUA_OWNED                                                                                  \
    "local found = redis.pcall('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)\n"               \
    "if found.err or not found[1] then return 2 end\n"                                             \
    "if found[1][2] ~= ARGV[2] then return 0 end\n"
#define LUA_ACKNOWLEDGE                                                                            \
    "redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])\n"                                              \
    "redis.call('XDEL', KEYS[1], ARGV[3])\n"                                                       \
    "return 1\n"

static const char script_delete[] = LUA_OWNED LUA_ACKNOWLEDGE;

/* ARGV: ..., idle time that leaves the wanted lease. JUSTID: no receive is counted. */
static const char script_extend[] = LUA_OWNED
    "redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'IDLE', ARGV[4], 'JUSTID')\n"
    "return 1\n";

/* KEYS: stream, next stream, next delayed. ARGV: ..., delay, a name for the message, body. */
static const char script_move[] =
    LUA_NOW LUA_OWNED "if tonumber(ARGV[4]) > 0 then\n"
                      "  redis.call('ZADD', KEYS[3], now + ARGV[4], ARGV[5] .. ' ' .. ARGV[6])\n"
                      "else\n"
                      "  redis.call('XADD', KEYS[2], '*', 'body', ARGV[6])\n"
                      "end\n" LUA_ACKNOWLEDGE;

/* KEYS: stream, dead stream. ARGV: ..., body, reason, count. */
static const char script_dead[] = LUA_OWNED
    "redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', 'body', ARGV[4], 'reason', ARGV[5],\n"
    "           'count', ARGV[6], 'id', ARGV[3])\n" LUA_ACKNOWLEDGE;

/* KEYS: stream, delayed. ARGV: group. */
static const char script_depth[] =
    LUA_NOW "local pending = redis.pcall('XPENDING', KEYS[1], ARGV[1])\n"
            "local in_flight = not pending.err and pending[1] or 0\n"
            "local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]\n"
            "local age = first and now - string.match(first[1], '^%d+') or 0\n"
            "return {redis.call('XLEN', KEYS[1]) - in_flight, in_flight,\n"
            "        redis.call('ZCARD', KEYS[2]), math.max(age, 0)}\n";

/* KEYS: stream. ARGV: group. From 0, not from $: what was sent before the first worker counts. */
static const char script_create[] =
    "local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')\n"
    "if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then return made end\n"
    "return 1\n";

/* KEYS: stream. ARGV: group, idle time. Consumers of processes that are long gone; one that holds
 * messages must stay, or nobody could claim them any more. */
static const char script_tidy[] =
    "for _, row in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do\n"
    "  local consumer = {}\n"
    "  for i = 1, #row, 2 do consumer[row[i]] = row[i + 1] end\n"
    "  if consumer.pending == 0 and consumer.idle > tonumber(ARGV[2]) then\n"
    "    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)\n"
    "  end\n"
    "end\n"
    "return 1\n";

#endif
