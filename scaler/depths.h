/* Both queues as they are right now: depths asked of the queues themselves (every 10 s while there
 * is work, every 60 s at rest), the counters in Redis between them (each second while there is
 * work), and the notice that comes with each message sent, which wakes at once. What that gives
 * together is estimate.h's. A lost Redis leaves the depths alone. */
#ifndef MB_DEPTHS_H
#define MB_DEPTHS_H

#include <stdbool.h>
#include <stdint.h>

#include "policy.h"

struct config;
struct depths;
struct httpc;
struct loop;

/* How often it looks. */
enum depths_pace {
    DEPTHS_OFF, /* not at all, notices are not heard: another scaler acts */
    DEPTHS_AT_REST,
    DEPTHS_ACTIVE,
};

/* Starts with DEPTHS_OFF. sampled comes after each look, from the loop: each second while active.
 */
struct depths *depths_new(struct loop *loop, struct httpc *httpc, const struct config *config,
                          void (*sampled)(void *arg), void *arg);
void depths_free(struct depths *depths);

/* A faster pace than before looks at once. */
void depths_set_pace(struct depths *depths, enum depths_pace pace);
/* Fills in the groups, all but replicas and available; sets now_ms. */
void depths_sample(const struct depths *depths, struct policy_sample *ret_sample);
/* Messages that wait or are worked on, as far as is known. */
int64_t depths_work(const struct depths *depths, int group);
bool depths_is_known(const struct depths *depths, int group);
/* Of the depth that counts; since the start where there is none yet. */
int64_t depths_age_ms(const struct depths *depths, int group);
/* "inspection" or "size". */
const char *depths_queue(int group);
/* Why the last look failed, "" if it did not. Borrowed. */
const char *depths_last_error(const struct depths *depths, int group);

#endif
