/* One Redis connection that keeps itself alive: connects without blocking (names are resolved
 * aside), logs in, selects its database, reconnects with backoff. Only redis*.c include hiredis.
 *
 * URLs: redis://[[user]:password@]host[:port][/db], unix:[//][[user]:password@]/path[?db=N];
 * rediss:// is redis:// by TLS and needs that in hiredis (1.0 or newer). Query members that are not
 * `db` are left alone: queue URLs carry `stream` there. */
#ifndef MB_REDIS_H
#define MB_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct redis;
struct redis_reply; /* hiredis' redisReply behind this door */

/* reply is NULL when err is not 0. A Redis error reply is err ERR_PROTO with the reply given, but
 * LOADING, READONLY, MASTERDOWN, TRYAGAIN and OOM are ERR_UNAVAILABLE. Borrowed for the call. */
typedef void redis_done(void *arg, int err, struct redis_reply *reply);

/* Checks a URL without connecting. 0, ERR_INVALID or ERR_UNSUPPORTED (TLS with an old hiredis);
 * ret_why is a static text in that case. */
int redis_url_check(const char *url, const char **ret_why);
/* "host:port/db" or the socket's path: two URLs with equal identities are one database. No
 * secrets in it. Caller frees. */
char *redis_url_identity(const char *url);
/* The database number in a checked URL. */
int redis_url_db(const char *url);

/* Checks a file of CA certificates (PEM), or "", which stands for the system's: as above. */
int redis_ca_check(const char *ca_file, const char **ret_why);
/* Whom the whole process trusts at the other end of rediss://, for connections made from now on.
 * ca_file has passed redis_ca_check. */
void redis_trust(const char *ca_file);

/* url has passed redis_url_check. Starts connecting at once; name is told by CLIENT SETNAME. */
struct redis *redis_new(struct loop *loop, const char *url, const char *name);
/* Pending commands get ERR_CANCELLED. NULL is fine. */
void redis_free(struct redis *redis);
/* The database number that it selects. */
int redis_db(const struct redis *redis);
bool redis_is_connected(const struct redis *redis);
/* Why it is not connected, for readiness and logs; "" when connected. Borrowed. */
const char *redis_last_error(const struct redis *redis);
/* Told on every change; at most one listener. */
void redis_on_change(struct redis *redis, void (*changed)(void *arg, bool connected), void *arg);

/* Told why there is no connection, whenever that is another reason than last time; at most one
 * listener. `why` is borrowed for the call. */
void redis_on_problem(struct redis *redis, void (*problem)(void *arg, const char *why), void *arg);

/* Sends a command with printf-like arguments as in hiredis (%s, %b with a size_t, %d, %lld).
 * done comes once, from the loop, also where not connected (ERR_UNAVAILABLE), late (ERR_TIMEOUT:
 * the connection is closed, since replies match by order) or freed (ERR_CANCELLED).
 * done may be NULL. */
void redis_command(struct redis *redis, int timeout_ms, redis_done *done, void *arg,
                   const char *format, ...);
/* The same from an argument vector; lens may be NULL for C strings. */
void redis_command_argv(struct redis *redis, int timeout_ms, redis_done *done, void *arg, int argc,
                        const char **argv, const size_t *lens);

/* For a worker's sequential code: waits in the loop, for a connection too, up to timeout_ms.
 * ret_reply may be NULL; caller frees it with redis_reply_free. An error reply is given as well. */
int redis_call(struct redis *redis, int timeout_ms, struct redis_reply **ret_reply,
               const char *format, ...);
int redis_call_argv(struct redis *redis, int timeout_ms, struct redis_reply **ret_reply, int argc,
                    const char **argv, const size_t *lens);

/* Closes the connection and connects anew; pending commands get ERR_CANCELLED. */
void redis_reconnect(struct redis *redis);

/* Inside done: keeps the reply beyond the callback; caller frees it. */
struct redis_reply *redis_reply_take(struct redis *redis, struct redis_reply *reply);
void redis_reply_free(struct redis_reply *reply);

bool redis_is_nil(const struct redis_reply *reply); /* also for a NULL reply */
bool redis_is_error(const struct redis_reply *reply);
/* Text of a string, status or error reply, "" for others; NUL-terminated. ret_len may be NULL. */
const char *redis_str(const struct redis_reply *reply, size_t *ret_len);
/* An integer reply, or a string reply read as one; 0 for others. */
int64_t redis_int(const struct redis_reply *reply);
/* The same where it counts something: from 0 to 2^53, so that sums and differences have room. */
int64_t redis_count(const struct redis_reply *reply);
size_t redis_len(const struct redis_reply *reply); /* elements of an array reply */
struct redis_reply *redis_at(const struct redis_reply *reply, size_t index); /* NULL past the end */

static inline void redis_reply_cleanup(struct redis_reply **reply)
{
    redis_reply_free(*reply);
}

/* One channel on a connection of its own. `changed` tells each gain and loss of the subscription:
 * between a loss and the next gain messages may have been missed. A heartbeat notices a dead peer.
 */
struct redis_sub;
struct redis_sub *redis_sub_new(struct loop *loop, const char *url, const char *name,
                                const char *channel,
                                void (*message)(void *arg, const char *text, size_t len),
                                void (*changed)(void *arg, bool subscribed), void *arg);
void redis_sub_free(struct redis_sub *sub);

#endif
