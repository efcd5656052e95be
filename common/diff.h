/* What was added to and removed from a sequence, by a longest common subsequence: bit-parallel
 * (Hyyrö, "Bit-parallel LCS-length computation revisited", 2004), a bit for each pair of items. */
#ifndef MB_DIFF_H
#define MB_DIFF_H

#include <stddef.h>
#include <stdint.h>

#define DIFF_MAX_ITEMS 1024 /* of each side: 128 KiB of bits */

enum diff_change { DIFF_KEPT, DIFF_ADDED, DIFF_REMOVED };

struct diff_step {
    enum diff_change change;
    size_t a; /* index into a; ADDED: of what comes behind it, a_count where nothing does */
    size_t b; /* the same of b, for REMOVED */
};

struct diff_text {
    const char *data; /* need not end in a NUL */
    size_t len;
};

/* Numbers for texts: equal ones for equal texts, from 0 on and below count. */
void diff_number(const struct diff_text *texts, size_t count, uint32_t *ret_numbers);

/* The steps from a to b, in order, REMOVED before ADDED where both stand at one place. No shorter
 * way keeps more. a and b have at most DIFF_MAX_ITEMS numbers, all below number_count. Caller
 * frees; there are at most a_count + b_count. */
void diff_numbers(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
                  size_t number_count, struct diff_step **ret_steps, size_t *ret_count);

#endif
