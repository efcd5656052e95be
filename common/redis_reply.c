#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "mem.h"
#include "redis_internal.h"

#define MAX_COUNT ((int64_t)1 << 53)

/* hiredis frees each reply after its callback; a taken one is left alone. */
static redisReplyObjectFunctions reply_functions;
static void (*free_reply)(void *);
static void *taken_reply;

static void free_unless_taken(void *reply)
{
    if (reply && reply == taken_reply)
        taken_reply = NULL;
    else
        free_reply(reply);
}

struct redis_reply *redis_reply_take(struct redis *redis, struct redis_reply *reply)
{
    (void)redis;
    taken_reply = reply;
    return reply;
}

void redis_reply_free(struct redis_reply *reply)
{
    if (reply)
        freeReplyObject(reply);
}

void redis_reply_watch(redisReader *reader)
{
    if (!free_reply) {
        reply_functions = *reader->fn;
        free_reply = reply_functions.freeObject;
        reply_functions.freeObject = free_unless_taken;
    }
    reader->fn = &reply_functions;
}

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

static bool error_is(const redisReply *reply, const char *code)
{
    size_t len = strlen(code);
    return reply->len >= len && strncmp(reply->str, code, len) == 0;
}

int redis_reply_err(const redisReply *reply)
{
    static const char *const transient[] = {"LOADING",  "READONLY",    "MASTERDOWN",
                                            "TRYAGAIN", "CLUSTERDOWN", "OOM"};
    if (!reply || reply->type != REDIS_REPLY_ERROR)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(transient); i++)
        if (error_is(reply, transient[i]))
            return ERR_UNAVAILABLE;
    return ERR_PROTO;
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

int64_t redis_count(const struct redis_reply *reply)
{
    int64_t number = redis_int(reply);
    return number < 0 ? 0 : number > MAX_COUNT ? MAX_COUNT : number;
}

size_t redis_len(const struct redis_reply *reply)
{
    return reply && raw(reply)->type == REDIS_REPLY_ARRAY ? raw(reply)->elements : 0;
}

struct redis_reply *redis_at(const struct redis_reply *reply, size_t index)
{
    return index < redis_len(reply) ? (struct redis_reply *)raw(reply)->element[index] : NULL;
}
