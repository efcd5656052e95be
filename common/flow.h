/* What goes through the queues, as producers and workers count it in Redis, so that the scaler
 * knows arrivals and service times without asking the queue, and hears of the first message at
 * once.
 *
 *   mb:1:flow:<stage>         hash of totals; stage is "inspection" or "size". It has no lifetime:
 *                             it is four numbers.
 *   mb:1:flow-notice:<db>     channel: the stage's name, after each message that was sent
 *
 * The totals are about messages, not attempts, so that both differences say where messages are:
 *
 *   sent      messages put into the stage's queue: submissions, hand-overs of the stage before it,
 *             and the copies that stand for a message which is deferred or goes on later
 *   received  messages that some worker has taken: a message that comes again, after a retry or a
 *             worker's death, counts only the first time
 *   done      messages that left the queue: deleted, replaced by a copy, moved to the dead queue
 *   busy_ms   time of workers between receiving and settling, attempts that failed included
 *
 * So `sent - received` wait or are delayed, `received - done` are in flight or wait for a retry,
 * and `busy_ms / done` is the work that a message takes, retries included.
 *
 * Counters are advice, never truth. A count is lost with the Redis connection or the worker that
 * would have told it; programs of older versions count nothing; a dead queue that SQS fills by
 * itself counts no `done`. So the differences may be off for good, below zero too: readers take
 * the growth of a total over time, and the queue's depth for what is there now. A total that falls
 * began anew, with its Redis. What is in Redis anybody there may write: totals are read as 0 to
 * 2^53. */
#ifndef MB_FLOW_H
#define MB_FLOW_H

#include <stdint.h>

struct redis;

#define FLOW_INSPECTION "inspection"
#define FLOW_SIZE "size"

struct flow {
    int64_t sent;
    int64_t received;
    int64_t done;
    int64_t busy_ms;
};

/* All of these are fire and forget: commands in the connection's pipeline whose answers nobody
 * waits for; where Redis is not connected they do nothing. */

/* The queue has the message: a listener that looks now finds it, or its delay. */
void flow_sent(struct redis *redis, const char *stage);
void flow_received(struct redis *redis, const char *stage);
/* The message left the queue after busy_ms of work. */
void flow_done(struct redis *redis, const char *stage, int64_t busy_ms);
/* An attempt ended after busy_ms, and the message will come again. */
void flow_tried(struct redis *redis, const char *stage, int64_t busy_ms);

/* flow is NULL where err (as of redis_done) is not 0, all zeros where nothing was counted yet.
 * Borrowed for the call. */
typedef void flow_read_done(void *arg, int err, const struct flow *flow);
void flow_read(struct redis *redis, const char *stage, flow_read_done *done, void *arg);

/* The channel of the database that `redis` selects. Caller frees. */
char *flow_channel(const struct redis *redis);

#endif
