/* From a request's target to what it asks for. Pure functions over foreign text. */
#ifndef MB_ROUTE_H
#define MB_ROUTE_H

#include <stdbool.h>

#include "badge.h"
#include "digest.h"
#include "reference.h"

enum route_kind {
    ROUTE_NOT_FOUND,
    ROUTE_BAD, /* `why` says what is wrong with the target */
    ROUTE_HEALTH,
    ROUTE_IMAGE,
    ROUTE_VERSION,
    ROUTE_DOCKERFILE,
    ROUTE_STATUS,
    ROUTE_DIGEST,
    ROUTE_BADGE, /* image is empty where its name is none */
    ROUTE_EVENTS,
    ROUTE_LIST,
    ROUTE_SEARCH,
    ROUTE_BADGE_COUNTS,
    ROUTE_ME,
    ROUTE_ABOUT_VERSION,
    ROUTE_ABOUT_API,
    ROUTE_ABOUT_CATALOG,
    ROUTE_COMPARE,      /* two images: sides */
    ROUTE_COMPARE_PAGE, /* the same for people */
    ROUTE_COMPARE_FORM, /* where one of them, or both, are still to be named */
    ROUTE_WEBHOOK,      /* POST only */
    ROUTE_HOME,
    ROUTE_FIND, /* the search box's text is to be understood */
    ROUTE_PAGE, /* an image's */
    ROUTE_PAGE_DOCKERFILE,
    ROUTE_ASSET,
    ROUTE_OPENSEARCH,
    ROUTE_KINDS
};

#define ROUTE_MAX_WAIT_SECONDS 25

/* One of two images that are compared. */
struct route_side {
    struct reference image;
    char *platform; /* NULL if none was asked for */
};

struct route {
    enum route_kind kind;
    enum route_kind path; /* by the path's beginning: what methods there are, whatever follows */
    struct reference image;
    enum badge_type badge;
    char digest[DIGEST_BYTES];  /* VERSION, DIGEST: what was asked for, in full */
    int wait_seconds;           /* 0 .. ROUTE_MAX_WAIT_SECONDS; -1 if the query does not say */
    char *platform;             /* NULL if none was asked for */
    char *text;                 /* LIST: the query's, NULL if there is none; SEARCH: the term;
                                 * FIND: what was typed, NULL if nothing; ASSET: the file's name */
    int page;                   /* LIST: from 1 on */
    char *refresh;              /* the query's, NULL if there is none */
    char *token;                /* WEBHOOK */
    bool is_page;               /* people look at it: problems are pages too */
    struct route_side sides[2]; /* COMPARE, COMPARE_PAGE: a and b; image is neither */
    const char *side; /* "a" or "b" where the route, or what is wrong with it, is one side's */
    const char *why;
};

/* One trailing slash makes no other resource. Caller releases. */
void route_parse(const char *target, struct route *ret_route);
/* The target of a POST: a webhook's address is a page's to who reads. */
void route_parse_post(const char *target, struct route *ret_route);
void route_release(struct route *route);
extern const char *const route_side_names[2]; /* "a", "b" */

/* The wait of a Prefer header (RFC 7240: "wait=10"), 0 if there is none; capped. */
int route_prefer_wait(const char *header);

static inline void route_cleanup(struct route *route)
{
    route_release(route);
}

#endif
