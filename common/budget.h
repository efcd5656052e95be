/* How much others still let us ask: pulls (GETs of manifests) from a registry that tells its
 * limits, as Docker Hub's does, and requests to Docker Hub's web API. It is one budget for all
 * workers, kept in Redis; a worker has a copy, read at the start of a job and after what it writes,
 * so no request costs a round trip of its own. What an answer's headers say is the truth; between
 * answers a worker counts what it sends. A tenth is kept for what somebody waits for.
 *
 *   mb:1:budget   hash: "hub" (the web API) or the registry's name:
 *                 "limit remaining until_ms noted_ms source" */
#ifndef MB_BUDGET_H
#define MB_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct budget;
struct loop;
struct redis;

#define BUDGET_HUB "hub"
#define BUDGET_SOURCE_BYTES 64

/* What is known of one limit. */
struct budget_limit {
    int64_t limit; /* requests in a window, 0 if not told */
    int64_t remaining;
    int64_t until_ms;                 /* wall time: it counts so long */
    int64_t noted_ms;                 /* wall time */
    char source[BUDGET_SOURCE_BYTES]; /* whom the peer counts: an address or a user; "" */
};

/* The headers of an answer; NULL where absent. */
struct budget_headers {
    const char *limit;     /* "100;w=21600" (ratelimit-limit), "180" (x-ratelimit-limit) */
    const char *remaining; /* likewise */
    const char *reset;     /* x-ratelimit-reset: seconds since the epoch */
    const char *source;    /* docker-ratelimit-source */
    const char *retry_after;
    bool is_refused; /* 429 */
};

/* 0, or ERR_NOTFOUND where the headers tell no limit. */
int budget_read_headers(const struct budget_headers *headers, int64_t now_ms,
                        struct budget_limit *ret_limit);
/* What stands after later was heard: lower counts win for a moment, since answers overtake each
 * other; then the later one does. */
void budget_merge(struct budget_limit *known, const struct budget_limit *later);

/* NULL is fine as a budget in all calls below: everything may be asked. */
struct budget *budget_new(struct loop *loop, struct redis *redis);
void budget_free(struct budget *budget);
/* Reads what the workers know; waits for it, in a worker's sequential code. Where Redis does not
 * answer, what was known stands. */
void budget_load(struct budget *budget);
/* One request to be sent; it is counted. is_wanted: somebody waits for it. 0, or ERR_RATELIMIT with
 * the wall time from which on it may be asked again. */
int budget_take(struct budget *budget, const char *name, bool is_wanted, int64_t *ret_retry_at_ms);
/* What an answer said. */
void budget_note(struct budget *budget, const char *name, const struct budget_headers *headers);

#endif
