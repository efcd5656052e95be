/* The Redis backend's inside; for queue_redis*.c only. */
#ifndef MB_QUEUE_REDIS_H
#define MB_QUEUE_REDIS_H

#include "queue_backend.h"
#include "redis.h"

struct redis_operation;

#define QUEUE_REDIS_GROUP "workers"
#define QUEUE_REDIS_TIMEOUT_MS 3000

enum receive_state {
    RECEIVE_IDLE,
    RECEIVE_ASKING,     /* the script looks for a message at once */
    RECEIVE_CREATING,   /* the group was not there */
    RECEIVE_CONNECTING, /* the reader has no connection yet */
    RECEIVE_KNOWING,    /* the reader asks for its client id */
    RECEIVE_READING,    /* the reader is blocked until a message comes */
};

struct queue_redis {
    struct queue queue;
    char *identity; /* of the database */
    char *stream;
    char *delayed;
    char *dead;
    char *consumer; /* no other process or queue object has this name */
    uint64_t sent_later;
    struct redis *redis;
    struct redis_operation *check; /* under way */

    /* Receiving: a blocked reader occupies a connection, so it has its own. */
    enum receive_state state;
    bool stopping;
    int creations; /* of the group, within this receive */
    int64_t deadline_ms;
    int64_t block_ms;
    int64_t connect_until_ms;
    queue_received *received;
    void *received_arg;
    struct redis *reader; /* NULL before the first blocking read */
    int64_t reader_id;    /* its client id, 0 where not known */
    struct loop_timer *timer;
};

/* A script with its keys and arguments; all borrowed until script_run. */
struct script {
    const char *argv[16];
    size_t lens[16];
    int argc;
};

void script_begin(struct script *script, const char *text, const char *keys_count);
void script_add(struct script *script, const char *data, size_t len);
void script_adds(struct script *script, const char *text);
void script_run(struct queue_redis *queue, const struct script *script, redis_done *done,
                void *arg);

/* Notes how the queue's server did; error replies become ERR_UNAVAILABLE. */
int queue_redis_result(struct queue_redis *queue, const char *what, int err,
                       const struct redis_reply *reply);
/* True for the answers that a deleted stream or group gives. */
bool queue_redis_is_no_group(const struct redis_reply *reply);
void queue_redis_create(struct queue_redis *queue, redis_done *done, void *arg);

void queue_redis_receive(struct queue *base, int wait_ms, queue_received *done, void *arg);
void queue_redis_stop_receive(struct queue *base);
void queue_redis_receive_release(struct queue_redis *queue);

#endif
