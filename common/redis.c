#include "redis.h"

#include <signal.h>
#include <string.h>

#include "ascii.h"
#include "clock.h"
#include "err.h"
#include "loop.h"
#include "mem.h"
#include "redis_internal.h"
#include "resolve.h"

#define CONNECT_TIMEOUT_MS 3000
#define RECONNECT_BASE_MS 50
#define RECONNECT_CAP_MS 5000

enum redis_state {
    REDIS_WAITING,   /* for the reconnect timer */
    REDIS_RESOLVING, /* the host's name */
    REDIS_STARTING,  /* connecting, logging in */
    REDIS_READY,
};

struct redis_pending {
    struct redis *redis;
    struct redis_pending *next, *prev;
    int64_t deadline_ms;
    redis_done *done;
    void *arg;
    unsigned failed_turn; /* never sent: its callback is due on a later timer turn; 0: sent */
    unsigned late_turn;   /* the timer turn that found its deadline past; 0: none yet */
};

struct redis {
    struct loop *loop;
    struct redis_address address;
    char *name;
    enum redis_state state;
    redisAsyncContext *context;
    struct ssl_st *tls; /* the context's; NULL without TLS */
    struct loop_io *io;
    struct resolve *resolve;
    struct redis_pending *pending;
    struct loop_timer *command_timer; /* the earliest deadline of a pending command */
    int64_t command_timer_ms;
    unsigned command_turn;
    struct loop_timer *connect_timer; /* back-off, and the deadline while starting */
    unsigned attempts;
    int close_err;       /* what pending commands are told while the connection is torn down */
    char tls_error[160]; /* why TLS could not be started on this connection; else "" */
    char last_error[160];
    void (*changed)(void *arg, bool connected);
    void *changed_arg;
    void (*problem)(void *arg, const char *why);
    void *problem_arg;
};

static void connect_start(struct redis *redis);
static void connection_lost(struct redis *redis, const char *why);

/* Glue between hiredis' event hooks and the loop. */

static void on_ready(void *arg, int events)
{
    struct redis *redis = arg;
    redisAsyncContext *context = redis->context;
    if (redis->tls)
        redis_tls_prepare();
    if (events & LOOP_READ)
        redisAsyncHandleRead(context);
    /* Handling the read may have ended this connection. */
    if ((events & LOOP_WRITE) && redis->context == context)
        redisAsyncHandleWrite(context);
}

static void hook_change(void *data, int add, int del)
{
    struct redis *redis = data;
    if (redis->io)
        loop_io_set(redis->io, (loop_io_events(redis->io) | add) & ~del);
}

static void hook_add_read(void *data)
{
    hook_change(data, LOOP_READ, 0);
}

static void hook_del_read(void *data)
{
    hook_change(data, 0, LOOP_READ);
}

static void hook_add_write(void *data)
{
    hook_change(data, LOOP_WRITE, 0);
}

static void hook_del_write(void *data)
{
    hook_change(data, 0, LOOP_WRITE);
}

static void hook_cleanup(void *data)
{
    struct redis *redis = data;
    loop_io_free(TAKE(redis->io));
}

/* Pending commands */

static void pending_finish(struct redis_pending *pending, int err, struct redis_reply *reply)
{
    struct redis *redis = pending->redis;
    redis_done *done = pending->done;
    void *arg = pending->arg;
    if (pending->prev)
        pending->prev->next = pending->next;
    else
        redis->pending = pending->next;
    if (pending->next)
        pending->next->prev = pending->prev;
    free(pending);
    if (done)
        done(arg, err, reply);
}

static void on_reply(redisAsyncContext *context, void *data, void *arg)
{
    (void)context;
    struct redis_pending *pending = arg;
    redisReply *reply = data;
    if (!pending)
        return;
    if (!reply) {
        int err = pending->redis->close_err;
        pending_finish(pending, err ? err : ERR_UNAVAILABLE, NULL);
        return;
    }
    pending_finish(pending, redis_reply_err(reply), (struct redis_reply *)reply);
}

