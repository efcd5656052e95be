/* The greatest of the numbers of a span of time: what holds room for a while after it was needed.
 */
#ifndef MB_POLICY_WINDOW_H
#define MB_POLICY_WINDOW_H

#include <stdint.h>

enum { POLICY_WINDOW_SLOTS = 32 };

/* Zeros are an empty window. */
struct policy_window {
    int64_t spans[POLICY_WINDOW_SLOTS]; /* which span of time a slot is of, from 1 */
    int greatest[POLICY_WINDOW_SLOTS];
};

/* Numbers are forgotten after span_ms, at most a thirtieth later; it is the same in all calls, as
 * is the clock of now_ms, which does not run backwards. */
void policy_window_add(struct policy_window *window, int64_t span_ms, int64_t now_ms, int number);
/* 0 where there is none. */
int policy_window_greatest(const struct policy_window *window, int64_t span_ms, int64_t now_ms);

#endif
