#include "page_view.h"

#include <stdlib.h>
#include <string.h>

#include "jsonx.h"
#include "mem.h"
#include "page.h"
#include "page_answer.h"
#include "page_image.h"

#define RETRY_SECONDS 2

/* Members of the page's JSON. What counts most comes first: what does not fit is left out. */
static void join_member(struct strbuf *json, const char *key, const struct fragment *fragment,
                        struct strbuf *omitted, const char *what)
{
    if (!fragment->text_bytes)
        return;
    if (json->len + fragment->text_bytes > PAGE_JSON_MAX_BYTES) {
        strbuf_addf(omitted, "%s%s", omitted->len ? ", " : "", what);
        return;
    }
    if (json->len > 1)
        strbuf_addc(json, ',');
    strbuf_adds(json, key);
    strbuf_add(json, fragment->text, fragment->text_bytes);
}

/* Caller decrefs. */
static json_t *join(const struct document_view *view, struct strbuf *omitted)
{
    AUTO(strbuf) struct strbuf json = STRBUF_INIT(PAGE_JSON_MAX_BYTES + 4096);
    json_t *image = NULL;
    strbuf_addc(&json, '{');
    join_member(&json, "", &view->head, omitted, "description");
    join_member(&json, "", &view->shared, omitted, "platforms");
    join_member(&json, "", &view->tags, omitted, "tags of this version");
    join_member(&json, "", &view->facts, omitted, "labels and configuration");
    join_member(&json, "", &view->relations, omitted, "base image");
    join_member(&json, "", &view->sheet, omitted, "metadata");
    join_member(&json, "", &view->layers, omitted, "layers");
    join_member(&json, "\"Versions\":", &view->versions, omitted, "versions");
    join_member(&json, "", &view->identical, omitted, "identical images");
    strbuf_addc(&json, '}');
    return jsonx_parse(strbuf_str(&json), json.len, &image) == 0 ? image : json_object();
}

static int retry_after(const struct document_view *view, int64_t now_ms)
{
    int64_t left_ms = view->status.retry_ms - now_ms;
    return left_ms <= 0 ? RETRY_SECONDS : (int)((left_ms + 999) / 1000);
}

static void render(const struct route *route, const char *shown, const struct document_view *view,
                   int retry_seconds, struct strbuf *body)
{
    bool is_found = view->find == DOCUMENT_FOUND;
    bool is_dockerfile = is_found && route->kind == ROUTE_PAGE_DOCKERFILE;
    AUTO(strbuf) struct strbuf omitted = STRBUF_INIT(1024);
    JSON_AUTO
    json_t *image = is_dockerfile ? json_object() : join(view, &omitted);
    AUTO(free)
    char *dockerfile = is_dockerfile && view->facts.text_bytes <= PAGE_JSON_MAX_BYTES
                           ? xstrndup(view->facts.text, view->facts.text_bytes)
                           : NULL;
    const struct page_image page = {
        .route = route,
        .shown = shown,
        .image = image,
        .omitted = strbuf_str(&omitted),
        .dockerfile = dockerfile,
        .status = &view->status,
        .is_found = is_found,
        .retry_seconds = retry_seconds,
    };
    page_image(&page, body);
}

struct answer *page_view_answer(const struct route *route, const char *shown,
                                const struct document_view *view)
{
    struct strbuf body = STRBUF_INIT(PAGE_MAX_BYTES);
    bool is_final = status_is_final(&view->status);
    render(route, shown, view, is_final ? 0 : RETRY_SECONDS, &body);
    return page_answer_new(&body, is_final);
}

struct httpd_response *page_view_pending(const struct route *route, const char *shown,
                                         const struct document_view *view, int64_t now_ms)
{
    struct strbuf body = STRBUF_INIT(PAGE_MAX_BYTES);
    int retry_seconds = retry_after(view, now_ms);
    render(route, shown, view, retry_seconds, &body);
    return page_response(202, &body, retry_seconds);
}
