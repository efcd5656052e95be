#include "simulate_plot.h"
const char *sim_plot_name(enum sim_plot plot)
{
    static const char *const names[SIM_PLOTS] = {"quick", "pods", "requests", "flash-crowd"};
    return names[plot];
}

void sim_plot(enum sim_plot plot, const struct sim_study *study, struct strbuf *out)
{
    (void)plot;
    (void)study;
    (void)out;
}
