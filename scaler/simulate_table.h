/* A table of texts, for a terminal or as Markdown. The first column stands left, others right. */
#ifndef MB_SIMULATE_TABLE_H
#define MB_SIMULATE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "strbuf.h"

struct sim_table {
    size_t columns;
    size_t count; /* cells, heads first */
    size_t room;
    char **cells;
};

/* heads: as many as there are columns; NULL ends them. */
void sim_table_start(struct sim_table *table, const char *const *heads);
/* Row by row. */
void sim_table_add(struct sim_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void sim_table_write(const struct sim_table *table, bool is_markdown, struct strbuf *out);
void sim_table_release(struct sim_table *table);

#endif
