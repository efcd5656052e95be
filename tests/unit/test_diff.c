#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "mem.h"

#define MAX_SMALL 150

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The textbook's table, cell by cell. */
static size_t naive_length(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count)
{
    static size_t cells[MAX_SMALL + 1][MAX_SMALL + 1];
    memset(cells, 0, sizeof(cells));
    for (size_t i = 1; i <= a_count; i++)
        for (size_t j = 1; j <= b_count; j++)
            cells[i][j] = a[i - 1] == b[j - 1] ? cells[i - 1][j - 1] + 1
                                               : larger(cells[i - 1][j], cells[i][j - 1]);
    return cells[a_count][b_count];
}

/* The steps tell a whole and b whole, each in order; how many are kept. */
static size_t check_steps(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
                          const struct diff_step *steps, size_t count)
{
    size_t i = 0;
    size_t j = 0;
    size_t kept = 0;
    for (size_t s = 0; s < count; s++) {
        if (steps[s].change != DIFF_ADDED)
            assert_int_equal(steps[s].a, i++);
        if (steps[s].change != DIFF_REMOVED)
            assert_int_equal(steps[s].b, j++);
        if (steps[s].change != DIFF_KEPT)
            continue;
        assert_int_equal(a[steps[s].a], b[steps[s].b]);
        kept++;
    }
    assert_int_equal(i, a_count);
    assert_int_equal(j, b_count);
    return kept;
}

static size_t kept_of(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
                      size_t number_count)
{
    AUTO(free) struct diff_step *steps = NULL;
    size_t count;
    diff_numbers(a, a_count, b, b_count, number_count, &steps, &count);
    return check_steps(a, a_count, b, b_count, steps, count);
}

static void fill(uint32_t *numbers, size_t count, unsigned alphabet, unsigned *seed)
{
    for (size_t i = 0; i < count; i++)
        numbers[i] = (uint32_t)rand_r(seed) % alphabet;
}

/* b is a without some of its items; how many are left. */
static size_t mostly(const uint32_t *a, size_t count, uint32_t *b, unsigned *seed)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        if (rand_r(seed) % 8)
            b[left++] = a[i];
    return left;
}

static void as_many_are_kept_as_can_be(void **state)
{
    (void)state;
    static const unsigned alphabets[] = {1, 2, 3, 10, 60, 300};
    unsigned seed = 20260101;
    uint32_t a[MAX_SMALL], b[MAX_SMALL];
    for (int round = 0; round < 600; round++) {
        unsigned alphabet = alphabets[(size_t)round % ARRAY_LEN(alphabets)];
        size_t a_count = (size_t)rand_r(&seed) % (MAX_SMALL + 1);
        size_t b_count = (size_t)rand_r(&seed) % (MAX_SMALL + 1);
        fill(a, a_count, alphabet, &seed);
        fill(b, b_count, alphabet, &seed);
        if (round % 3 == 0)
            b_count = mostly(a, a_count, b, &seed);
        assert_int_equal(kept_of(a, a_count, b, b_count, 300),
                         naive_length(a, a_count, b, b_count));
    }
}

static void borders_of_words_and_of_the_bound(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 63, 64, 65, 127, 128, 129, DIFF_MAX_ITEMS};
    AUTO(free) uint32_t *numbers = xcalloc(DIFF_MAX_ITEMS + 1, sizeof(*numbers));
    AUTO(free) uint32_t *shifted = xcalloc(DIFF_MAX_ITEMS + 1, sizeof(*shifted));
    for (size_t i = 0; i <= DIFF_MAX_ITEMS; i++) {
        numbers[i] = (uint32_t)i;
        shifted[i] = (uint32_t)i + 1;
    }
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        size_t count = counts[i];
        size_t one_less = count ? count - 1 : 0;
        assert_int_equal(kept_of(numbers, count, numbers, count, count), count);
        assert_int_equal(kept_of(numbers, count, shifted, count, count + 1), one_less);
        assert_int_equal(kept_of(shifted, count, numbers, count, count + 1), one_less);
        assert_int_equal(kept_of(numbers, count, NULL, 0, count), 0);
        assert_int_equal(kept_of(NULL, 0, numbers, count, count), 0);
    }
}

static void what_was_there_stands_before_what_came(void **state)
{
    (void)state;
    static const uint32_t a[] = {1, 2, 3};
    static const uint32_t b[] = {1, 4, 3, 3};
    static const enum diff_change expected[] = {DIFF_KEPT, DIFF_REMOVED, DIFF_ADDED, DIFF_ADDED,
                                                DIFF_KEPT};
    AUTO(free) struct diff_step *steps = NULL;
    size_t count;
    diff_numbers(a, 3, b, 4, 5, &steps, &count);
    assert_int_equal(count, ARRAY_LEN(expected));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(steps[i].change, expected[i]);
}

static void equal_texts_have_equal_numbers(void **state)
{
    (void)state;
    static const struct diff_text texts[] = {{"RUN a", 5}, {"", 0},       {"RUN ab", 5},
                                             {"RUN b", 5}, {"RUN ab", 6}, {NULL, 0}};
    uint32_t numbers[ARRAY_LEN(texts)];
    diff_number(texts, ARRAY_LEN(texts), numbers);
    assert_int_equal(numbers[0], numbers[2]);
    assert_int_equal(numbers[1], numbers[5]);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_true(numbers[i] < 4);
    assert_int_not_equal(numbers[0], numbers[3]);
    assert_int_not_equal(numbers[0], numbers[4]);
    assert_int_not_equal(numbers[3], numbers[4]);
    diff_number(NULL, 0, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_are_kept_as_can_be),
        cmocka_unit_test(borders_of_words_and_of_the_bound),
        cmocka_unit_test(what_was_there_stands_before_what_came),
        cmocka_unit_test(equal_texts_have_equal_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
