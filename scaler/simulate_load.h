/* One run's work: when each message comes and how long its two jobs take; the same for every
 * policy. Service times are a JSON file:
 *
 *   {"name": ..., "about": ..., "inspection": {"mean_ms": 1200, "cv": 0.8},
 *    "size": {"samples_ms": [310, 320]}}
 *
 * A mean and a coefficient of variation are a lognormal distribution; of samples, each is equally
 * likely. */
#ifndef MB_SIMULATE_LOAD_H
#define MB_SIMULATE_LOAD_H

#include <stddef.h>
#include <stdint.h>

#include "policy.h"
#include "simulate_trace.h"

struct sim_service;

/* NULL with ret_why (caller frees) where the file is not one of service times. */
struct sim_service *sim_service_load(const char *path, char **ret_why);
void sim_service_free(struct sim_service *service);
const char *sim_service_name(const struct sim_service *service);
const char *sim_service_about(const struct sim_service *service);

struct sim_load {
    const struct sim_trace *trace; /* borrowed */
    size_t count;
    int64_t *arrived_ms;
    int64_t *service_ms[POLICY_GROUPS]; /* before the trace's slowness */
};

struct sim_load sim_load_draw(const struct sim_trace *trace, const struct sim_service *service,
                              uint64_t seed);
void sim_load_release(struct sim_load *load);

#endif
