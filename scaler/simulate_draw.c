#include "simulate_draw.h"

#include <math.h>

uint64_t sim_draw_bits(struct sim_draw *draw)
{
    uint64_t bits = draw->state += 0x9e3779b97f4a7c15U;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9U;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebU;
    return bits ^ (bits >> 31);
}

struct sim_draw sim_draw_start(uint64_t seed, uint64_t purpose, uint64_t number)
{
    struct sim_draw draw = {seed};
    draw.state = sim_draw_bits(&draw) ^ purpose;
    draw.state = sim_draw_bits(&draw) ^ number;
    (void)sim_draw_bits(&draw);
    return draw;
}

double sim_draw_uniform(struct sim_draw *draw)
{
    return ((double)(sim_draw_bits(draw) >> 12) + 0.5) * 0x1p-52;
}

double sim_draw_exponential(struct sim_draw *draw, double mean)
{
    return -mean * log(sim_draw_uniform(draw));
}

double sim_draw_lognormal(struct sim_draw *draw, double mean, double cv)
{
    double variance = log(1 + cv * cv);
    double radius = sqrt(-2 * log(sim_draw_uniform(draw)));
    double normal = radius * cos(2 * M_PI * sim_draw_uniform(draw));
    return mean * exp(sqrt(variance) * normal - variance / 2);
}
