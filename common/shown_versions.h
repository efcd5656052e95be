/* The versions of a repository with all that is known of them, in the order in which answers show
 * them: what a document (document.h) is put together from. */
#ifndef MB_SHOWN_VERSIONS_H
#define MB_SHOWN_VERSIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

/* Borrows digest and tags from the groups. */
struct shown_version {
    const char *digest;
    json_t *tags;          /* array of texts */
    json_t *known;         /* facts or record, NULL if not fetched yet */
    size_t child_count;    /* 0 where not fetched yet */
    const char **children; /* digests, the default first; an image manifest's own */
    const char **platforms;
    json_t *
        *child_facts; /* NULL where not fetched yet; borrowed from known for an image manifest */
    bool owns_child_facts;
    int64_t pushed_ms; /* the last of its tags; 0 if not told */
    int64_t created_ms;
    bool is_latest;
    const char *greatest_tag;
};

struct shown_versions {
    struct shown_version *rows; /* latest first, then newest first */
    size_t count;
};

/* image and groups as store.h describes them; they outlive the versions. A waiting call: 0 or what
 * the store says. Released in either case. */
int shown_versions_read(struct store *store, const json_t *image, const json_t *groups,
                        struct shown_versions *versions);
void shown_versions_release(struct shown_versions *versions);

/* Facts of the default image; NULL where not fetched yet. */
const json_t *shown_facts(const struct shown_version *version);

#endif
