#include "natural.h"

#include <stdbool.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Compares two runs of digits and steps over them: leading zeros off, then length, then text. */
static int number_compare(const char **a, const char **b)
{
    while (**a == '0')
        (*a)++;
    while (**b == '0')
        (*b)++;
    size_t len_a = strspn(*a, "0123456789");
    size_t len_b = strspn(*b, "0123456789");
    int order = len_a != len_b ? (len_a < len_b ? -1 : 1) : strncmp(*a, *b, len_a);
    *a += len_a;
    *b += len_b;
    return order;
}

int natural_compare(const char *a, const char *b)
{
    const char *start_a = a;
    const char *start_b = b;
    while (*a && *b) {
        if (is_digit(*a) && is_digit(*b)) {
            int order = number_compare(&a, &b);
            if (order)
                return order;
        } else if (*a != *b) {
            return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
        } else {
            a++;
            b++;
        }
    }
    if (*a || *b)
        return *a ? 1 : -1;
    return strcmp(start_a, start_b); /* "01" and "1" differ, somehow */
}
