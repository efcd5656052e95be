#include "lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "badge_route.h"
#include "cache.h"
#include "client_address.h"
#include "comparison.h"
#include "hash.h"
#include "inquiry.h"
#include "loop.h"
#include "mem.h"
#include "page_answer.h"
#include "submit.h"
#include "verdict.h"
#include "waiting.h"

#define REDIS_RETRY_SECONDS 5

/* One request that waits for the lookup. */
struct party {
    struct party *next;
    struct httpd_request *request;
    int64_t until_ms; /* of its long poll; 0: it takes what comes first */
    bool is_get;
    bool is_waiting; /* counted in service->waiting */
    char client[CLIENT_ADDRESS_BYTES];
};

enum lookup_state {
    LOOKUP_READING,    /* the documents, or the status */
    LOOKUP_SUBMITTING, /* and the parties wait for that */
    LOOKUP_COMPARING,
    LOOKUP_WAITING, /* for a notice or the next deadline */
};

struct lookup {
    struct service *service;
    UT_hash_handle hh; /* by target */
    enum lookup_state state;
    struct route route;
    bool is_dirty;  /* a notice came while reading: what was read may be old */
    size_t count;   /* of sides: one, or those of a comparison */
    size_t reading; /* of them, still to come */
    struct inquiry sides[COMPARISON_SIDES];
    struct comparison *comparison;
    struct party *parties;
    struct loop_timer *timer;         /* the parties' next deadline */
    struct inquiry *submitting;       /* whom the submission under way is for */
    char asker[CLIENT_ADDRESS_BYTES]; /* whose share it is of */
    char target[];
};

static void read_again(struct lookup *lookup);

/* Parties */

static void party_end(struct lookup *lookup, struct party *party, struct httpd_response *response)
{
    if (party->is_waiting)
        waiting_leave(lookup->service->waiting, party->client);
    service_reply(party->request, response);
    free(party);
}

static void answer_all(struct lookup *lookup, struct httpd_response *response)
{
    struct party *party = TAKE(lookup->parties);
    while (party) {
        struct party *next = party->next;
        party_end(lookup, party, response);
        party = next;
    }
}

static void lookup_free(struct lookup *lookup)
{
    HASH_DEL(lookup->service->lookups, lookup);
    loop_timer_free(lookup->timer);
    comparison_free(lookup->comparison);
    for (size_t i = 0; i < lookup->count; i++)
        inquiry_release(&lookup->sides[i]);
    route_release(&lookup->route);
    free(lookup);
}

static bool party_wants_to_wait(const struct lookup *lookup, const struct party *party)
{
    const struct service *service = lookup->service;
    return !service->is_draining && party->until_ms > loop_now_ms(service->loop);
}

/* Keeps a party for its long poll, or sends it away where too many wait. */
static void party_wait(struct lookup *lookup, struct party *party)
{
    struct service *service = lookup->service;
    if (!party->is_waiting)
        party->is_waiting = waiting_enter(service->waiting, party->client);
    if (party->is_waiting) {
        party->next = lookup->parties;
        lookup->parties = party;
        return;
    }
    struct httpd_response *response = answer_too_many_waiting();
    party_end(lookup, party, response);
    httpd_response_unref(response);
}

static bool verdict_is_news(const struct verdict *verdict, const struct party *party)
{
    if (verdict->answer)
        return verdict->answer->is_final || !answer_is_known(verdict->answer, party->request);
    return !verdict->is_pending;
}

/* Answers the parties, but for those whose long poll goes on. */
static void deliver(struct lookup *lookup, const struct verdict *verdict)
{
    struct party *party = TAKE(lookup->parties);
    while (party) {
        struct party *next = party->next;
        if (!verdict_is_news(verdict, party) && party_wants_to_wait(lookup, party))
            party_wait(lookup, party);
        else
            party_end(lookup, party,
                      verdict->answer ? answer_choose(verdict->answer, party->request)
                                      : verdict->response);
        party = next;
    }
}

static bool is_comparison(const struct lookup *lookup)
{
    return lookup->route.kind == ROUTE_COMPARE || lookup->route.kind == ROUTE_COMPARE_PAGE;
}

