#include "lookup.h"

#include <stdlib.h>
#include <string.h>

#include "badge_route.h"
#include "cache.h"
#include "clock.h"
#include "document.h"
#include "err.h"
#include "loop.h"
#include "mem.h"
#include "submit.h"

#define MAX_WAITING 20000
#define ALIVE_MS 60000 /* a job that has told nothing for so long may be lost */
#define REDIS_RETRY_SECONDS 5

/* One request that waits for the lookup. */
struct party {
    struct party *next;
    struct httpd_request *request;
    int64_t until_ms; /* of its long poll; 0: it takes what comes first */
    bool is_get;
    bool is_waiting; /* counted in service->waiting */
};

enum lookup_state {
    LOOKUP_READING,    /* the document, or the status */
    LOOKUP_SUBMITTING, /* and the parties wait for that */
    LOOKUP_WAITING,    /* for a notice or the next deadline */
};

struct lookup {
    struct service *service;
    struct lookup *next, *prev;
    enum lookup_state state;
    bool is_dirty;      /* a notice came while reading: what was read may be old */
    bool has_submitted; /* since it last waited: once is enough */
    struct route route;
    char *name;  /* canonical */
    char *shown; /* in answers */
    struct party *parties;
    struct loop_timer *timer; /* the parties' next deadline */
    char target[];
};

/* What a read comes to. */
struct verdict {
    struct answer *answer;           /* 200 in its forms, or */
    struct httpd_response *response; /* anything else */
    bool is_pending;                 /* 202: a long poll waits on */
    bool wants_submit;               /* a GET among the parties starts a job first */
};

static void read_again(struct lookup *lookup);

/* Parties */

static void party_end(struct lookup *lookup, struct party *party, struct httpd_response *response)
{
    if (party->is_waiting)
        lookup->service->waiting--;
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
    if (lookup->prev)
        lookup->prev->next = lookup->next;
    else
        lookup->service->lookups = lookup->next;
    if (lookup->next)
        lookup->next->prev = lookup->prev;
    loop_timer_free(lookup->timer);
    route_release(&lookup->route);
    free(lookup->name);
    free(lookup->shown);
    free(lookup);
}

/* Keeps a party for its long poll; false where it must be answered now. */
static bool party_waits(struct lookup *lookup, struct party *party)
{
    struct service *service = lookup->service;
    if (service->is_draining || party->until_ms <= loop_now_ms(service->loop))
        return false;
    if (!party->is_waiting && service->waiting >= MAX_WAITING)
        return false;
    service->waiting += !party->is_waiting;
    party->is_waiting = true;
    return true;
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
        if (!verdict_is_news(verdict, party) && party_waits(lookup, party)) {
            party->next = lookup->parties;
            lookup->parties = party;
        } else {
            party_end(lookup, party,
                      verdict->answer ? answer_choose(verdict->answer, party->request)
                                      : verdict->response);
        }
        party = next;
    }
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
    lookup->has_submitted = false;
    loop_timer_start(lookup->timer, first_ms - loop_now_ms(lookup->service->loop));
}

static void settle(struct lookup *lookup, struct verdict *verdict)
{
    deliver(lookup, verdict);
    answer_unref(verdict->answer);
    httpd_response_unref(verdict->response);
    wait_for_change(lookup);
}

/* Verdicts */

static bool is_alive(const struct status *status)
{
    bool is_under_way = status->status != STATUS_UNKNOWN && !status_is_final(status);
    return is_under_way && clock_ms() - status->updated_ms < ALIVE_MS;
}

static struct verdict problem(int status, const char *code, const char *detail, int retry_seconds)
{
    return (struct verdict){.response = answer_problem(status, code, detail, retry_seconds)};
}

/* Redis does not answer: an old answer is better than none. */
static struct verdict verdict_without_redis(const struct lookup *lookup)
{
    struct service *service = lookup->service;
    struct answer *old = cache_get(service->cache, lookup->target, 0, true);
    if (!old && lookup->route.kind == ROUTE_BADGE)
        return (struct verdict){.answer = badge_route_try_later(&lookup->route)};
    if (!old)
        return problem(503, "cache_unavailable",
                       "The store of results cannot be reached right now. Try again soon.",
                       REDIS_RETRY_SECONDS);
    answer_ref(old);
    return (struct verdict){.answer = old};
}

/* What comes next lies beyond the longest poll: there is nothing to hold a client for. */
static bool is_put_off(const struct status *status, int64_t now_ms)
{
    return status->retry_ms > now_ms + ROUTE_MAX_WAIT_SECONDS * INT64_C(1000);
}

static struct verdict pending(const struct lookup *lookup, const struct status *status,
                              bool wants_submit)
{
    int64_t now_ms = clock_ms();
    return (struct verdict){.response = answer_pending(lookup->shown, status, now_ms),
                            .is_pending = !is_put_off(status, now_ms),
                            .wants_submit = wants_submit};
}

