/* The scaler: from both queues' depths and both Deployments' replicas a policy's decision, and from
 * that at most one patch of each Deployment. Only the holder of the Lease acts; the pool is never
 * exceeded in spec.replicas by what it does, and what it cannot see it does not scale down. */
#ifndef MB_SCALER_H
#define MB_SCALER_H

#include <stdbool.h>

struct config;
struct httpc;
struct loop;
struct scaler;

/* Starts at once. NULL after logging why there is no access to Kubernetes. */
struct scaler *scaler_new(struct loop *loop, struct httpc *httpc, const struct config *config);
void scaler_free(struct scaler *scaler);
/* For admin_new: both Deployments are seen and may be scaled, and who acts knows both queues. */
bool scaler_is_ready(void *arg, const char **ret_why);
/* Leaves the replicas as they are and gives the Lease up; done comes once, within seconds. */
void scaler_drain(struct scaler *scaler, void (*done)(void *arg), void *arg);

#endif
