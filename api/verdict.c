#include "verdict.h"

#include <string.h>

#include "badge_route.h"
#include "clock.h"
#include "mem.h"
#include "page_answer.h"
#include "page_view.h"
#include "strbuf.h"

#define ALIVE_MS 60000 /* a job that has told nothing for so long may be lost */

/* What a view is judged by. */
struct asked {
    const struct config *config;
    const struct route *route;
    const char *shown;
    const struct document_view *view;
};

enum document_answer verdict_answer(const struct route *route)
{
    switch (route->kind) {
    case ROUTE_VERSION:
    case ROUTE_COMPARE:
    case ROUTE_COMPARE_PAGE:
        return DOCUMENT_VERSION;
    case ROUTE_PAGE:
        return DOCUMENT_PAGE;
    case ROUTE_DOCKERFILE:
    case ROUTE_PAGE_DOCKERFILE:
        return DOCUMENT_DOCKERFILE;
    case ROUTE_BADGE:
        return DOCUMENT_BADGE;
    default:
        return DOCUMENT_IMAGE;
    }
}

static bool is_alive(const struct status *status)
{
    bool is_under_way = status->status != STATUS_UNKNOWN && !status_is_final(status);
    return is_under_way && clock_ms() - status->updated_ms < ALIVE_MS;
}

struct verdict verdict_problem(const struct route *route, int status, const char *code,
                               const char *detail, int retry_seconds)
{
    return (struct verdict){.response =
                                page_or_problem(route, status, code, detail, retry_seconds)};
}

/* What comes next lies beyond the longest poll: there is nothing to hold a client for. */
static bool is_put_off(const struct status *status, int64_t now_ms)
{
    return status->retry_ms > now_ms + ROUTE_MAX_WAIT_SECONDS * INT64_C(1000);
}

static struct verdict pending(const struct asked *asked, const struct status *status,
                              bool wants_submit)
{
    int64_t now_ms = clock_ms();
    bool is_page = asked->route->is_page && asked->route->kind != ROUTE_COMPARE;
    struct httpd_response *response =
        is_page ? page_view_pending(asked->route, asked->shown, asked->view, now_ms)
                : answer_pending(asked->shown, status, now_ms);
    return (struct verdict){.response = response,
                            .is_pending = !is_put_off(status, now_ms),
                            .wants_submit = wants_submit};
}

static struct verdict verdict_none(const struct asked *asked, const struct status *status)
{
    int64_t now_ms = clock_ms();
    int64_t negative_ms = asked->config->negative_seconds * 1000;
    if (status->status == STATUS_MISSING && now_ms - status->updated_ms < negative_ms) {
        AUTO(free)
        char *detail = xasprintf(
            "There is no public image %s. It is looked for again after a while.", asked->shown);
        return verdict_problem(asked->route, 404, "image_missing", detail, 0);
    }
    if (status->status == STATUS_FAILED && status->retry_ms > now_ms) {
        struct verdict verdict = pending(asked, status, false);
        verdict.is_pending = false; /* nothing changes before the next try */
        return verdict;
    }
    return pending(asked, status, !is_alive(status));
}

static struct verdict verdict_no_tag(const struct asked *asked, const struct document_view *view)
{
    int64_t age_ms = clock_ms() - view->inspected_ms;
    if (is_alive(&view->status))
        return pending(asked, &view->status, false);
    if (age_ms >= asked->config->negative_seconds * 1000)
        return pending(asked, &view->status, true);
    bool is_tag = asked->route->kind != ROUTE_VERSION && !asked->route->image.digest;
    AUTO(free)
    char *detail = is_tag ? xasprintf("%s has no tag %s.", asked->shown,
                                      asked->route->image.tag ? asked->route->image.tag : "latest")
                          : xasprintf("%s has no such version.", asked->shown);
    return verdict_problem(asked->route, 404, is_tag ? "tag_missing" : "version_missing", detail,
                           0);
}

static struct verdict verdict_no_platform(const struct asked *asked,
                                          const struct document_view *view)
{
    AUTO(strbuf) struct strbuf detail = STRBUF_INIT(4096);
    strbuf_addf(&detail, "There is no %s. There are:", asked->route->platform);
    for (const char *line = view->platforms; *line; line += strcspn(line, "\n") + 1)
        strbuf_addf(&detail, " %.*s", (int)strcspn(line, " "), line);
    return verdict_problem(asked->route, 404, "platform_missing", strbuf_str(&detail), 0);
}

static struct verdict verdict_found(const struct asked *asked, const struct document_view *view)
{
    int64_t age_ms = clock_ms() - view->inspected_ms;
    bool is_stale = age_ms >= asked->config->fresh_seconds * 1000;
    bool is_lost = !status_is_final(&view->status) && !is_alive(&view->status);
    bool is_side = asked->route->kind == ROUTE_COMPARE;
    return (struct verdict){
        .answer = is_side ? NULL
                  : asked->route->is_page
                      ? page_view_answer(asked->route, asked->shown, view)
                      : answer_new(view, verdict_answer(asked->route), asked->shown),
        .is_kept = true,
        .wants_submit = is_stale || is_lost,
    };
}

/* Names that are none are not kept: they would drive out those that are. */
static struct verdict verdict_badge(const struct asked *asked, const struct document_view *view)
{
    return (struct verdict){.answer = badge_route_answer(asked->route, view),
                            .is_kept = view->find != DOCUMENT_NONE};
}

static struct verdict verdict_by_find(const struct asked *asked, const struct document_view *view)
{
    if (asked->route->kind == ROUTE_BADGE)
        return verdict_badge(asked, view);
    switch (view->find) {
    case DOCUMENT_NONE:
        return verdict_none(asked, &view->status);
    case DOCUMENT_NO_TAG:
        return verdict_no_tag(asked, view);
    case DOCUMENT_NO_PLATFORM:
        return verdict_no_platform(asked, view);
    case DOCUMENT_PENDING:
        return pending(asked, &view->status, !is_alive(&view->status));
    case DOCUMENT_FOUND:
        break;
    }
    return verdict_found(asked, view);
}

struct verdict verdict_of(const struct config *config, const struct route *route, const char *shown,
                          const struct document_view *view)
{
    const struct asked asked = {config, route, shown, view};
    struct verdict verdict = verdict_by_find(&asked, view);
    if (verdict.response && verdict.wants_submit && view->status.retry_ms > clock_ms()) {
        verdict.wants_submit = false; /* not enqueued before then: nothing to wait for */
        verdict.is_pending = false;
    }
    return verdict;
}
