/* How fast messages come and how long one takes, from totals that producers and workers count. */
#ifndef MB_POLICY_RATES_H
#define MB_POLICY_RATES_H

#include <stdbool.h>
#include <stdint.h>

struct policy_group_sample;

/* Zeros know nothing yet. */
struct policy_rates {
    bool has_sent;
    int64_t sent; /* the total when last seen, */
    int64_t sent_seen_ms;
    double fast_per_s; /* averages over about 10 s */
    double slow_per_s; /* and 60 s */
    bool has_busy;
    int64_t busy_seen_ms;
    double fast_busy; /* workers that have a message, where arrivals are not told */
    double slow_busy;
    bool has_done;
    int64_t done;
    int64_t busy_ms;
    double batch_done; /* of messages not yet in service_ms */
    double batch_ms;
    double service_ms; /* of one message; 0: not measured yet */
};

void policy_rates_update(struct policy_rates *rates, const struct policy_group_sample *sample,
                         int64_t now_ms);

/* Milliseconds a message takes: as measured, else as configured; never 0. */
double policy_rates_service_ms(const struct policy_rates *rates, int64_t configured_ms);

/* How many workers the arrivals keep busy (Erlangs), by the fast average, and by the greater one.
 */
double policy_rates_fast_load(const struct policy_rates *rates, double service_ms);
double policy_rates_load(const struct policy_rates *rates, double service_ms);

#endif
