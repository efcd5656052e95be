/* One Deployment in the scaler's care: what is wanted of it, what others did to it, when it may be
 * patched next, and its metrics. */
#ifndef MB_GROUP_H
#define MB_GROUP_H

#include <stdbool.h>
#include <stdint.h>

struct deployment;

enum { GROUP_RESULTS = 6 };

struct group_metrics {
    struct metric *desired, *replicas, *available;
    struct metric *ups, *downs; /* decisions */
    struct metric *outside_changes;
    struct metric *results[GROUP_RESULTS]; /* of patches */
};

struct group {
    const char *role; /* "inspector", "size": for people; borrowed */
    struct deployment *deployment;
    int desired;     /* as last decided */
    int expected;    /* spec.replicas as last seen or set, -1 before that */
    int attempted;   /* by a patch of which nobody knows whether it was done; else -1 */
    bool is_refused; /* the account may not scale it */
    int64_t fell_ms; /* the last patch downwards, 0: none */
    int failures;    /* in a row */
    int64_t not_before_ms;
    struct group_metrics metrics;
};

/* deployment is the caller's. */
void group_init(struct group *group, const char *role, struct deployment *deployment);

/* What somebody else set spec.replicas to becomes what is expected, with one line in the log. */
void group_adopt(struct group *group);
/* The most that it may have by now, where an answer was lost. */
int group_at_most(const struct group *group);
/* False while a failure is too fresh, or the last patch downwards is, unless it makes room: what is
 * urgent waits for it. */
bool group_may_patch(const struct group *group, int replicas, bool makes_room, int64_t now_ms);
/* The result of a patch to `replicas`, as deployment_scaled tells it; logs a failure. */
void group_patched(struct group *group, int replicas, int err, int64_t retry_after_ms,
                   int64_t now_ms);
/* Sets the gauges. */
void group_tell(const struct group *group);

#endif
