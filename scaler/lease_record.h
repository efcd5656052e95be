/* The object of kind Lease: what an election reads of it, and the objects it writes. Pure
 * functions. Field names and meanings are those of coordination.k8s.io/v1. */
#ifndef MB_LEASE_RECORD_H
#define MB_LEASE_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* "2026-11-23T21:10:00.123456Z": the server refuses any other number of decimals. */
#define MICRO_TIME_BYTES 28
void micro_time_format(int64_t time_us, char ret_text[MICRO_TIME_BYTES]);

/* Who holds it, "" if nobody. Borrowed from the object. */
const char *lease_record_holder(const json_t *lease);
/* How long it counts after a change, as its writer says: 0 to an hour. */
int64_t lease_record_duration_ms(const json_t *lease);
/* True where both say the same of the holding: a renewal differs by its time. NULL differs. */
bool lease_record_is_same(const json_t *a, const json_t *b);

/* A new object of this name. Caller owns. */
json_t *lease_record_new(const char *name);
/* A copy as this holder writes it at this time, taken or renewed: what else is in it stays, with
 * its resourceVersion. Caller owns. */
json_t *lease_record_held(const json_t *lease, const char *holder, int64_t duration_ms,
                          int64_t time_us);
/* A copy that nobody holds. Caller owns. */
json_t *lease_record_released(const json_t *lease, int64_t time_us);

#endif