static void wait_for_change(struct lookup *lookup)
{
    if (!lookup->parties) {
        lookup_free(lookup);
        return;
    }
    if (lookup->is_dirty) {
        read_again(lookup);
        return;
    }
    int64_t first_ms = INT64_MAX;
    for (const struct party *party = lookup->parties; party; party = party->next)
        if (party->until_ms < first_ms)
            first_ms = party->until_ms;
    lookup->state = LOOKUP_WAITING;
    for (size_t i = 0; i < lookup->count; i++)
        lookup->sides[i].has_submitted = false;
    loop_timer_start(lookup->timer, first_ms - loop_now_ms(lookup->service->loop));
}

static void settle(struct lookup *lookup, struct verdict *verdict)
{
    deliver(lookup, verdict);
    answer_unref(verdict->answer);
    httpd_response_unref(verdict->response);
    wait_for_change(lookup);
}

/* Redis does not answer: an old answer is better than none. */
static struct verdict verdict_without_redis(const struct lookup *lookup)
{
    struct service *service = lookup->service;
    struct answer *old = cache_get(service->cache, lookup->target, 0, true);
    if (!old && lookup->route.kind == ROUTE_BADGE)
        return (struct verdict){.answer = badge_route_try_later(&lookup->route)};
    if (!old)
        return verdict_problem(&lookup->route, 503, "cache_unavailable",
                               "The store of results cannot be reached right now. Try again soon.",
                               REDIS_RETRY_SECONDS);
    answer_ref(old);
    return (struct verdict){.answer = old};
}

/* The first party that may start a job, NULL if there is none. */
static const struct party *first_get(const struct lookup *lookup)
{
    const struct party *party = lookup->parties;
    while (party && !party->is_get)
        party = party->next;
    return party;
}

static void on_refresh_submitted(void *arg, int err, enum submit_result result, int64_t wait_ms)
{
    (void)arg;
    (void)err;
    (void)result; /* the answer has gone out; the next reader tries again */
    (void)wait_ms;
}

/* What was found and is old is looked at again, while the answer goes out. */
static void refresh(struct lookup *lookup, const struct inquiry *side)
{
    const struct party *asker = first_get(lookup);
    if (!side->verdict.wants_submit || !asker)
        return;
    const struct submission submission = {.image = &side->wanted, .client = asker->client};
    submit(lookup->service, &submission, on_refresh_submitted, NULL);
}

static void keep(struct lookup *lookup, struct answer *answer)
{
    struct service *service = lookup->service;
    const char *const names[2] = {lookup->sides[0].name,
                                  lookup->count > 1 ? lookup->sides[1].name : NULL};
    if (!lookup->is_dirty && service->is_subscribed && !service->is_draining)
        cache_put(service->cache, lookup->target, names, answer, loop_now_ms(service->loop));
}

/* Submitting */

/* Whom the limit of submissions meets is told so: the asker's address, or all. Who only looks, and
 * who has a share of its own left, stays. */
static void refuse(struct lookup *lookup, const char *client, int64_t wait_ms)
{
    struct httpd_response *response =
        page_or_problem(&lookup->route, 429, "too_many_submissions",
                        "Too many images that nobody has asked for before were asked for within a "
                        "minute. What is known is answered as ever.",
                        (int)((wait_ms + 999) / 1000));
    struct party **at = &lookup->parties;
    while (*at) {
        struct party *party = *at;
        if (party->is_get && (!client || strcmp(party->client, client) == 0)) {
            *at = party->next;
            party_end(lookup, party, response);
        } else {
            at = &party->next;
        }
    }
    httpd_response_unref(response);
}

static void on_submitted(void *arg, int err, enum submit_result result, int64_t wait_ms)
{
    struct lookup *lookup = arg;
    if (err) {
        struct verdict verdict = verdict_problem(
            &lookup->route, 503, "queue_unavailable",
            "The request cannot be queued right now. Try again soon.", REDIS_RETRY_SECONDS);
        settle(lookup, &verdict);
        return;
    }
    if (result == SUBMIT_LIMITED || result == SUBMIT_FULL)
        refuse(lookup, result == SUBMIT_FULL ? NULL : lookup->asker, wait_ms);
    else
        lookup->submitting->has_submitted = true; /* what stands in Redis now tells more */
    if (lookup->parties)
        read_again(lookup);
    else
        lookup_free(lookup);
}

