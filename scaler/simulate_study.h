/* All runs of a comparison: traces, service times, both tables of setups, seeds. */
#ifndef MB_SIMULATE_STUDY_H
#define MB_SIMULATE_STUDY_H

#include <stdbool.h>
#include <stddef.h>

#include "simulate_load.h"
#include "simulate_run.h"
#include "simulate_setup.h"

enum { SIM_MAX_FILES = 32 };

struct sim_study {
    int first_seed;
    int seeds;
    struct sim_trace *traces[SIM_MAX_FILES]; /* by the names of their files */
    size_t trace_count;
    struct sim_service *services[SIM_MAX_FILES];
    size_t service_count;
    struct sim_setup *setups[SIM_WORKERS];
    size_t setup_counts[SIM_WORKERS];
    struct sim_result *results; /* by sim_study_results */
};

struct sim_choice {
    int first_seed;
    int seeds;
    bool is_roomy; /* as in struct sim_setup */
    /* What to take of the files; NULL: all. */
    const char *trace;
    const char *service;
    const char *policy; /* a setup's name */
};

/* Reads directory/service-*.json as service times, all other *.json as traces. NULL with ret_why
 * (caller frees) where that cannot be, or leaves nothing. */
struct sim_study *sim_study_new(const char *directory, const struct sim_choice *choice,
                                char **ret_why);
void sim_study_free(struct sim_study *study);
void sim_study_run(struct sim_study *study);
/* One for each seed; borrowed. */
struct sim_result *sim_study_results(const struct sim_study *study, size_t service,
                                     enum sim_workers workers, size_t trace, size_t setup);

#endif
