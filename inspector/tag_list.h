/* The tags of one repository, newest first: from Docker Hub's API where it answers, which tells
 * their digests too; from the registry's own list elsewhere, and where Hub's ends early. */
#ifndef MB_TAG_LIST_H
#define MB_TAG_LIST_H

#include <jansson.h>

#include "hub_tags.h"
#include "registry.h"

struct hub;
struct loop;

struct tag_row {
    char *name;
    char digest[DIGEST_BYTES]; /* "" where it is to be asked for by a HEAD */
    int64_t pushed_ms;         /* 0 if not told */
};

struct tag_list {
    struct loop *loop;
    struct hub *hub;
    struct registry *registry;
    const struct reference *repository;

    int err; /* of the registry's list, ERR_NOTFOUND and the like where there is no such image */
    char error_text[REGISTRY_ERROR_BYTES];
    int64_t retry_at_ms; /* with next_page too */
    struct tag_row *rows;
    size_t count;
    json_t *attachments; /* tags that are none, but keep what is attached (attachments.h) */
    json_t *sizes;       /* digest: bytes, as Hub tells */
    unsigned next_page;  /* Hub's limit is spent: where to go on; 0: the list is whole */

    struct hub_tags from_hub;
    struct registry_tags from_registry;
    json_t *by_name; /* name: index of its row */
    size_t alloc;
};

/* Starts reading; loop, hub, registry and repository are set before, all else is zero. earlier
 * (may be NULL) is the image record of a reading that a limit ended, with its tag digests: it is
 * gone on with. list must not move until tag_list_wait. */
void tag_list_start(struct tag_list *list, const json_t *earlier, const json_t *earlier_digests);
/* Until the list is there or cannot be had. Where Hub's limit is spent but ends by wall time
 * patience_ms, its part is taken as it is (next_page tells); else the registry's list stands in. */
void tag_list_wait(struct tag_list *list, int64_t patience_ms);
void tag_list_release(struct tag_list *list);

/* NULL if there is none. */
struct tag_row *tag_list_find(const struct tag_list *list, const char *name);
/* A tag that exists though no list has it. */
void tag_list_add(struct tag_list *list, const char *name);
/* Those with a digest first, then by newest push, then the greatest name first.
 * ret_known: how many have a digest. */
void tag_list_sort(struct tag_list *list, size_t *ret_known);

#endif
