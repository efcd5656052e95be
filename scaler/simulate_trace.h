/* A trace: when images are asked for, when everything is slow, when the queues tell no lengths. A
 * JSON file:
 *
 *   {"name": ..., "about": ..., "seconds": 5400,
 *    "arrivals": [{"kind": "steady", "from_s": 0, "to_s": 5400, "per_s": 0.1},
 *                 {"kind": "sine", "from_s": 0, "to_s": 86400, "low_per_s": 0, "high_per_s": 1},
 *                 {"kind": "decay", "from_s": 1800, "per_s": 3, "time_constant_s": 300},
 *                 {"kind": "burst", "from_s": 600, "to_s": 605, "messages": 200}],
 *    "service": [{"from_s": 1800, "to_s": 3600, "factor": 5}],
 *    "outages": [{"from_s": 1500, "to_s": 2100}]}
 *
 * Arrivals of all kinds come on top of each other; all but a burst's are a Poisson process. A sine
 * is lowest at its two ends. */
#ifndef MB_SIMULATE_TRACE_H
#define MB_SIMULATE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_trace;

/* NULL with ret_why (caller frees) where the file is not a trace. */
struct sim_trace *sim_trace_load(const char *path, char **ret_why);
void sim_trace_free(struct sim_trace *trace);

const char *sim_trace_name(const struct sim_trace *trace);
const char *sim_trace_about(const struct sim_trace *trace);
int64_t sim_trace_end_ms(const struct sim_trace *trace);
/* What a job takes at this time, in times of what it takes usually. */
double sim_trace_slowness(const struct sim_trace *trace, int64_t now_ms);
/* The queues tell no lengths. */
bool sim_trace_is_out(const struct sim_trace *trace, int64_t now_ms);
/* When messages are sent, in order; caller frees. */
int64_t *sim_trace_arrivals(const struct sim_trace *trace, uint64_t seed, size_t *ret_count);

#endif
