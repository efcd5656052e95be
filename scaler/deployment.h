/* One Deployment as the API server tells of it: watched, with a poll as the fallback, and scaled
 * through its scale subresource. */
#ifndef MB_DEPLOYMENT_H
#define MB_DEPLOYMENT_H

#include <stdbool.h>
#include <stdint.h>

struct deployment;
struct kube;
struct loop;

/* changed comes after each change of what is known, from the loop. */
struct deployment *deployment_new(struct loop *loop, struct kube *kube, const char *name,
                                  void (*changed)(void *arg), void *arg);
void deployment_free(struct deployment *deployment);

const char *deployment_name(const struct deployment *deployment);
/* False until it was seen, and while what is known is older than stale_ms. */
bool deployment_is_known(const struct deployment *deployment, int64_t stale_ms);
int deployment_replicas(const struct deployment *deployment);  /* spec.replicas */
int deployment_available(const struct deployment *deployment); /* status.availableReplicas */
/* Why the last call failed, "" if it did not: "forbidden: ..." and the like. Borrowed. */
const char *deployment_last_error(const struct deployment *deployment);

/* Sets spec.replicas if the Deployment is still what we saw. done comes once: 0, ERR_CONFLICT
 * (somebody else changed it: what is known has been read anew), ERR_FORBIDDEN, ERR_UNAVAILABLE (try
 * again, not before retry_after_ms). is_dry_run asks the server to check and store nothing. */
typedef void deployment_scaled(void *arg, int err, int64_t retry_after_ms);
void deployment_scale(struct deployment *deployment, int replicas, bool is_dry_run,
                      deployment_scaled *done, void *arg);

#endif
