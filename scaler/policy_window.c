#include "policy_window.h"

#define SLOTS_IN_SPAN (POLICY_WINDOW_SLOTS - 2)

static int64_t slot_ms(int64_t span_ms)
{
    return span_ms < SLOTS_IN_SPAN ? 1 : span_ms / SLOTS_IN_SPAN;
}

void policy_window_add(struct policy_window *window, int64_t span_ms, int64_t now_ms, int number)
{
    int64_t span = now_ms / slot_ms(span_ms) + 1;
    int slot = (int)(span % POLICY_WINDOW_SLOTS);
    if (window->spans[slot] != span || window->greatest[slot] < number) {
        window->spans[slot] = span;
        window->greatest[slot] = number;
    }
}

int policy_window_greatest(const struct policy_window *window, int64_t span_ms, int64_t now_ms)
{
    int64_t oldest = (now_ms - span_ms) / slot_ms(span_ms) + 1;
    int greatest = 0;
    for (int i = 0; i < POLICY_WINDOW_SLOTS; i++)
        if (window->spans[i] > 0 && window->spans[i] >= oldest && window->greatest[i] > greatest)
            greatest = window->greatest[i];
    return greatest;
}
