#include "simulate_load.h"

#include <jansson.h>
#include <stdlib.h>

#include "jsonx.h"
#include "mem.h"
#include "simulate_draw.h"

#define DRAW_SERVICE 16 /* and one more for each group */
#define MAX_MS 3600000.0
#define MAX_CV 100.0

struct times {
    double mean_ms;
    double cv;
    double *samples_ms;
    size_t count;
};

struct sim_service {
    char *name;
    char *about;
    struct times groups[POLICY_GROUPS];
};

static const char *const group_keys[POLICY_GROUPS] = {"inspection", "size"};

static bool read_times(const json_t *object, struct times *times)
{
    const json_t *samples = json_object_get(object, "samples_ms");
    times->count = json_array_size(samples);
    if (times->count == 0) {
        times->mean_ms = json_number_value(json_object_get(object, "mean_ms"));
        times->cv = json_number_value(json_object_get(object, "cv"));
        return times->mean_ms > 0 && times->mean_ms <= MAX_MS && times->cv >= 0 &&
               times->cv <= MAX_CV;
    }
    times->samples_ms = xcalloc(times->count, sizeof(double));
    for (size_t i = 0; i < times->count; i++) {
        double sample_ms = json_number_value(json_array_get(samples, i));
        if (!(sample_ms >= 0 && sample_ms <= MAX_MS))
            return false;
        times->samples_ms[i] = sample_ms;
        times->mean_ms += sample_ms / (double)times->count;
    }
    return true;
}

struct sim_service *sim_service_load(const char *path, char **ret_why)
{
    json_error_t error;
    JSON_AUTO
    json_t *root = json_load_file(path, 0, &error);
    if (!root) {
        *ret_why = xasprintf("%s: line %d: %s", path, error.line, error.text);
        return NULL;
    }
    struct sim_service *service = xcalloc(1, sizeof(*service));
    service->name = xstrdup(jsonx_str(root, "name"));
    service->about = xstrdup(jsonx_str(root, "about"));
    for (int group = 0; group < POLICY_GROUPS; group++) {
        const json_t *object = json_object_get(root, group_keys[group]);
        if (read_times(object, &service->groups[group]))
            continue;
        *ret_why = xasprintf("%s: \"%s\" is missing or out of range", path, group_keys[group]);
        sim_service_free(service);
        return NULL;
    }
    return service;
}

void sim_service_free(struct sim_service *service)
{
    if (!service)
        return;
    free(service->name);
    free(service->about);
    for (int group = 0; group < POLICY_GROUPS; group++)
        free(service->groups[group].samples_ms);
    free(service);
}

const char *sim_service_name(const struct sim_service *service)
{
    return service->name;
}

const char *sim_service_about(const struct sim_service *service)
{
    return service->about;
}

static int64_t draw_ms(const struct times *times, struct sim_draw draw)
{
    double ms = times->count > 0 ? times->samples_ms[sim_draw_bits(&draw) % (uint64_t)times->count]
                                 : sim_draw_lognormal(&draw, times->mean_ms, times->cv);
    return ms < 1 ? 1 : (int64_t)ms;
}

struct sim_load sim_load_draw(const struct sim_trace *trace, const struct sim_service *service,
                              uint64_t seed)
{
    struct sim_load load = {.trace = trace};
    load.arrived_ms = sim_trace_arrivals(trace, seed, &load.count);
    for (int group = 0; group < POLICY_GROUPS; group++) {
        load.service_ms[group] = xcalloc(load.count + 1, sizeof(int64_t));
        for (size_t i = 0; i < load.count; i++)
            load.service_ms[group][i] = draw_ms(
                &service->groups[group], sim_draw_start(seed, DRAW_SERVICE + (uint64_t)group, i));
    }
    return load;
}

void sim_load_release(struct sim_load *load)
{
    free(load->arrived_ms);
    for (int group = 0; group < POLICY_GROUPS; group++)
        free(load->service_ms[group]);
    *load = (struct sim_load){0};
}
