#include "inquiry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "mem.h"
#include "status.h"

void inquiry_init(struct inquiry *inquiry, struct service *service, const struct route *route,
                  inquiry_done *done, void *arg)
{
    *inquiry = (struct inquiry){.service = service, .route = *route, .done = done, .arg = arg};
    inquiry->name = reference_canonical(&inquiry->route.image);
    inquiry->shown = reference_shown(&inquiry->route.image);
}

static void forget(struct inquiry *inquiry)
{
    answer_unref(inquiry->verdict.answer);
    httpd_response_unref(inquiry->verdict.response);
    inquiry->verdict = (struct verdict){0};
    reference_release(&inquiry->wanted);
    inquiry->wanted = (struct reference){0};
    status_release(&inquiry->status);
    inquiry->status = (struct status){0};
    strbuf_release(&inquiry->text);
}

void inquiry_release(struct inquiry *inquiry)
{
    forget(inquiry);
    free(inquiry->name);
    free(inquiry->shown);
}

/* Which version a pending view is about goes with the message. */
static void set_wanted(struct inquiry *inquiry, const struct document_view *view)
{
    const char *digest = *view->child_digest ? view->child_digest : view->digest;
    if (!*digest && inquiry->route.kind == ROUTE_VERSION)
        digest = inquiry->route.digest;
    reference_copy(&inquiry->wanted, &inquiry->route.image);
    if (*digest && inquiry->verdict.response) {
        free(inquiry->wanted.digest);
        inquiry->wanted.digest = xstrdup(digest);
    }
}

/* Comparisons */

static void add_members(struct strbuf *text, const struct fragment *fragment)
{
    if (!fragment->text_bytes)
        return;
    strbuf_addc(text, text->len ? ',' : '{');
    strbuf_add(text, fragment->text, fragment->text_bytes);
}

/* The members that comparisons show. Of relations, which tell the base image, nothing depends: they
 * are left out where all would be too much. */
static void set_text(struct inquiry *inquiry, const struct document_view *view)
{
    size_t bytes = view->shared.text_bytes + view->facts.text_bytes + view->layers.text_bytes;
    inquiry->is_too_large = bytes > COMPARISON_MAX_BYTES;
    if (inquiry->is_too_large)
        return;
    inquiry->text = (struct strbuf)STRBUF_INIT(COMPARISON_MAX_BYTES + 64);
    add_members(&inquiry->text, &view->shared);
    add_members(&inquiry->text, &view->facts);
    add_members(&inquiry->text, &view->layers);
    if (bytes + view->relations.text_bytes <= COMPARISON_MAX_BYTES)
        add_members(&inquiry->text, &view->relations);
    strbuf_adds(&inquiry->text, inquiry->text.len ? "}" : "{}");
}

static void set_tag(struct inquiry *inquiry, const struct document_view *view)
{
    char digest[DIGEST_BYTES];
    AUTO(free)
    char *parts =
        xasprintf("%s%s%s%s%s%s", view->shared.tag, view->facts.tag, view->layers.tag,
                  view->relations.tag, view->child_digest, image_status_str(view->status.status));
    digest_sha256(parts, strlen(parts), digest);
    (void)snprintf(inquiry->tag, sizeof(inquiry->tag), "%.16s", digest_hex(digest));
}

static void keep_side(struct inquiry *inquiry, const struct document_view *view)
{
    inquiry->status = view->status;
    inquiry->status.error = xstrdup(view->status.error ? view->status.error : "");
    inquiry->is_found = view->find == DOCUMENT_FOUND;
    (void)snprintf(inquiry->image_digest, sizeof(inquiry->image_digest), "%s", view->child_digest);
    if (!inquiry->is_found)
        return;
    set_text(inquiry, view);
    set_tag(inquiry, view);
}

/* Reading */

static void on_document(void *arg, int err, const struct document_view *view)
{
    struct inquiry *inquiry = arg;
    inquiry->err = err;
    if (!err) {
        inquiry->verdict =
            verdict_of(inquiry->service->config, &inquiry->route, inquiry->shown, view);
        set_wanted(inquiry, view);
        if (inquiry->route.kind == ROUTE_COMPARE)
            keep_side(inquiry, view);
    }
    inquiry->done(inquiry->arg);
}

static void on_status(void *arg, int err, const struct status *status)
{
    struct inquiry *inquiry = arg;
    inquiry->err = err;
    if (!err)
        inquiry->verdict.response = answer_status(inquiry->shown, status);
    inquiry->done(inquiry->arg);
}

void inquiry_read(struct inquiry *inquiry)
{
    struct service *service = inquiry->service;
    const struct route *route = &inquiry->route;
    forget(inquiry);
    if (route->kind == ROUTE_STATUS) {
        status_read(service->redis, inquiry->name, on_status, inquiry);
        return;
    }
    bool is_version = route->kind == ROUTE_VERSION;
    const struct document_query query = {
        .name = inquiry->name,
        .tag = is_version || route->image.digest ? NULL : route->image.tag,
        .digest = is_version ? route->digest : route->image.digest,
        .platform = route->platform,
        .answer = verdict_answer(route),
        .keep_seconds = service->config->keep_seconds,
    };
    document_read(service->redis, &query, on_document, inquiry);
}

struct verdict inquiry_take(struct inquiry *inquiry)
{
    struct verdict verdict = inquiry->verdict;
    inquiry->verdict = (struct verdict){0};
    return verdict;
}

bool inquiry_is_problem(const struct inquiry *inquiry)
{
    const struct httpd_response *response = inquiry->verdict.response;
    return response && httpd_response_status(response) >= 400;
}
