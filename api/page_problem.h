/* The page that says what went wrong and what comes next. Pure. */
#ifndef MB_PAGE_PROBLEM_H
#define MB_PAGE_PROBLEM_H

#include "route.h"
#include "strbuf.h"

/* retry_after_seconds 0: trying again is of no use. */
void page_problem(const struct route *route, int status, const char *detail,
                  int retry_after_seconds, struct strbuf *out);

#endif