static void command_timer_update(struct redis *redis, int64_t deadline_ms)
{
    if (loop_timer_is_active(redis->command_timer) && redis->command_timer_ms <= deadline_ms)
        return;
    redis->command_timer_ms = deadline_ms;
    loop_timer_start(redis->command_timer, deadline_ms - loop_now_ms(redis->loop));
}

static void on_command_timer(void *arg)
{
    struct redis *redis = arg;
    int64_t now_ms = loop_now_ms(redis->loop);
    int64_t earliest_ms = INT64_MAX;
    bool late = false;
    unsigned turn = redis->command_turn++;
    struct redis_pending *next;
    for (struct redis_pending *at = redis->pending; at; at = next) {
        next = at->next;
        if (at->failed_turn && at->failed_turn <= turn) {
            pending_finish(at, ERR_UNAVAILABLE, NULL);
            next = redis->pending; /* the callback may have changed the list */
        } else if (at->failed_turn) {
            earliest_ms = now_ms;
        } else if (at->deadline_ms <= now_ms && at->late_turn && at->late_turn < turn) {
            late = true;
        } else if (at->deadline_ms <= now_ms) {
            /* Where this process was held up, the answer may be here, unread: once around. */
            at->late_turn = turn;
            earliest_ms = now_ms;
        } else if (at->deadline_ms < earliest_ms) {
            earliest_ms = at->deadline_ms;
        }
    }
    if (late) {
        redis->close_err = ERR_TIMEOUT;
        connection_lost(redis, "a command timed out");
    } else if (earliest_ms != INT64_MAX) {
        command_timer_update(redis, earliest_ms);
    }
}

static struct redis_pending *pending_new(struct redis *redis, int timeout_ms, redis_done *done,
                                         void *arg)
{
    struct redis_pending *pending = xcalloc(1, sizeof(*pending));
    pending->redis = redis;
    pending->done = done;
    pending->arg = arg;
    pending->deadline_ms = loop_now_ms(redis->loop) + timeout_ms;
    pending->next = redis->pending;
    if (pending->next)
        pending->next->prev = pending;
    redis->pending = pending;
    return pending;
}

void redis_command_formatted(struct redis *redis, int timeout_ms, redis_done *done, void *arg,
                             char *formatted, int len)
{
    struct redis_pending *pending = pending_new(redis, timeout_ms, done, arg);
    bool sent = len > 0 && redis->state == REDIS_READY &&
                redisAsyncFormattedCommand(redis->context, on_reply, pending, formatted,
                                           (size_t)len) == REDIS_OK;
    if (sent) {
        command_timer_update(redis, pending->deadline_ms);
    } else {
        pending->failed_turn = redis->command_turn;
        command_timer_update(redis, loop_now_ms(redis->loop));
    }
    redisFreeCommand(formatted);
}

/* Connecting */

static void tell_change(struct redis *redis, bool connected)
{
    if (redis->changed)
        redis->changed(redis->changed_arg, connected);
}

static void tell_problem(struct redis *redis, const char *why)
{
    bool is_new = strcmp(redis->last_error, why) != 0;
    (void)snprintf(redis->last_error, sizeof(redis->last_error), "%s", why);
    if (is_new && redis->problem)
        redis->problem(redis->problem_arg, redis->last_error);
}

/* The context is gone or goes now; pending commands fail; tries again after a pause. */
static void connection_lost(struct redis *redis, const char *why)
{
    bool was_ready = redis->state == REDIS_READY;
    redisAsyncContext *context = redis->context;
    redis->state = REDIS_WAITING;
    redis->context = NULL;
    redis->tls = NULL;
    tell_problem(redis, why);
    if (context)
        redisAsyncFree(context);
    redis->close_err = 0;
    loop_timer_start(redis->connect_timer,
                     RECONNECT_BASE_MS / 2 + clock_backoff_ms((int)redis->attempts,
                                                              RECONNECT_BASE_MS, RECONNECT_CAP_MS));
    redis->attempts++;
    if (was_ready)
        tell_change(redis, false);
}

