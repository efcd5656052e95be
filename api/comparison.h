/* GET /v1/compare?a={ref}&b={ref}, and /compare, the page: two inquiries of a lookup to one answer.
 *
 * 200: compare.h, with "Status" in A and B; 202 {"A","B"}: their statuses, while one is
 * not known yet; a problem of a side names it: "side": "a" or "b". 422 too_large_to_compare: there
 * is more to parse of a side than the loop has time for (COMPARISON_MAX_BYTES). */
#ifndef MB_COMPARISON_H
#define MB_COMPARISON_H

#include "answer.h"
#include "inquiry.h"
#include "verdict.h"

#define COMPARISON_SIDES 2

/* What stands in the way of a comparison: a problem of a side, a side that is not there yet, one
 * that is too large. Neither answer nor response: nothing does. */
struct verdict comparison_obstacle(struct inquiry *sides);

/* The entity tag of the comparison: known before it is made. */
void comparison_etag(const struct inquiry *sides, char ret_etag[ETAG_BYTES]);

/* A comparison in the making, one piece of work a turn of the loop: parse a, parse b, compare,
 * write. */
struct comparison;
/* Takes the caller's reference of answer; NULL if a side's text is no JSON. The comparison is gone
 * then. */
typedef void comparison_done(void *arg, struct answer *answer);
/* sides are borrowed until done or comparison_free; they must have no obstacle. */
struct comparison *comparison_start(const struct inquiry *sides, comparison_done *done, void *arg);
/* Without a call of done. NULL is fine. */
void comparison_free(struct comparison *comparison);

#endif
