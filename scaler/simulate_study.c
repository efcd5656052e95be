#include "simulate_study.h"

#include <glob.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define SERVICE_PREFIX "service-"

static bool is_chosen(const char *name, const char *choice)
{
    return !choice || strcmp(name, choice) == 0;
}

static bool load_service(struct sim_study *study, const char *path, const char *choice,
                         char **ret_why)
{
    struct sim_service *service = sim_service_load(path, ret_why);
    if (service && is_chosen(sim_service_name(service), choice))
        study->services[study->service_count++] = TAKE(service);
    bool is_right = service || !*ret_why;
    sim_service_free(service);
    return is_right;
}

static bool load_trace(struct sim_study *study, const char *path, const char *choice,
                       char **ret_why)
{
    struct sim_trace *trace = sim_trace_load(path, ret_why);
    if (trace && is_chosen(sim_trace_name(trace), choice))
        study->traces[study->trace_count++] = TAKE(trace);
    bool is_right = trace || !*ret_why;
    sim_trace_free(trace);
    return is_right;
}

static bool load(struct sim_study *study, const char *directory, const struct sim_choice *choice,
                 char **ret_why)
{
    AUTO(free) char *pattern = xasprintf("%s/*.json", directory);
    glob_t files;
    bool is_right = glob(pattern, 0, NULL, &files) == 0 && files.gl_pathc <= SIM_MAX_FILES;
    if (!is_right)
        *ret_why = xasprintf("%s: no files *.json, or too many", directory);
    for (size_t i = 0; is_right && i < files.gl_pathc; i++) {
        const char *path = files.gl_pathv[i];
        bool is_service =
            strncmp(path + strlen(directory) + 1, SERVICE_PREFIX, strlen(SERVICE_PREFIX)) == 0;
        is_right = is_service ? load_service(study, path, choice->service, ret_why)
                              : load_trace(study, path, choice->trace, ret_why);
    }
    globfree(&files);
    return is_right;
}

static void choose_setups(struct sim_study *study, const struct sim_choice *choice)
{
    for (int workers = 0; workers < SIM_WORKERS; workers++) {
        size_t count;
        struct sim_setup *setups = sim_setups((enum sim_workers)workers, &count);
        for (size_t i = 0; i < count; i++) {
            setups[i].is_roomy = choice->is_roomy;
            if (is_chosen(setups[i].name, choice->policy))
                setups[study->setup_counts[workers]++] = setups[i];
        }
        study->setups[workers] = setups;
    }
}

static size_t runs_of(const struct sim_study *study)
{
    size_t setups = study->setup_counts[SIM_OWN_WORKERS] + study->setup_counts[SIM_SUITE_WORKERS];
    return study->service_count * study->trace_count * setups * (size_t)study->seeds;
}

struct sim_study *sim_study_new(const char *directory, const struct sim_choice *choice,
                                char **ret_why)
{
    struct sim_study *study = xcalloc(1, sizeof(*study));
    study->first_seed = choice->first_seed;
    study->seeds = choice->seeds;
    *ret_why = NULL;
    choose_setups(study, choice);
    bool is_right = load(study, directory, choice, ret_why);
    size_t runs = runs_of(study);
    if (is_right && runs == 0)
        *ret_why = xstrdup("there is no trace, policy or set of service times of that name");
    if (!*ret_why) {
        study->results = xcalloc(runs, sizeof(*study->results));
        return study;
    }
    sim_study_free(study);
    return NULL;
}

void sim_study_free(struct sim_study *study)
{
    if (!study)
        return;
    for (size_t i = 0; i < study->trace_count; i++)
        sim_trace_free(study->traces[i]);
    for (size_t i = 0; i < study->service_count; i++)
        sim_service_free(study->services[i]);
    for (int workers = 0; workers < SIM_WORKERS; workers++)
        free(study->setups[workers]);
    free(study->results);
    free(study);
}

struct sim_result *sim_study_results(const struct sim_study *study, size_t service,
                                     enum sim_workers workers, size_t trace, size_t setup)
{
    size_t own = study->setup_counts[SIM_OWN_WORKERS];
    size_t all = own + study->setup_counts[SIM_SUITE_WORKERS];
    size_t column = workers == SIM_OWN_WORKERS ? setup : own + setup;
    size_t cell = (service * study->trace_count + trace) * all + column;
    return &study->results[cell * (size_t)study->seeds];
}

/* The same messages for all setups. */
static void run_seed(struct sim_study *study, size_t service, size_t trace, int seed)
{
    struct sim_load load = sim_load_draw(study->traces[trace], study->services[service],
                                         (uint64_t)study->first_seed + (uint64_t)seed);
    for (int workers = 0; workers < SIM_WORKERS; workers++)
        for (size_t i = 0; i < study->setup_counts[workers]; i++)
            sim_study_results(study, service, (enum sim_workers)workers, trace, i)[seed] =
                sim_run(&study->setups[workers][i], &load);
    sim_load_release(&load);
}

void sim_study_run(struct sim_study *study)
{
    for (size_t service = 0; service < study->service_count; service++)
        for (size_t trace = 0; trace < study->trace_count; trace++)
            for (int seed = 0; seed < study->seeds; seed++)
                run_seed(study, service, trace, seed);
}
