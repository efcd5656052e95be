/* What the scaler tells people: a line in the log for each decision, gain and loss, and metrics. */
#ifndef MB_REPORT_H
#define MB_REPORT_H

#include <stdbool.h>

#include "policy.h"

struct config;
struct depths;
struct group;
struct report;

/* groups, depths and config are the scaler's; ages are asked of depths with each rendering. */
struct report *report_new(const struct group *groups, const struct depths *depths,
                          const struct config *config);
void report_free(struct report *report);

/* One line where the decision is another one than the last. */
void report_decision(struct report *report, const struct policy_sample *sample,
                     const struct policy_decision *decision);
/* Whether both Deployments are seen. */
void report_sight(struct report *report, bool sees);
/* error: why the last call for the lease failed, "" if it did not. */
void report_lease(struct report *report, const char *error);
/* holder: who leads instead, "" where that is unknown. */
void report_leadership(struct report *report, bool leads, const char *holder);

#endif
