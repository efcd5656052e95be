#include "simulate_summary.h"

#include <math.h>
#include <stddef.h>

/* The quantile 0.975 of Student's t, by its expansion around the normal's (Cornish and Fisher);
 * right to three digits from 5 degrees of freedom on. */
static double student(double freedom)
{
    const double z = 1.959964;
    const double z3 = z * z * z;
    const double z5 = z3 * z * z;
    return z + (z3 + z) / (4 * freedom) + (5 * z5 + 16 * z3 + 3 * z) / (96 * freedom * freedom) +
           (3 * z5 * z * z + 19 * z5 + 17 * z3 - 15 * z) / (384 * freedom * freedom * freedom);
}

static double value_of(const struct sim_result *left, const struct sim_result *right, int seed,
                       enum sim_measure measure)
{
    double value = left[seed].values[measure];
    return right ? value - right[seed].values[measure] : value;
}

static struct sim_estimate estimate(const struct sim_result *left, const struct sim_result *right,
                                    int seeds, enum sim_measure measure)
{
    double mean = 0;
    for (int i = 0; i < seeds; i++)
        mean += value_of(left, right, i, measure) / seeds;
    double squares = 0;
    for (int i = 0; i < seeds; i++)
        squares += pow(value_of(left, right, i, measure) - mean, 2);
    double freedom = seeds - 1;
    double half = seeds < 2 ? NAN : student(freedom) * sqrt(squares / freedom / seeds);
    return (struct sim_estimate){mean, half};
}

struct sim_estimate sim_summary(const struct sim_result *results, int seeds,
                                enum sim_measure measure)
{
    return estimate(results, NULL, seeds, measure);
}

struct sim_estimate sim_difference(const struct sim_result *left, const struct sim_result *right,
                                   int seeds, enum sim_measure measure)
{
    return estimate(left, right, seeds, measure);
}
