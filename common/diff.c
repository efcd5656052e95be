#include "diff.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define WORD_BITS 64

/* Numbers */

struct ranked {
    struct diff_text text;
    size_t index;
};

static int compare_texts(const struct diff_text *a, const struct diff_text *b)
{
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return a->len ? memcmp(a->data, b->data, a->len) : 0;
}

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *left = a;
    const struct ranked *right = b;
    return compare_texts(&left->text, &right->text);
}

/* Sorted rather than hashed: foreign text cannot choose how long that takes. */
void diff_number(const struct diff_text *texts, size_t count, uint32_t *ret_numbers)
{
    AUTO(free) struct ranked *ranked = xcalloc(count, sizeof(*ranked));
    for (size_t i = 0; i < count; i++)
        ranked[i] = (struct ranked){texts[i], i};
    if (count)
        qsort(ranked, count, sizeof(*ranked), compare_ranked);
    uint32_t number = 0;
    for (size_t i = 0; i < count; i++) {
        if (i && compare_texts(&ranked[i - 1].text, &ranked[i].text) != 0)
            number++;
        ret_numbers[ranked[i].index] = number;
    }
}

/* Steps */

/* The table: in row i bit j is 0 where b[j] makes the common subsequence of a's first i items and
 * b's first j + 1 longer than that with b's first j. */
struct table {
    const uint32_t *a, *b;
    size_t a_count, b_count;
    size_t words; /* of a row */
    uint64_t *rows;
};

/* For each number that b has, a row with bit j set where b[j] is it; NULL for the others. */
static const uint64_t **match_rows(const struct table *table, size_t number_count,
                                   uint64_t **ret_bits)
{
    const uint64_t **rows = xcalloc(number_count, sizeof(*rows));
    uint64_t *bits = xcalloc(table->b_count * table->words, sizeof(*bits));
    size_t used = 0;
    for (size_t j = 0; j < table->b_count; j++) {
        uint32_t number = table->b[j];
        if (!rows[number])
            rows[number] = bits + used++ * table->words;
        size_t at = (size_t)(rows[number] - bits) + j / WORD_BITS;
        bits[at] |= UINT64_C(1) << (j % WORD_BITS);
    }
    *ret_bits = bits;
    return rows;
}

static void next_row(const uint64_t *row, const uint64_t *match, size_t words, uint64_t *ret_row)
{
    bool carry = false;
    for (size_t w = 0; w < words; w++) {
        uint64_t sum;
        bool overflow = __builtin_add_overflow(row[w], row[w] & match[w], &sum);
        bool overflow_by_carry = __builtin_add_overflow(sum, (uint64_t)carry, &sum);
        carry = overflow || overflow_by_carry;
        ret_row[w] = sum | (row[w] & ~match[w]);
    }
}

static void fill(struct table *table, size_t number_count)
{
    size_t words = table->words;
    AUTO(free) uint64_t *bits = NULL;
    AUTO(free) const uint64_t **match = match_rows(table, number_count, &bits);
    table->rows = xmalloc((table->a_count + 1) * words * sizeof(uint64_t));
    memset(table->rows, 0xff, words * sizeof(uint64_t));
    for (size_t i = 0; i < table->a_count; i++) {
        const uint64_t *row = table->rows + i * words;
        uint64_t *next = table->rows + (i + 1) * words;
        if (match[table->a[i]])
            next_row(row, match[table->a[i]], words, next);
        else
            memcpy(next, row, words * sizeof(uint64_t));
    }
}

/* The step that ends at a's first i and b's first j items. */
static enum diff_change last_change(const struct table *table, size_t i, size_t j)
{
    if (i == 0)
        return DIFF_ADDED;
    if (j == 0)
        return DIFF_REMOVED;
    if (table->a[i - 1] == table->b[j - 1])
        return DIFF_KEPT;
    size_t bit = j - 1;
    uint64_t word = table->rows[i * table->words + bit / WORD_BITS];
    return word >> (bit % WORD_BITS) & 1 ? DIFF_ADDED : DIFF_REMOVED;
}

/* Fills steps from their end; the count of them. */
static size_t walk_back(const struct table *table, struct diff_step *end)
{
    size_t i = table->a_count;
    size_t j = table->b_count;
    size_t count = 0;
    while (i || j) {
        enum diff_change change = last_change(table, i, j);
        i -= change != DIFF_ADDED;
        j -= change != DIFF_REMOVED;
        *--end = (struct diff_step){change, i, j};
        count++;
    }
    return count;
}

void diff_numbers(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
                  size_t number_count, struct diff_step **ret_steps, size_t *ret_count)
{
    size_t all = a_count + b_count;
    size_t prefix = 0; /* of two equal items the first is kept, as a reader expects */
    while (prefix < a_count && prefix < b_count && a[prefix] == b[prefix])
        prefix++;
    struct table table = {a + prefix, b + prefix, a_count - prefix, b_count - prefix, 0, NULL};
    table.words = (table.b_count + WORD_BITS - 1) / WORD_BITS;
    fill(&table, number_count);
    struct diff_step *steps = xcalloc(all ? all : 1, sizeof(*steps));
    size_t rest = walk_back(&table, steps + all);
    free(table.rows);
    memmove(steps + prefix, steps + all - rest, rest * sizeof(*steps));
    for (size_t i = 0; i < prefix; i++)
        steps[i] = (struct diff_step){DIFF_KEPT, i, i};
    for (size_t i = prefix; i < prefix + rest; i++) {
        steps[i].a += prefix;
        steps[i].b += prefix;
    }
    *ret_steps = steps;
    *ret_count = prefix + rest;
}
