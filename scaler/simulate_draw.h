/* Random numbers of the simulator: its own generator (splitmix64), so that a seed gives the same
 * run on every machine. */
#ifndef MB_SIMULATE_DRAW_H
#define MB_SIMULATE_DRAW_H

#include <stdint.h>

struct sim_draw {
    uint64_t state;
};

/* A stream of its own for each purpose and number, however many others draw. */
struct sim_draw sim_draw_start(uint64_t seed, uint64_t purpose, uint64_t number);
uint64_t sim_draw_bits(struct sim_draw *draw);
double sim_draw_uniform(struct sim_draw *draw); /* above 0, below 1 */
double sim_draw_exponential(struct sim_draw *draw, double mean);
/* cv: standard deviation in means; 0 gives the mean itself. */
double sim_draw_lognormal(struct sim_draw *draw, double mean, double cv);

#endif
