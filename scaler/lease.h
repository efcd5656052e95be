/* Leader election by a Lease of coordination.k8s.io/v1: of two scalers one acts. */
#ifndef MB_LEASE_H
#define MB_LEASE_H

#include <stdbool.h>

struct kube;
struct lease;
struct loop;

/* identity names this process for people: the pod's name. changed comes on each gain and loss. */
struct lease *lease_new(struct loop *loop, struct kube *kube, const char *name,
                        const char *identity, void (*changed)(void *arg, bool is_held), void *arg);
/* True only while it may act: renewed within the renew deadline by the local clock. */
bool lease_is_held(const struct lease *lease);
/* Who holds it, "" where unknown; for logs. Borrowed. */
const char *lease_holder(const struct lease *lease);
/* Gives it up, so that the next takes over at once; done comes once. */
void lease_release(struct lease *lease, void (*done)(void *arg), void *arg);
void lease_free(struct lease *lease);

#endif
