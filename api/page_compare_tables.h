/* The parts of a comparison's page. Pure; each takes a member of compare.h's JSON, or NULL. */
#ifndef MB_PAGE_COMPARE_TABLES_H
#define MB_PAGE_COMPARE_TABLES_H

#include <jansson.h>

#include "strbuf.h"

/* A table of "Name", A, B. id is literal; nothing where there is no row. */
void page_compare_table(const char *id, const char *heading, const json_t *table,
                        struct strbuf *out);
void page_compare_platforms(const json_t *table, struct strbuf *out);
void page_compare_layers(const json_t *layers, struct strbuf *out);
void page_compare_lines(const json_t *dockerfile, struct strbuf *out);

/* "+1.2 MB", "-300 B", "no difference" for a difference of sizes. */
void page_compare_difference(struct strbuf *out, int64_t bytes);

#endif
