/* The tags of a repository as Docker Hub's web API lists them, newest push first, 100 a page: with
 * digests and times of push, and without a counted pull. */
#ifndef MB_HUB_TAGS_H
#define MB_HUB_TAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "reference.h"

struct hub;
struct hub_tags_reading;

#define HUB_PAGE_TAGS 100 /* a larger page is silently this one */
#define HUB_MAX_PAGES 100 /* of one repository: more would spend the limit of all others */

struct hub_tag {
    char *name;
    char digest[DIGEST_BYTES]; /* "" where Hub does not tell: old or odd rows */
    int64_t pushed_ms;         /* 0 where it does not tell */
    int64_t size_bytes;        /* compressed, of linux/amd64, else of the first image; 0 as above */
};

struct hub_tags {
    bool done;
    int err; /* of the first page; what fails later only cuts the list short */
    int64_t retry_at_ms;
    struct hub_tag *rows; /* each name once, in no order */
    size_t count;
    int64_t total;      /* as Hub counts them, odd names included */
    bool is_cut;        /* there are tags that are not here, and Hub does not give them */
    unsigned next_page; /* a rate limit ended it: where to go on at retry_at_ms; else 0 */
    struct hub_tags_reading *reading; /* while under way */
};

/* repository is on docker.io; tags must not move until done. first_page is 1 but where an earlier
 * reading is gone on with. An answer without tags is ERR_NOTFOUND: a client over its limit has been
 * shown empty lists. */
void hub_tags_start(struct hub *hub, const struct reference *repository, unsigned first_page,
                    struct hub_tags *tags, int64_t deadline_ms);
void hub_tags_cancel(struct hub_tags *tags);
void hub_tags_release(struct hub_tags *tags);

#endif
