#include "simulate_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define MAX_CELL_BYTES 256

static void add(struct sim_table *table, const char *text)
{
    if (table->count == table->room) {
        table->room = table->room ? 2 * table->room : 64;
        table->cells = xrealloc(table->cells, table->room * sizeof(*table->cells));
    }
    table->cells[table->count++] = xstrdup(text);
}

void sim_table_start(struct sim_table *table, const char *const *heads)
{
    *table = (struct sim_table){0};
    for (; heads[table->columns]; table->columns++)
        add(table, heads[table->columns]);
}

void sim_table_add(struct sim_table *table, const char *format, ...)
{
    char text[MAX_CELL_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    add(table, text);
}

/* Characters on a terminal: continuation bytes of UTF-8 have no width. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += (*text & 0xc0) != 0x80;
    return width;
}

static size_t column_width(const struct sim_table *table, size_t column)
{
    size_t widest = 3;
    for (size_t i = column; i < table->count; i += table->columns)
        if (width_of(table->cells[i]) > widest)
            widest = width_of(table->cells[i]);
    return widest;
}

static void write_padded(struct strbuf *out, const char *text, size_t width, bool is_left)
{
    size_t missing = width - width_of(text);
    if (is_left)
        strbuf_addf(out, "%s%*s", text, (int)missing, "");
    else
        strbuf_addf(out, "%*s%s", (int)missing, "", text);
}

static void write_rule(const struct sim_table *table, struct strbuf *out)
{
    for (size_t column = 0; column < table->columns; column++) {
        strbuf_adds(out, column == 0 ? "|" : "");
        for (size_t i = 0; i < column_width(table, column) + 1; i++)
            strbuf_addc(out, '-');
        strbuf_adds(out, column == 0 ? "-|" : ":|");
    }
    strbuf_addc(out, '\n');
}

void sim_table_write(const struct sim_table *table, bool is_markdown, struct strbuf *out)
{
    for (size_t i = 0; i < table->count; i++) {
        size_t column = i % table->columns;
        bool is_last = column + 1 == table->columns;
        if (is_markdown && column == 0)
            strbuf_adds(out, "| ");
        write_padded(out, table->cells[i], column_width(table, column), column == 0);
        strbuf_adds(out, is_markdown ? (is_last ? " |\n" : " | ") : (is_last ? "\n" : "  "));
        if (is_markdown && i + 1 == table->columns)
            write_rule(table, out);
    }
}

void sim_table_release(struct sim_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    *table = (struct sim_table){0};
}
