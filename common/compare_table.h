/* Two sets of named values side by side (compare.h: a table). */
#ifndef MB_COMPARE_TABLE_H
#define MB_COMPARE_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct compare_entry {
    char *name;
    json_t *value;
    size_t order; /* of two with one name the later counts */
};

struct compare_entries {
    struct compare_entry *list;
    size_t count, alloc;
};

/* Takes name and value. */
void compare_entries_add(struct compare_entries *entries, char *name, json_t *value);
void compare_entries_release(struct compare_entries *entries);

/* identity: the member that alone decides whether two values are the same; NULL: all of them.
 * with_kept: rows for what is the same, too. Sorts the entries. Caller owns. */
json_t *compare_table(struct compare_entries *a, struct compare_entries *b, const char *identity,
                      bool with_kept);

/* The words of a Change. */
#define COMPARE_KEPT "kept"
#define COMPARE_ADDED "added"
#define COMPARE_REMOVED "removed"
#define COMPARE_CHANGED "changed"

static inline void compare_entries_cleanup(struct compare_entries *entries)
{
    compare_entries_release(entries);
}

#endif
