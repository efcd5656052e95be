/* What goes through the queues, as producers and workers count it in Redis, so that the scaler
 * knows arrivals and service times without asking the queue, and hears of the first message at
 * once.
 *
 *   mb:1:flow:<stage>   hash of totals: `sent`, `received`, `done`, `busy_ms`; stage is
 * "inspection" or "size". No lifetime: four numbers mb:1:flow-notice:<db>   channel; the stage's
 * name after each message that was sent
 *
 * Counters are advice, never truth: what a lost Redis swallows is corrected by the queue's depth.
 */
#ifndef MB_FLOW_H
#define MB_FLOW_H

#include <stdint.h>

struct redis;
struct redis_reply;

#define FLOW_INSPECTION "inspection"
#define FLOW_SIZE "size"

struct flow {
    int64_t sent;
    int64_t received;
    int64_t done;
    int64_t busy_ms;
};

/* Fire and forget, one round trip each, which nobody waits for. */
void flow_sent(struct redis *redis, const char *stage);
void flow_received(struct redis *redis, const char *stage);
/* The message is settled (deleted, deferred or dead) after busy_ms of work. */
void flow_done(struct redis *redis, const char *stage, int64_t busy_ms);

/* err as of redis_done; flow is all zeros where nothing was counted yet. */
typedef void flow_read_done(void *arg, int err, const struct flow *flow);
void flow_read(struct redis *redis, const char *stage, flow_read_done *done, void *arg);

/* The channel of the database that `redis` selects. Caller frees. */
char *flow_channel(const struct redis *redis);

#endif
