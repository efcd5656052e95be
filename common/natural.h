/* Order of tags as people read them: runs of digits count as numbers, so 1.10 comes after 1.9. */
#ifndef MB_NATURAL_H
#define MB_NATURAL_H

/* Below, equal to or above 0, as strcmp. */
int natural_compare(const char *a, const char *b);

#endif
