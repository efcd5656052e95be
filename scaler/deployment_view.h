/* What is known of one Deployment, from objects as the API server sends them. Pure functions. */
#ifndef MB_DEPLOYMENT_VIEW_H
#define MB_DEPLOYMENT_VIEW_H

#include <jansson.h>
#include <stdbool.h>

struct deployment_view {
    bool is_seen;
    int replicas;  /* spec.replicas */
    int available; /* status.availableReplicas, of the newest status that is of its spec's time */
    char *version; /* resourceVersion; NULL while not seen */
};

void deployment_view_release(struct deployment_view *view);

/* Takes a Deployment or, of the same, a Scale, which tells no status. Absent integers are 0. A
 * status is passed over while its observedGeneration is behind. What is older than what is known is
 * passed over, unless the object is certain to be the newest. True where something but the version
 * changed. */
bool deployment_view_apply(struct deployment_view *view, const json_t *object, bool is_newest);
/* It is deleted. True where it was not known to be. */
bool deployment_view_forget(struct deployment_view *view);

#endif
