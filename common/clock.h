/* Time. Wall time in milliseconds since the epoch; intervals come from loop_now_ms(). */
#ifndef MB_CLOCK_H
#define MB_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_ms(void);

/* RFC 3339 UTC with milliseconds, as v1 clients read it; 0 gives 0001-01-01T00:00:00Z. */
#define CLOCK_TEXT_BYTES 32
void clock_format(int64_t time_ms, char ret_text[CLOCK_TEXT_BYTES]);

/* Reads RFC 3339 with 0 to 9 fraction digits and any zone (none counts as UTC).
 * Returns 0 or ERR_INVALID; years before 1970 give ret_time_ms 0, "not set". */
int clock_parse(const char *text, int64_t *ret_time_ms);

/* Full jitter: a random delay in 0 .. min(cap, base * 2^attempt). */
int64_t clock_backoff_ms(int attempt, int64_t base_ms, int64_t cap_ms);

#endif
