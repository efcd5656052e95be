/* One request to Docker Hub's web API seen through to its end: the documented path or the one that
 * it replaced, one more try, rate limits. Used by hub.c and hub_tags.c only. */
#ifndef MB_HUB_CALL_H
#define MB_HUB_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hub.h"

struct budget;
struct hub_call;

struct hub {
    struct loop *loop;
    struct httpc *httpc;
    struct budget *budget;
    char *base_url; /* NULL: turned off */
    bool is_own;    /* another than Docker's is named: its address may be private */
};

/* Which of Hub's paths for the same thing; the documented one comes first, the other may be gone
 * one day (deprecated 2025-09). */
enum hub_path { HUB_PATH_NEW, HUB_PATH_OLD };

struct hub_request {
    const char *namespace;
    const char *name;
    const char *new_tail; /* what follows the repository, "" or "/tags?page=2" */
    const char *old_tail;
    enum hub_path path;
    bool is_path_known; /* a 404 is about the thing, not about the path */
    size_t max_body_bytes;
    int64_t deadline_ms;
};

struct hub_outcome {
    int err;
    int status; /* of the answer, 0 if there was none */
    int64_t retry_at_ms;
    json_t *json; /* where err is 0; borrowed for the call */
    enum hub_path path;
};

/* Called once, from the loop. */
typedef void hub_call_done(void *arg, const struct hub_outcome *outcome);

/* True where it can be asked about: Hub is on, and its names have two parts. Texts are copied. */
bool hub_knows(const struct hub *hub, const struct reference *repository, char **ret_namespace,
               char **ret_name);
/* One request is taken from the budget: 0, or ERR_RATELIMIT with the time to ask again. */
int hub_take(struct hub *hub, bool is_wanted, int64_t *ret_retry_at_ms);
struct hub_call *hub_call_start(struct hub *hub, const struct hub_request *request,
                                hub_call_done *done, void *arg);
/* No callback comes after this. NULL is fine. */
void hub_call_cancel(struct hub_call *call);

#endif
