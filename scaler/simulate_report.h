/* The tables of a study. */
#ifndef MB_SIMULATE_REPORT_H
#define MB_SIMULATE_REPORT_H

#include <stdbool.h>

#include "simulate_study.h"
#include "strbuf.h"

/* Everything: a table for each trace, service times and table of setups. */
void sim_report_all(const struct sim_study *study, bool is_markdown, struct strbuf *out);
/* As Markdown: what rest costs; with the suite's workers, times to quick and to complete facts,
 * what that cost, and how `drain` stands to the others. */
void sim_report_short(const struct sim_study *study, struct strbuf *out);

#endif
