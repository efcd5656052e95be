/* Docker Hub's web API: the facts of a repository that a registry does not tell. Its tags are in
 * hub_tags.h. */
#ifndef MB_HUB_H
#define MB_HUB_H

#include <stdbool.h>
#include <stdint.h>

#include "reference.h"

struct budget;
struct httpc;
struct hub;
struct loop;

struct hub_facts {
    bool done;
    int err; /* ERR_NOTFOUND, ERR_RATELIMIT, ... : the other members are then empty */
    int64_t retry_at_ms;
    char *description;  /* "" if none */
    char *last_updated; /* as Hub writes it, "" if none */
    int64_t pull_count;
    int64_t star_count;
    int64_t badge_count;   /* of MicroBadger's, in the full description */
    char *name;            /* asked for */
    struct hub_call *call; /* while under way */
};

/* base_url without a trailing slash; "none" turns it off (every call: ERR_NOTFOUND). Private
 * addresses are reached only because the configuration names them here. budget may be NULL. */
struct hub *hub_new(struct loop *loop, struct httpc *httpc, const char *base_url,
                    struct budget *budget);
void hub_free(struct hub *hub);

/* repository is on docker.io. facts must not move until done. */
void hub_facts_start(struct hub *hub, const struct reference *repository, struct hub_facts *facts,
                     int64_t deadline_ms);
void hub_facts_cancel(struct hub_facts *facts);
void hub_facts_release(struct hub_facts *facts);

#endif
