/* The waiting forms of redis.h, for a worker's sequential code. */
#include <stdarg.h>

#include "loop.h"
#include "redis_internal.h"

void redis_command(struct redis *redis, int timeout_ms, redis_done *done, void *arg,
                   const char *format, ...)
{
    char *formatted = NULL;
    va_list args;
    va_start(args, format);
    int len = redisvFormatCommand(&formatted, format, args);
    va_end(args);
    redis_command_formatted(redis, timeout_ms, done, arg, formatted, len);
}

void redis_command_argv(struct redis *redis, int timeout_ms, redis_done *done, void *arg, int argc,
                        const char **argv, const size_t *lens)
{
    char *formatted = NULL;
    long long len = redisFormatCommandArgv(&formatted, argc, argv, lens);
    redis_command_formatted(redis, timeout_ms, done, arg, formatted, (int)len);
}

#define CONNECTION_STEP_MS 20

struct redis_wait {
    struct redis *redis;
    bool done;
    int err;
    struct redis_reply *reply;
};

static void on_waited(void *arg, int err, struct redis_reply *reply)
{
    struct redis_wait *wait = arg;
    wait->err = err;
    wait->reply = reply ? redis_reply_take(wait->redis, reply) : NULL;
    wait->done = true;
}

static void wait_for_connection(struct redis *redis, int timeout_ms)
{
    struct loop *loop = redis_loop(redis);
    int64_t deadline_ms = loop_now_ms(loop) + timeout_ms;
    while (!redis_is_connected(redis) && loop_now_ms(loop) < deadline_ms) {
        bool never = false;
        int64_t step_ms = loop_now_ms(loop) + CONNECTION_STEP_MS;
        loop_run_until(loop, &never, step_ms < deadline_ms ? step_ms : deadline_ms);
    }
}

/* Takes formatted. */
static int call_formatted(struct redis *redis, int timeout_ms, struct redis_reply **ret_reply,
                          char *formatted, int len)
{
    struct redis_wait wait = {.redis = redis};
    wait_for_connection(redis, timeout_ms);
    redis_command_formatted(redis, timeout_ms, on_waited, &wait, formatted, len);
    loop_run_until(redis_loop(redis), &wait.done, INT64_MAX / 2);
    if (ret_reply)
        *ret_reply = wait.reply;
    else
        redis_reply_free(wait.reply);
    return wait.err;
}

int redis_call(struct redis *redis, int timeout_ms, struct redis_reply **ret_reply,
               const char *format, ...)
{
    char *formatted = NULL;
    va_list args;
    va_start(args, format);
    int len = redisvFormatCommand(&formatted, format, args);
    va_end(args);
    return call_formatted(redis, timeout_ms, ret_reply, formatted, len);
}

int redis_call_argv(struct redis *redis, int timeout_ms, struct redis_reply **ret_reply, int argc,
                    const char **argv, const size_t *lens)
{
    char *formatted = NULL;
    long long len = redisFormatCommandArgv(&formatted, argc, argv, lens);
    return call_formatted(redis, timeout_ms, ret_reply, formatted, (int)len);
}
