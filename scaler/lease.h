/* Leader election by a Lease of coordination.k8s.io/v1: of two scalers one acts. As Kubernetes' own
 * programs do it: a record counts as alive for its duration since it was last seen to change, by
 * this machine's monotonic clock; times written by others are never compared with ours. It does not
 * fence: what the holder writes must be safe by itself (deployment_scale is, by resourceVersion).
 */
#ifndef MB_LEASE_H
#define MB_LEASE_H

#include <stdbool.h>
#include <stdint.h>

struct kube;
struct lease;
struct loop;

struct lease_times {
    int64_t duration_ms;       /* others wait so long without a change; whole seconds */
    int64_t renew_deadline_ms; /* a holder that was not renewed for so long stops acting */
    int64_t retry_ms;          /* between renewals; with jitter between attempts to get it */
};

/* identity names this process for people: the pod's name; random digits are added. times: NULL for
 * 15, 10 and 2 s. changed comes on each gain and loss, from the loop. */
struct lease *lease_new(struct loop *loop, struct kube *kube, const char *name,
                        const char *identity, const struct lease_times *times,
                        void (*changed)(void *arg, bool is_held), void *arg);
/* True only while it may act: renewed within the renew deadline by the local clock. */
bool lease_is_held(const struct lease *lease);
/* Who holds it as far as was seen, "" where nobody does or it is unknown; for logs. Borrowed. */
const char *lease_holder(const struct lease *lease);
/* Why the last call failed, "" if it did not: what, why, what to do. Borrowed. */
const char *lease_last_error(const struct lease *lease);
/* Gives it up, so that the next takes over at once, and never asks for it again. It is not held
 * from this call on, without a call of changed. done comes once, from the loop, within seconds. */
void lease_release(struct lease *lease, void (*done)(void *arg), void *arg);
/* Without a release the others wait for its duration. Not from its callbacks. */
void lease_free(struct lease *lease);

#endif
