#include "compare_table.h"

#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "mem.h"

void compare_entries_add(struct compare_entries *entries, char *name, json_t *value)
{
    if (entries->count == entries->alloc) {
        entries->alloc = entries->alloc ? entries->alloc * 2 : 64;
        entries->list = xrealloc(entries->list, entries->alloc * sizeof(*entries->list));
    }
    entries->list[entries->count] = (struct compare_entry){name, value, entries->count};
    entries->count++;
}

void compare_entries_release(struct compare_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        free(entries->list[i].name);
        json_decref(entries->list[i].value);
    }
    free(entries->list);
    *entries = (struct compare_entries){0};
}

static int compare_entry_order(const void *left, const void *right)
{
    const struct compare_entry *a = left;
    const struct compare_entry *b = right;
    int order = strcmp(a->name, b->name);
    if (order == 0)
        order = a->order < b->order ? -1 : 1;
    return order;
}

static void sort(struct compare_entries *entries)
{
    size_t kept = 0;
    if (entries->count)
        qsort(entries->list, entries->count, sizeof(*entries->list), compare_entry_order);
    for (size_t i = 0; i < entries->count; i++) {
        struct compare_entry entry = entries->list[i];
        if (kept && strcmp(entries->list[kept - 1].name, entry.name) == 0) {
            kept--;
            free(entries->list[kept].name);
            json_decref(entries->list[kept].value);
        }
        entries->list[kept++] = entry;
    }
    entries->count = kept;
}

struct tally {
    json_int_t kept, added, removed, changed, omitted;
    json_t *rows;
    bool with_kept;
};

static const char *count_row(struct tally *tally, const json_t *a, const json_t *b, bool is_same)
{
    json_int_t *count = !a        ? &tally->added
                        : !b      ? &tally->removed
                        : is_same ? &tally->kept
                                  : &tally->changed;
    ++*count;
    return !a ? COMPARE_ADDED : !b ? COMPARE_REMOVED : is_same ? COMPARE_KEPT : COMPARE_CHANGED;
}

static void add_row(struct tally *tally, const char *name, json_t *a, json_t *b,
                    const char *identity)
{
    bool is_same = a && b &&
                   json_equal(identity ? json_object_get(a, identity) : a,
                              identity ? json_object_get(b, identity) : b);
    const char *change = count_row(tally, a, b, is_same);
    if (is_same && !tally->with_kept)
        return;
    if (json_array_size(tally->rows) == COMPARE_MAX_ROWS) {
        tally->omitted++;
        return;
    }
    json_t *row = json_pack("{s:s,s:s}", "Name", name, "Change", change);
    if (a)
        json_object_set(row, "A", a);
    if (b)
        json_object_set(row, "B", b);
    json_array_append_new(tally->rows, row);
}

static json_t *tally_object(const struct tally *tally)
{
    json_t *table =
        json_pack("{s:I,s:I,s:I,s:I,s:o}", "Kept", tally->kept, "Added", tally->added, "Removed",
                  tally->removed, "Changed", tally->changed, "Rows", tally->rows);
    if (tally->omitted)
        json_object_set_new(table, "RowsOmitted", json_integer(tally->omitted));
    return table;
}

json_t *compare_table(struct compare_entries *a, struct compare_entries *b, const char *identity,
                      bool with_kept)
{
    struct tally tally = {.rows = json_array(), .with_kept = with_kept};
    size_t i = 0;
    size_t j = 0;
    sort(a);
    sort(b);
    while (i < a->count || j < b->count) {
        int order = i == a->count   ? 1
                    : j == b->count ? -1
                                    : strcmp(a->list[i].name, b->list[j].name);
        const char *name = order <= 0 ? a->list[i].name : b->list[j].name;
        json_t *left = order <= 0 ? a->list[i++].value : NULL;
        json_t *right = order >= 0 ? b->list[j++].value : NULL;
        add_row(&tally, name, left, right, identity);
    }
    return tally_object(&tally);
}
