/* Pictures of a study, as SVG. */
#ifndef MB_SIMULATE_PLOT_H
#define MB_SIMULATE_PLOT_H

#include "simulate_study.h"
#include "strbuf.h"

enum sim_plot {
    SIM_PLOT_QUICK, /* p95 to quick facts, by policy and trace */
    SIM_PLOT_PODS,
    SIM_PLOT_REQUESTS, /* to SQS at rest */
    SIM_PLOT_TIME,     /* of the flash crowd: what waits, how many pods, under three policies */
    SIM_PLOTS,
};

const char *sim_plot_name(enum sim_plot plot);
/* Empty where the study has none of its traces. */
void sim_plot(enum sim_plot plot, const struct sim_study *study, struct strbuf *out);

#endif
