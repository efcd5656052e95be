#include "policy_rates.h"

#include <math.h>

#include "policy.h"

#define FAST_MS 10000.0
#define SLOW_MS 60000.0
#define BATCH_MESSAGES 5
#define BATCH_WEIGHT 0.2

/* Of a total that rises, or began anew. */
static int64_t rise(int64_t before, int64_t now)
{
    return now >= before ? now - before : now;
}

/* An average that forgets: its weight is e^-1 after average_ms, however often it is fed. */
static void feed(double *average, double value, int64_t span_ms, double average_ms)
{
    *average += (value - *average) * (1 - exp(-(double)span_ms / average_ms));
}

static void update_arrivals(struct policy_rates *rates, int64_t sent, int64_t now_ms)
{
    int64_t span_ms = now_ms - rates->sent_seen_ms;
    if (rates->has_sent && span_ms <= 0)
        return;
    if (rates->has_sent) {
        double per_s = (double)rise(rates->sent, sent) * 1000 / (double)span_ms;
        feed(&rates->fast_per_s, per_s, span_ms, FAST_MS);
        feed(&rates->slow_per_s, per_s, span_ms, SLOW_MS);
    }
    rates->has_sent = true;
    rates->sent = sent;
    rates->sent_seen_ms = now_ms;
}

static void update_busy(struct policy_rates *rates, int64_t in_flight, int64_t now_ms)
{
    int64_t span_ms = now_ms - rates->busy_seen_ms;
    if (rates->has_busy && span_ms > 0) {
        feed(&rates->fast_busy, (double)in_flight, span_ms, FAST_MS);
        feed(&rates->slow_busy, (double)in_flight, span_ms, SLOW_MS);
    }
    rates->has_busy = true;
    rates->busy_seen_ms = now_ms;
}

static void update_service(struct policy_rates *rates, int64_t done, int64_t busy_ms)
{
    if (rates->has_done) {
        bool is_anew = done < rates->done || busy_ms < rates->busy_ms;
        rates->batch_done += (double)(is_anew ? done : done - rates->done);
        rates->batch_ms += (double)(is_anew ? busy_ms : busy_ms - rates->busy_ms);
    }
    rates->has_done = true;
    rates->done = done;
    rates->busy_ms = busy_ms;
    if (rates->batch_done < BATCH_MESSAGES)
        return;
    double mean_ms = rates->batch_ms / rates->batch_done;
    double weight = rates->service_ms > 0 ? BATCH_WEIGHT : 1;
    rates->service_ms += (mean_ms - rates->service_ms) * weight;
    rates->batch_done = 0;
    rates->batch_ms = 0;
}

void policy_rates_update(struct policy_rates *rates, const struct policy_group_sample *sample,
                         int64_t now_ms)
{
    if (sample->sent >= 0)
        update_arrivals(rates, sample->sent, now_ms);
    else
        rates->has_sent = false;
    if (sample->is_known && sample->in_flight >= 0)
        update_busy(rates, sample->in_flight, now_ms);
    if (sample->done >= 0 && sample->busy_ms >= 0)
        update_service(rates, sample->done, sample->busy_ms);
}

double policy_rates_service_ms(const struct policy_rates *rates, int64_t configured_ms)
{
    double service_ms = rates->service_ms > 0 ? rates->service_ms : (double)configured_ms;
    return service_ms < 1 ? 1 : service_ms;
}

double policy_rates_fast_load(const struct policy_rates *rates, double service_ms)
{
    return rates->has_sent ? rates->fast_per_s * service_ms / 1000 : rates->fast_busy;
}

double policy_rates_load(const struct policy_rates *rates, double service_ms)
{
    double fast = policy_rates_fast_load(rates, service_ms);
    double slow = rates->has_sent ? rates->slow_per_s * service_ms / 1000 : rates->slow_busy;
    return fast > slow ? fast : slow;
}