static struct verdict verdict_none(const struct lookup *lookup, const struct status *status)
{
    int64_t now_ms = clock_ms();
    int64_t negative_ms = lookup->service->config->negative_seconds * 1000;
    if (status->status == STATUS_MISSING && now_ms - status->updated_ms < negative_ms) {
        AUTO(free)
        char *detail = xasprintf(
            "There is no public image %s. It is looked for again after a while.", lookup->shown);
        return problem(404, "image_missing", detail, 0);
    }
    if (status->status == STATUS_FAILED && status->retry_ms > now_ms) {
        struct verdict verdict = pending(lookup, status, false);
        verdict.is_pending = false; /* nothing changes before the next try */
        return verdict;
    }
    return pending(lookup, status, !is_alive(status));
}

static struct verdict verdict_no_tag(const struct lookup *lookup, const struct document_view *view)
{
    int64_t age_ms = clock_ms() - view->inspected_ms;
    if (is_alive(&view->status))
        return pending(lookup, &view->status, false);
    if (age_ms >= lookup->service->config->negative_seconds * 1000)
        return pending(lookup, &view->status, true);
    bool is_tag = lookup->route.kind == ROUTE_IMAGE && !lookup->route.image.digest;
    AUTO(free)
    char *detail = is_tag ? xasprintf("%s has no tag %s.", lookup->shown,
                                      lookup->route.image.tag ? lookup->route.image.tag : "latest")
                          : xasprintf("%s has no such version.", lookup->shown);
    return problem(404, is_tag ? "tag_missing" : "version_missing", detail, 0);
}

static struct verdict verdict_no_platform(const struct lookup *lookup,
                                          const struct document_view *view)
{
    AUTO(strbuf) struct strbuf detail = STRBUF_INIT(4096);
    strbuf_addf(&detail, "There is no %s. There are:", lookup->route.platform);
    for (const char *line = view->platforms; *line; line += strcspn(line, "\n") + 1)
        strbuf_addf(&detail, " %.*s", (int)strcspn(line, " "), line);
    return problem(404, "platform_missing", strbuf_str(&detail), 0);
}

static void on_refresh_submitted(void *arg, int err, enum submit_result result)
{
    (void)arg;
    (void)err;
    (void)result; /* the answer has gone out; the next reader tries again */
}

static bool has_get(const struct lookup *lookup)
{
    for (const struct party *party = lookup->parties; party; party = party->next)
        if (party->is_get)
            return true;
    return false;
}

static void remember(const struct lookup *lookup, struct answer *answer)
{
    struct service *service = lookup->service;
    if (!lookup->is_dirty && service->is_subscribed && !service->is_draining)
        cache_put(service->cache, lookup->target, lookup->name, answer, loop_now_ms(service->loop));
}

static struct verdict verdict_badge(const struct lookup *lookup, const struct document_view *view)
{
    struct answer *answer = badge_route_answer(&lookup->route, view);
    if (view->find != DOCUMENT_NONE) /* names that are none would drive out those that are */
        remember(lookup, answer);
    return (struct verdict){.answer = answer};
}

static struct verdict verdict_found(struct lookup *lookup, const struct document_view *view)
{
    struct service *service = lookup->service;
    bool is_stale = clock_ms() - view->inspected_ms >= service->config->fresh_seconds * 1000;
    bool is_lost = !status_is_final(&view->status) && !is_alive(&view->status);
    if ((is_stale || is_lost) && has_get(lookup))
        submit(service, &lookup->route.image, on_refresh_submitted, NULL);
    bool is_version = lookup->route.kind == ROUTE_VERSION;
    struct answer *answer = answer_new(view, is_version, lookup->shown);
    remember(lookup, answer);
    return (struct verdict){.answer = answer};
}

static struct verdict verdict_of(struct lookup *lookup, const struct document_view *view)
{
    if (lookup->route.kind == ROUTE_BADGE)
        return verdict_badge(lookup, view);
    switch (view->find) {
    case DOCUMENT_NONE:
        return verdict_none(lookup, &view->status);
    case DOCUMENT_NO_TAG:
        return verdict_no_tag(lookup, view);
    case DOCUMENT_NO_PLATFORM:
        return verdict_no_platform(lookup, view);
    case DOCUMENT_PENDING:
        return pending(lookup, &view->status, !is_alive(&view->status));
    case DOCUMENT_FOUND:
        break;
    }
    return verdict_found(lookup, view);
}

/* Submitting */

static void on_submitted(void *arg, int err, enum submit_result result)
{
    struct lookup *lookup = arg;
    if (err) {
        struct verdict verdict =
            problem(503, "queue_unavailable",
                    "The request cannot be queued right now. Try again soon.", REDIS_RETRY_SECONDS);
        settle(lookup, &verdict);
        return;
    }
    (void)result; /* what stands in Redis now tells more */
    lookup->has_submitted = true;
    read_again(lookup);
}

