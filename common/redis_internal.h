/* Shared by redis*.c only. */
#ifndef MB_REDIS_INTERNAL_H
#define MB_REDIS_INTERNAL_H

#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#include "redis.h"

struct redis_address {
    char *host; /* "" for a socket */
    int port;
    char *socket_path;
    char *user;
    char *password;
    int db;
};

int redis_address_parse(const char *text, struct redis_address *ret_address, const char **ret_why);
void redis_address_release(struct redis_address *address);

/* redis_command with a command that hiredis has formatted; takes it (NULL: could not be). */
void redis_command_formatted(struct redis *redis, int timeout_ms, redis_done *done, void *arg,
                             char *formatted, int len);
struct loop *redis_loop(const struct redis *redis);

/* SUBSCRIBE on a connection that does nothing else; done comes for every message, and once with
 * ERR_UNAVAILABLE when the connection ends. False where not connected. */
bool redis_subscribe_raw(struct redis *redis, const char *channel, redisCallbackFn *done,
                         void *arg);

#endif