static void submit_for(struct lookup *lookup, struct inquiry *side)
{
    lookup->state = LOOKUP_SUBMITTING;
    lookup->submitting = side;
    (void)snprintf(lookup->asker, sizeof(lookup->asker), "%s", first_get(lookup)->client);
    const struct submission submission = {.image = &side->wanted, .client = lookup->asker};
    submit(lookup->service, &submission, on_submitted, lookup);
}

/* Reading */

static void on_compared(void *arg, struct answer *answer)
{
    struct lookup *lookup = arg;
    lookup->comparison = NULL;
    struct verdict verdict = {.answer = answer};
    if (answer)
        keep(lookup, answer);
    else
        verdict =
            verdict_problem(&lookup->route, 503, "cache_unreadable",
                            "What is stored of an image cannot be read.", REDIS_RETRY_SECONDS);
    settle(lookup, &verdict);
}

/* Nothing is compared again that has not changed. */
static void compare(struct lookup *lookup)
{
    char etag[ETAG_BYTES];
    struct answer *old = cache_get(lookup->service->cache, lookup->target, 0, true);
    comparison_etag(lookup->sides, etag);
    if (old && strcmp(old->etag, etag) == 0) {
        answer_ref(old);
        on_compared(lookup, old);
        return;
    }
    lookup->state = LOOKUP_COMPARING;
    lookup->comparison = comparison_start(lookup->sides, on_compared, lookup);
}

static void settle_comparison(struct lookup *lookup)
{
    struct verdict verdict = comparison_obstacle(lookup->sides);
    for (size_t i = 0; i < lookup->count; i++)
        if (lookup->sides[i].is_found)
            refresh(lookup, &lookup->sides[i]);
    if (verdict.response)
        settle(lookup, &verdict);
    else
        compare(lookup);
}

static void settle_side(struct lookup *lookup)
{
    struct inquiry *side = &lookup->sides[0];
    if (side->verdict.answer) {
        refresh(lookup, side);
        if (side->verdict.is_kept)
            keep(lookup, side->verdict.answer);
    }
    struct verdict verdict = inquiry_take(side);
    settle(lookup, &verdict);
}

/* The first side that a submission helps; NULL where one cannot be had whatever comes. */
static struct inquiry *first_to_submit(struct lookup *lookup)
{
    struct inquiry *first = NULL;
    for (size_t i = lookup->count; i-- > 0;) {
        struct inquiry *side = &lookup->sides[i];
        if (inquiry_is_problem(side))
            return NULL;
        if (side->verdict.response && side->verdict.wants_submit && !side->has_submitted)
            first = side;
    }
    return first;
}

static void judge(struct lookup *lookup)
{
    struct inquiry *side = first_to_submit(lookup);
    if (side && first_get(lookup))
        submit_for(lookup, side);
    else if (is_comparison(lookup))
        settle_comparison(lookup);
    else
        settle_side(lookup);
}

static void on_read(void *arg)
{
    struct lookup *lookup = arg;
    int err = 0;
    if (--lookup->reading)
        return;
    for (size_t i = 0; i < lookup->count && !err; i++)
        err = lookup->sides[i].err;
    if (!err) {
        judge(lookup);
        return;
    }
    struct verdict verdict = verdict_without_redis(lookup);
    settle(lookup, &verdict);
}

static void read_again(struct lookup *lookup)
{
    size_t count = lookup->count;
    lookup->state = LOOKUP_READING;
    lookup->is_dirty = false;
    lookup->reading = count;
    loop_timer_stop(lookup->timer);
    for (size_t i = 0; i < count; i++)
        inquiry_read(&lookup->sides[i]); /* the last one's end may be the lookup's */
}

static void on_deadline(void *arg)
{
    read_again(arg); /* a lost notice costs latency, never truth */
}

