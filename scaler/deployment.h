/* One Deployment as the API server tells of it: watched, with a poll as the fallback, and scaled
 * through its scale subresource. Uses get, list and watch of this name, and get and patch of its
 * deployments/scale; nothing else. */
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
/* No callback comes after this, of scalings neither. Not from one of them. */
void deployment_free(struct deployment *deployment);

const char *deployment_name(const struct deployment *deployment);
/* False until it was seen, when it is deleted, and while what is known is older than stale_ms. A
 * quiet watch is asked after every 30 s, so stale_ms should be a minute or more. */
bool deployment_is_known(const struct deployment *deployment, int64_t stale_ms);
int deployment_replicas(const struct deployment *deployment);  /* spec.replicas */
int deployment_available(const struct deployment *deployment); /* status.availableReplicas */
/* Why the last call failed, or that there is no such Deployment: what, why, what to do; "" where
 * all is well. Borrowed. */
const char *deployment_last_error(const struct deployment *deployment);

/* Sets spec.replicas if it is still what we saw. done comes once, from the loop:
 *   0                what is known has the new number already
 *   ERR_CONFLICT     somebody else changed it: what is known has been read anew
 *   ERR_NOTFOUND     there is no such Deployment
 *   ERR_FORBIDDEN    the account may not
 *   ERR_INVALID      the server refuses this number
 *   ERR_UNAVAILABLE  anything else: try again, not before retry_after_ms
 * is_dry_run asks the server to check and store nothing; what is known stays as it is. */
typedef void deployment_scaled(void *arg, int err, int64_t retry_after_ms);
void deployment_scale(struct deployment *deployment, int replicas, bool is_dry_run,
                      deployment_scaled *done, void *arg);

#endif
