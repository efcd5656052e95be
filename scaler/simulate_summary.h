/* Many seeds' results in one: means with 95 % confidence intervals (Student's t). */
#ifndef MB_SIMULATE_SUMMARY_H
#define MB_SIMULATE_SUMMARY_H

#include "simulate_run.h"

struct sim_estimate {
    double mean;
    double half; /* of the interval's width; NAN of a single seed */
};

struct sim_estimate sim_summary(const struct sim_result *results, int seeds,
                                enum sim_measure measure);
/* Of left less right, seed by seed: both had the same messages. */
struct sim_estimate sim_difference(const struct sim_result *left, const struct sim_result *right,
                                   int seeds, enum sim_measure measure);

#endif
