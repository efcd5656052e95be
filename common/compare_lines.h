/* The commands of two versions as lines of a Dockerfile (compare.h). */
#ifndef MB_COMPARE_LINES_H
#define MB_COMPARE_LINES_H

#include <jansson.h>

/* The member "Dockerfile" for the arrays "Layers" of two versions, which may be NULL, and their
 * platforms, which tell the escape character. Caller owns. */
json_t *compare_lines(const json_t *a, const char *a_platform, const json_t *b,
                      const char *b_platform);

#endif
