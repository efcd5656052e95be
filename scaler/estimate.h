/* What is known of one queue between two looks at its depth: the last depth that is believed,
 * carried on by the counters that producers and workers keep in Redis (flow.h). Takes what was
 * measured and when; makes no calls. All times are monotonic milliseconds. */
#ifndef MB_ESTIMATE_H
#define MB_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

#include "flow.h"
#include "policy.h"
#include "queue.h"

#define ESTIMATE_ACTIVE_POLL_MS 10000 /* between two looks at a depth while there is work */
#define ESTIMATE_REST_POLL_MS 60000
#define ESTIMATE_ACTIVE_STALE_MS 30000 /* an older depth tells nothing any more */
#define ESTIMATE_REST_STALE_MS 130000  /* two polls were missed */
#define ESTIMATE_REPEAT_MS 2000        /* where it would wake who rests, or none is known yet */

/* Starts as zeros, but for is_exact. */
struct estimate {
    bool is_exact;            /* the queue counts its messages; SQS gives approximations */
    struct queue_depth depth; /* believed, of depth_ms */
    int64_t depth_ms;         /* 0: none yet */
    int64_t asked_ms;         /* of the last look, 0: none yet */
    int failures;             /* looks in a row that failed */
    bool is_doubted;          /* the last one was set aside until another says the same */
    struct flow flow;         /* as last read */
    bool flow_is_known;       /* the last reading worked */
    struct flow base;         /* the counters at depth_ms */
    bool base_is_known;
    struct flow asked_base; /* the counters at asked_ms */
    bool asked_base_is_known;
};

/* When the depth is to be looked at next. */
int64_t estimate_due_ms(const struct estimate *estimate, bool is_active);
/* A look at the depth begins. */
void estimate_ask(struct estimate *estimate, int64_t now_ms);
/* It ended; NULL: it failed. An approximation that wakes an idle queue, or has lost messages that
 * the counters know of, is believed when the next one says so too. */
void estimate_depth(struct estimate *estimate, const struct queue_depth *depth, int64_t now_ms);
/* The counters were read; NULL: that failed. */
void estimate_flow(struct estimate *estimate, const struct flow *flow);

/* Messages that wait or are worked on. */
int64_t estimate_work(const struct estimate *estimate);
/* A depth is known and not stale. */
bool estimate_is_known(const struct estimate *estimate, bool is_active, int64_t now_ms);
/* Fills in all but replicas and available. */
void estimate_sample(const struct estimate *estimate, bool is_active, int64_t now_ms,
                     struct policy_group_sample *ret_sample);

#endif