/* hiredis knows little of what goes wrong in TLS. */
static void context_lost(struct redis *redis, const redisAsyncContext *context,
                         const char *otherwise)
{
    char why[sizeof(redis->last_error)];
    if (*redis->tls_error)
        (void)snprintf(why, sizeof(why), "%s", redis->tls_error);
    else if (!redis->tls || !redis_tls_problem(redis->tls, why, sizeof(why)))
        (void)snprintf(why, sizeof(why), "%s",
                       context->errstr && *context->errstr ? context->errstr : otherwise);
    redis->context = NULL;
    connection_lost(redis, why);
}

/* hiredis frees the context itself after these two callbacks. */
static void on_disconnected(const redisAsyncContext *context, int status)
{
    (void)status;
    struct redis *redis = context->data;
    if (redis->context != context)
        return; /* we closed it ourselves */
    context_lost(redis, context, "closed");
}

/* The last command of the login: when it is answered, all are. */
static void on_login_done(redisAsyncContext *context, void *data, void *arg)
{
    const redisReply *reply = data;
    struct redis *redis = arg;
    if (!reply || redis->context != context)
        return;
    if (reply->type == REDIS_REPLY_ERROR) {
        connection_lost(redis, reply->str);
        return;
    }
    loop_timer_stop(redis->connect_timer);
    redis->state = REDIS_READY;
    redis->attempts = 0;
    redis->last_error[0] = '\0';
    tell_change(redis, true);
}

static void on_login_step(redisAsyncContext *context, void *data, void *arg)
{
    const redisReply *reply = data;
    struct redis *redis = arg;
    if (reply && reply->type == REDIS_REPLY_ERROR && redis->context == context)
        connection_lost(redis, reply->str);
}

/* A server that does not know AUTH repeats it with the password; what is told here is logged. */
static void on_auth(redisAsyncContext *context, void *data, void *arg)
{
    const redisReply *reply = data;
    struct redis *redis = arg;
    bool is_refused = reply && reply->type == REDIS_REPLY_ERROR && redis->context == context;
    if (is_refused && quotes_secret(reply->str, redis->address.password))
        connection_lost(redis, "it refuses AUTH, with an answer that repeats the password");
    else
        on_login_step(context, data, arg);
}

static void login(struct redis *redis)
{
    const struct redis_address *address = &redis->address;
    redisAsyncContext *context = redis->context;
    if (*address->password && *address->user)
        redisAsyncCommand(context, on_auth, redis, "AUTH %s %s", address->user, address->password);
    else if (*address->password)
        redisAsyncCommand(context, on_auth, redis, "AUTH %s", address->password);
    if (address->db)
        redisAsyncCommand(context, on_login_step, redis, "SELECT %d", address->db);
    redisAsyncCommand(context, NULL, NULL, "CLIENT SETNAME %s", redis->name);
    redisAsyncCommand(context, on_login_done, redis, "PING");
}

static void on_connected(const redisAsyncContext *context, int status)
{
    struct redis *redis = context->data;
    if (redis->context != context)
        return; /* we closed it ourselves */
    if (status != REDIS_OK) {
        context_lost(redis, context, "refused");
        return;
    }
    if (redis->address.is_tls)
        redis->tls = redis_tls_start(redis->context, redis->address.host, redis->tls_error,
                                     sizeof(redis->tls_error));
    if (!redis->address.is_tls || redis->tls)
        login(redis);
    else
        loop_timer_start(redis->connect_timer, 0); /* hiredis still works on the context */
}

static void context_start(struct redis *redis, redisAsyncContext *context)
{
    if (!context || context->err) {
        const char *why = context ? context->errstr : "out of memory";
        connection_lost(redis, why);
        if (context)
            redisAsyncFree(context);
        return;
    }
    redis_reply_watch(context->c.reader);
    context->data = redis;
    redis->context = context;
    redis->tls_error[0] = '\0';
    redis->state = REDIS_STARTING;
    redis->io = loop_io_new(redis->loop, context->c.fd, 0, on_ready, redis);
    context->ev.data = redis;
    context->ev.addRead = hook_add_read;
    context->ev.delRead = hook_del_read;
    context->ev.addWrite = hook_add_write;
    context->ev.delWrite = hook_del_write;
    context->ev.cleanup = hook_cleanup;
    loop_timer_start(redis->connect_timer, CONNECT_TIMEOUT_MS);
    redisAsyncSetConnectCallback(context, on_connected);
    redisAsyncSetDisconnectCallback(context, on_disconnected);
}

