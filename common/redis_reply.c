#include <stdlib.h>

#include "redis_internal.h"

static const redisReply *raw(const struct redis_reply *reply)
{
    return (const redisReply *)reply;
}

bool redis_is_nil(const struct redis_reply *reply)
{
    return !reply || raw(reply)->type == REDIS_REPLY_NIL;
}

bool redis_is_error(const struct redis_reply *reply)
{
    return reply && raw(reply)->type == REDIS_REPLY_ERROR;
}

const char *redis_str(const struct redis_reply *reply, size_t *ret_len)
{
    bool has_text =
        reply && (raw(reply)->type == REDIS_REPLY_STRING ||
                  raw(reply)->type == REDIS_REPLY_STATUS || raw(reply)->type == REDIS_REPLY_ERROR);
    if (ret_len)
        *ret_len = has_text ? (size_t)raw(reply)->len : 0;
    return has_text ? raw(reply)->str : "";
}

int64_t redis_int(const struct redis_reply *reply)
{
    if (reply && raw(reply)->type == REDIS_REPLY_INTEGER)
        return raw(reply)->integer;
    return strtoll(redis_str(reply, NULL), NULL, 10);
}

size_t redis_len(const struct redis_reply *reply)
{
    return reply && raw(reply)->type == REDIS_REPLY_ARRAY ? raw(reply)->elements : 0;
}

struct redis_reply *redis_at(const struct redis_reply *reply, size_t index)
{
    return index < redis_len(reply) ? (struct redis_reply *)raw(reply)->element[index] : NULL;
}
