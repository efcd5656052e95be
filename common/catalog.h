/* What is known, for lists and search: names of inspected images, indexed so that no answer looks
 * at more than a bounded part of them. Workers write an entry with each document that is whole; the
 * api reads. Names are canonical; texts to search are those without "docker.io/".
 *
 *   mb:1:cat:seen     sorted set: name by its last inspection in ms; of more than
 *                     CATALOG_MAX_ENTRIES those that were inspected longest ago are dropped
 *   mb:1:cat:pulls    sorted set: name by PullCount
 *   mb:1:cat:new      sorted set: name by its first inspection in ms, of CATALOG_RECENT_MS
 *   mb:1:cat:schema   sorted set: names whose latest version has label-schema labels, by name
 *   mb:1:cat:badges   sorted set: name by the number of badges in its description on Docker Hub
 *   mb:1:cat:total    string: the sum of those numbers
 *   mb:1:cat:parts    sorted set, by text: for each place i in a name that may be searched
 *                     "<name from i on> <name up to i>", so that a search for any part of a name is
 *                     a range, and a member tells the whole name
 *
 * An entry whose document is gone is dropped by whoever meets it; each write looks at some. All
 * keys live for MB_KEEP_SECONDS after the last write. */
#ifndef MB_CATALOG_H
#define MB_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct redis;

#define CATALOG_MAX_ENTRIES 100000 /* each takes about 2.5 KB of Redis */
#define CATALOG_PAGE 100           /* names in one page of a list */
#define CATALOG_RECENT 5
#define CATALOG_RECENT_MS (INT64_C(14) * 24 * 3600 * 1000)
#define CATALOG_FOUND 10 /* names that a search gives */

struct catalog_entry {
    const char *name;
    int64_t inspected_ms;
    int64_t pulls;
    int64_t badges;
    bool has_label_schema;
};

/* Fire and forget: what is lost comes with the next inspection. */
void catalog_put(struct redis *redis, const struct catalog_entry *entry, int64_t max_entries,
                 int64_t keep_seconds);

enum catalog_list {
    CATALOG_LIST_RECENT,       /* newest first */
    CATALOG_LIST_LABEL_SCHEMA, /* by name, in pages */
    CATALOG_LIST_SEARCH,       /* exact names, then names that start with the term, then those with
                                  a word that does, then the rest; each by pulls */
};

struct catalog_query {
    enum catalog_list list;
    int page;         /* LABEL_SCHEMA: from 1 on */
    const char *term; /* SEARCH: any text, in any case */
};

struct catalog_page {
    size_t count;
    const char *names[CATALOG_PAGE]; /* canonical, borrowed for the call */
    int64_t total;                   /* in the whole list; of a search: count */
};

/* page is NULL when err is not 0. One round trip. */
typedef void catalog_read_done(void *arg, int err, const struct catalog_page *page);
void catalog_read(struct redis *redis, const struct catalog_query *query, catalog_read_done *done,
                  void *arg);

/* badges in the descriptions of so many images. */
typedef void catalog_counts_done(void *arg, int err, int64_t badges, int64_t images);
void catalog_counts(struct redis *redis, catalog_counts_done *done, void *arg);

#endif
