/* One image that a lookup asks for: read from Redis, and what that comes to. */
#ifndef MB_INQUIRY_H
#define MB_INQUIRY_H

#include "answer.h"
#include "digest.h"
#include "route.h"
#include "service.h"
#include "strbuf.h"
#include "verdict.h"

typedef void inquiry_done(void *arg);

struct inquiry {
    struct service *service;
    struct route route; /* of a COMPARE: this side's; what it points to is borrowed */
    char *name;         /* canonical */
    char *shown;        /* in answers */
    bool has_submitted; /* since the lookup last waited: once is enough */
    inquiry_done *done;
    void *arg;

    /* Of the last read */
    int err;
    struct verdict verdict;  /* its answer and response are owned here until they are taken */
    struct reference wanted; /* whom a submission is for: the version asked for goes with it */

    /* Of a COMPARE's last read */
    struct status status;
    bool is_found;
    bool is_too_large;    /* found, but more than COMPARISON_MAX_BYTES */
    struct strbuf text;   /* JSON of the version, where found and not too large */
    char tag[ETAG_BYTES]; /* of the text */
    char image_digest[DIGEST_BYTES];
};

/* What is parsed of each side of a comparison. */
#define COMPARISON_MAX_BYTES (192u << 10)

/* What route points to must outlive the inquiry. done(arg) is called after each read. */
void inquiry_init(struct inquiry *inquiry, struct service *service, const struct route *route,
                  inquiry_done *done, void *arg);
void inquiry_release(struct inquiry *inquiry);
/* One round trip; what the last one came to is forgotten. */
void inquiry_read(struct inquiry *inquiry);
/* Takes the verdict. */
struct verdict inquiry_take(struct inquiry *inquiry);
/* True where the answer is neither there nor on its way: it cannot be had. */
bool inquiry_is_problem(const struct inquiry *inquiry);

#endif
