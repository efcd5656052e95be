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
    ROUTE_WEBHOOK, /* POST only */
    ROUTE_ABOUT_VERSION,
    ROUTE_ABOUT_API,
    ROUTE_ABOUT_CATALOG,
    ROUTE_KINDS
};

#define ROUTE_MAX_WAIT_SECONDS 25

struct route {
    enum route_kind kind;
    enum route_kind path; /* by the path's beginning: what methods there are, whatever follows */
    struct reference image;
    enum badge_type badge;
    char digest[DIGEST_BYTES]; /* VERSION, DIGEST: what was asked for, in full */
    int wait_seconds;          /* 0 .. ROUTE_MAX_WAIT_SECONDS; -1 if the query does not say */
    char *platform;            /* NULL if none was asked for */
    char *text;                /* LIST: the query's, NULL if there is none; SEARCH: the term */
    int page;                  /* LIST: from 1 on */
    char *refresh;             /* the query's, NULL if there is none */
    char *token;               /* WEBHOOK */
    const char *why;
};

/* One trailing slash makes no other resource. Caller releases. */
void route_parse(const char *target, struct route *ret_route);
void route_release(struct route *route);

/* The wait of a Prefer header (RFC 7240: "wait=10"), 0 if there is none; capped. */
int route_prefer_wait(const char *header);

static inline void route_cleanup(struct route *route)
{
    route_release(route);
}

#endif