/* Which version a pending view is about goes with the message. */
static void submit_for(struct lookup *lookup, const struct document_view *view)
{
    struct reference image;
    const char *digest = *view->child_digest ? view->child_digest : view->digest;
    if (!*digest && lookup->route.kind == ROUTE_VERSION)
        digest = lookup->route.digest;
    reference_copy(&image, &lookup->route.image);
    if (*digest) {
        free(image.digest);
        image.digest = xstrdup(digest);
    }
    lookup->state = LOOKUP_SUBMITTING;
    submit(lookup->service, &image, on_submitted, lookup);
    reference_release(&image);
}

/* Reading */

static void on_document(void *arg, int err, const struct document_view *view)
{
    struct lookup *lookup = arg;
    struct verdict verdict = err ? verdict_without_redis(lookup) : verdict_of(lookup, view);
    bool is_later = !err && view->status.retry_ms > clock_ms();
    if (is_later && verdict.wants_submit)
        verdict.is_pending = false; /* not enqueued before then: nothing to wait for */
    else if (verdict.wants_submit && !lookup->has_submitted && has_get(lookup)) {
        httpd_response_unref(verdict.response);
        submit_for(lookup, view);
        return;
    }
    settle(lookup, &verdict);
}

static void on_status(void *arg, int err, const struct status *status)
{
    struct lookup *lookup = arg;
    struct verdict verdict =
        err ? verdict_without_redis(lookup)
            : (struct verdict){.response = answer_status(lookup->shown, status)};
    settle(lookup, &verdict);
}

static void read_again(struct lookup *lookup)
{
    struct service *service = lookup->service;
    const struct route *route = &lookup->route;
    lookup->state = LOOKUP_READING;
    lookup->is_dirty = false;
    loop_timer_stop(lookup->timer);
    if (route->kind == ROUTE_STATUS) {
        status_read(service->redis, lookup->name, on_status, lookup);
        return;
    }
    bool is_version = route->kind == ROUTE_VERSION;
    bool is_badge = route->kind == ROUTE_BADGE;
    const struct document_query query = {
        .name = lookup->name,
        .tag = is_version || route->image.digest ? NULL : route->image.tag,
        .digest = is_version ? route->digest : route->image.digest,
        .platform = route->platform,
        .answer = is_version ? DOCUMENT_VERSION
                  : is_badge ? DOCUMENT_BADGE
                             : DOCUMENT_IMAGE,
        .keep_seconds = service->config->keep_seconds,
    };
    document_read(service->redis, &query, on_document, lookup);
}

static void on_deadline(void *arg)
{
    read_again(arg); /* a lost notice costs latency, never truth */
}

static struct lookup *lookup_new(struct service *service, const char *target, struct route *route)
{
    size_t len = strlen(target);
    struct lookup *lookup = xcalloc(1, sizeof(*lookup) + len + 1);
    lookup->service = service;
    memcpy(lookup->target, target, len + 1);
    lookup->route = *route;
    lookup->name = reference_canonical(&route->image);
    lookup->shown = reference_shown(&route->image);
    lookup->timer = loop_timer_new(service->loop, on_deadline, lookup);
    lookup->next = service->lookups;
    if (lookup->next)
        lookup->next->prev = lookup;
    service->lookups = lookup;
    return lookup;
}

static struct lookup *lookup_find(const struct service *service, const char *target)
{
    for (struct lookup *lookup = service->lookups; lookup; lookup = lookup->next)
        if (strcmp(lookup->target, target) == 0)
            return lookup;
    return NULL;
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
    party->until_ms =
        wait_seconds > 0 ? loop_now_ms(service->loop) + wait_seconds * INT64_C(1000) : 0;
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

void lookup_notice(struct service *service, const char *name)
{
    struct lookup *next;
    for (struct lookup *lookup = service->lookups; lookup; lookup = next) {
        next = lookup->next;
        if (name && strcmp(lookup->name, name) != 0)
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
        return answer_problem(503, "stopping", "This server is stopping. Try again.", 1);
    struct answer *answer = badge_route_try_later(&lookup->route);
    struct httpd_response *response = answer->plain;
    httpd_response_ref(response);
    answer_unref(answer);
    return response;
}

void lookup_end_all(struct service *service)
{
    struct lookup *next;
    for (struct lookup *lookup = service->lookups; lookup; lookup = next) {
        next = lookup->next;
        struct httpd_response *response = stopping(lookup);
        answer_all(lookup, response);
        httpd_response_unref(response);
        if (lookup->state == LOOKUP_WAITING)
            lookup_free(lookup);
    }
}