static void add_sides(struct lookup *lookup)
{
    struct route *route = &lookup->route;
    if (!is_comparison(lookup)) {
        inquiry_init(&lookup->sides[lookup->count++], lookup->service, route, on_read, lookup);
        return;
    }
    for (size_t i = 0; i < COMPARISON_SIDES; i++) {
        const struct route side = {.kind = ROUTE_COMPARE,
                                   .is_page = route->is_page,
                                   .sides = {route->sides[0], route->sides[1]},
                                   .image = route->sides[i].image,
                                   .platform = route->sides[i].platform,
                                   .side = route_side_names[i]};
        inquiry_init(&lookup->sides[lookup->count++], lookup->service, &side, on_read, lookup);
    }
}

static struct lookup *lookup_new(struct service *service, const char *target, struct route *route)
{
    size_t len = strlen(target);
    struct lookup *lookup = xcalloc(1, sizeof(*lookup) + len + 1);
    lookup->service = service;
    memcpy(lookup->target, target, len + 1);
    lookup->route = *route;
    add_sides(lookup);
    lookup->timer = loop_timer_new(service->loop, on_deadline, lookup);
    HASH_ADD(hh, service->lookups, target, len, lookup);
    return lookup;
}

static struct lookup *lookup_find(const struct service *service, const char *target)
{
    struct lookup *lookup = NULL;
    HASH_FIND(hh, service->lookups, target, strlen(target), lookup);
    return lookup;
}

void lookup_join(struct service *service, struct httpd_request *request, struct route *route)
{
    struct lookup *lookup = lookup_find(service, httpd_target(request));
    int wait_seconds = route->wait_seconds >= 0
                           ? route->wait_seconds
                           : route_prefer_wait(httpd_header(request, "Prefer"));
    struct party *party = xcalloc(1, sizeof(*party));
    party->request = request;
    party->is_get = strcmp(httpd_method(request), "GET") == 0;
    /* A HEAD starts nothing: there may be nothing to wait for. */
    bool waits = party->is_get && wait_seconds > 0;
    party->until_ms = waits ? loop_now_ms(service->loop) + wait_seconds * INT64_C(1000) : 0;
    service_client(service, request, party->client);
    httpd_suspend(request);
    bool must_read = !lookup || lookup->state == LOOKUP_WAITING;
    if (lookup)
        route_release(route);
    else
        lookup = lookup_new(service, httpd_target(request), route);
    party->next = lookup->parties;
    lookup->parties = party;
    if (must_read)
        read_again(lookup);
}

static bool is_about(const struct lookup *lookup, const char *name)
{
    bool is_about = false;
    for (size_t i = 0; i < lookup->count; i++)
        is_about = is_about || strcmp(lookup->sides[i].name, name) == 0;
    return is_about;
}

void lookup_notice(struct service *service, const char *name)
{
    struct lookup *lookup = NULL, *next;
    HASH_ITER(hh, service->lookups, lookup, next)
    {
        if (name && !is_about(lookup, name))
            continue;
        lookup->is_dirty = true;
        if (lookup->state == LOOKUP_WAITING)
            read_again(lookup);
    }
}

void lookup_end_waits(struct service *service)
{
    lookup_notice(service, NULL);
}

static struct httpd_response *stopping(const struct lookup *lookup)
{
    if (lookup->route.kind != ROUTE_BADGE)
        return page_or_problem(&lookup->route, 503, "stopping",
                               "This server is stopping. Try again.", 1);
    struct answer *answer = badge_route_try_later(&lookup->route);
    struct httpd_response *response = answer->plain;
    httpd_response_ref(response);
    answer_unref(answer);
    return response;
}

void lookup_end_all(struct service *service)
{
    struct lookup *lookup = NULL, *next;
    HASH_ITER(hh, service->lookups, lookup, next)
    {
        struct httpd_response *response = stopping(lookup);
        answer_all(lookup, response);
        httpd_response_unref(response);
        if (lookup->state == LOOKUP_WAITING || lookup->state == LOOKUP_COMPARING)
            lookup_free(lookup);
    }
}
