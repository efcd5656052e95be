/* Shared by redis*.c only. */
#ifndef MB_REDIS_INTERNAL_H
#define MB_REDIS_INTERNAL_H

#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#include "redis.h"

struct redis_address {
    bool is_tls;
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
/* What redis_done is told of a reply: 0 where it is no error. */
int redis_reply_err(const redisReply *reply);
/* Lets replies of this connection be taken. */
void redis_reply_watch(redisReader *reader);
struct loop *redis_loop(const struct redis *redis);

/* SUBSCRIBE on a connection that does nothing else; done comes for every message, and once with
 * ERR_UNAVAILABLE when the connection ends. False where not connected. */
bool redis_subscribe_raw(struct redis *redis, const char *channel, redisCallbackFn *done,
                         void *arg);

/* TLS, where hiredis has it (redis_tls.c). */

bool redis_tls_is_supported(void);
/* Goes on by TLS, with a server that must be `host`, on a connection that has just been made. What
 * it returns belongs to the connection; NULL where that fails, `why` tells the reason then. */
struct ssl_st *redis_tls_start(redisAsyncContext *connection, const char *host, char *why,
                               size_t why_size);
/* To be called before each use of such a connection: OpenSSL takes an error that someone else left
 * behind for its own. */
void redis_tls_prepare(void);
/* Right after a failure: why TLS failed, false where it did not. */
bool redis_tls_problem(const struct ssl_st *tls, char *text, size_t size);

#endif