static void on_resolved(void *arg, int err, const char *address)
{
    struct redis *redis = arg;
    redis->resolve = NULL;
    if (err)
        connection_lost(redis, "its host name cannot be resolved");
    else
        context_start(redis, redisAsyncConnect(address, redis->address.port));
}

static void connect_start(struct redis *redis)
{
    if (redis->address.socket_path) {
        context_start(redis, redisAsyncConnectUnix(redis->address.socket_path));
        return;
    }
    redis->state = REDIS_RESOLVING;
    redis->resolve = resolve_start(redis->loop, redis->address.host, redis->attempts,
                                   CONNECT_TIMEOUT_MS, on_resolved, redis);
}

static void on_connect_timer(void *arg)
{
    struct redis *redis = arg;
    if (redis->state == REDIS_STARTING)
        connection_lost(redis, *redis->tls_error ? redis->tls_error : "connecting timed out");
    else if (redis->state == REDIS_WAITING)
        connect_start(redis);
}

struct redis *redis_new(struct loop *loop, const char *url, const char *name)
{
    struct redis *redis = xcalloc(1, sizeof(*redis));
    const char *why;
    if (redis_address_parse(url, &redis->address, &why) != 0)
        abort(); /* the caller has checked it */
    /* hiredis and OpenSSL write to a socket that the server may have closed. */
    (void)signal(SIGPIPE, SIG_IGN);
    redis->loop = loop;
    redis->name = xstrdup(name);
    redis->command_turn = 1;
    redis->command_timer = loop_timer_new(loop, on_command_timer, redis);
    redis->connect_timer = loop_timer_new(loop, on_connect_timer, redis);
    (void)snprintf(redis->last_error, sizeof(redis->last_error), "not connected yet");
    connect_start(redis);
    return redis;
}

void redis_free(struct redis *redis)
{
    if (!redis)
        return;
    redis->close_err = ERR_CANCELLED;
    redis->changed = NULL;
    redis->state = REDIS_WAITING;
    redisAsyncContext *context = TAKE(redis->context);
    if (context)
        redisAsyncFree(context);
    while (redis->pending)
        pending_finish(redis->pending, ERR_CANCELLED, NULL);
    resolve_cancel(redis->resolve);
    loop_timer_free(redis->command_timer);
    loop_timer_free(redis->connect_timer);
    redis_address_release(&redis->address);
    free(redis->name);
    free(redis);
}

struct loop *redis_loop(const struct redis *redis)
{
    return redis->loop;
}

int redis_db(const struct redis *redis)
{
    return redis->address.db;
}

bool redis_is_connected(const struct redis *redis)
{
    return redis->state == REDIS_READY;
}

const char *redis_last_error(const struct redis *redis)
{
    return redis->last_error;
}

void redis_on_change(struct redis *redis, void (*changed)(void *arg, bool connected), void *arg)
{
    redis->changed = changed;
    redis->changed_arg = arg;
}

void redis_on_problem(struct redis *redis, void (*problem)(void *arg, const char *why), void *arg)
{
    redis->problem = problem;
    redis->problem_arg = arg;
}

void redis_reconnect(struct redis *redis)
{
    if (redis->state != REDIS_STARTING && redis->state != REDIS_READY)
        return;
    redis->close_err = ERR_CANCELLED;
    connection_lost(redis, "reconnecting");
}

bool redis_subscribe_raw(struct redis *redis, const char *channel, redisCallbackFn *done, void *arg)
{
    return redis->state == REDIS_READY &&
           redisAsyncCommand(redis->context, done, arg, "SUBSCRIBE %s", channel) == REDIS_OK;
}
