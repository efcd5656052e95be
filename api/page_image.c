#include "page_image.h"

#include <string.h>

#include "clock.h"
#include "html.h"
#include "jsonx.h"
#include "mem.h"
#include "page.h"
#include "page_parts.h"
#include "page_sections.h"

/* Where the same is told as JSON, or the Dockerfile as text. Caller frees. */
static char *api_path(const struct page_image *page, const char *reference, const char *kind)
{
    AUTO(strbuf) struct strbuf path = STRBUF_INIT(4096);
    strbuf_addf(&path, "/v1/%s/", kind);
    page_url(&path, reference);
    if (page->route->platform) {
        strbuf_adds(&path, "?platform=");
        page_url(&path, page->route->platform);
    }
    return xstrdup(strbuf_str(&path));
}

/* Progress */

static const char *stage_text(const struct status *status)
{
    static const char *const texts[] = {
        [STAGE_QUEUED] = "Waiting for its turn",
        [STAGE_TAGS] = "Reading the tags",
        [STAGE_MANIFESTS] = "Reading the manifests",
        [STAGE_LAYERS] = "Reading layers and commands",
        [STAGE_WAITING_RATE_LIMIT] = "Waiting: the registry asks for a pause",
        [STAGE_REFRESHING] = "Looking whether something has changed",
        [STAGE_DONE] = "Complete",
    };
    return status->status == STATUS_UNKNOWN ? texts[STAGE_QUEUED] : texts[status->stage];
}

static void add_progress(const struct status *status, struct strbuf *out)
{
    html_add(out, "<p><span id=\"stage\">%s</span> <span id=\"count\" aria-hidden=\"true\">",
             stage_text(status));
    if (status->total)
        html_add(out, "%lld of %lld versions", (long long)status->done, (long long)status->total);
    strbuf_adds(out, "</span></p>\n<progress id=\"progress\" aria-label=\"Progress\"");
    if (status->total)
        html_add(out, " max=\"%lld\" value=\"%lld\"", (long long)status->total,
                 (long long)status->done);
    strbuf_adds(out, "></progress>\n");
}

static void add_retry(const struct page_image *page, struct strbuf *out)
{
    if (page->status->retry_ms <= 0)
        return;
    char text[CLOCK_TEXT_BYTES];
    clock_format(page->status->retry_ms, text);
    strbuf_adds(out, "<p>It is tried again at ");
    html_time(out, text);
    html_add(out, " UTC<span id=\"retry\" data-seconds=\"%lld\"></span>.</p>\n",
             (long long)page->retry_seconds);
}

static void add_failure(const struct page_image *page, struct strbuf *out)
{
    html_add(out, "<p><strong>%s</strong> %s</p>\n",
             page->is_found ? "The last look at the registry failed."
                            : "This image could not be looked into.",
             page->status->error ? page->status->error : "");
    add_retry(page, out);
}

/* One region tells what goes on; the script changes its text, and only that is read out. */
static void add_live(const struct page_image *page, struct strbuf *out)
{
    const struct status *status = page->status;
    bool is_failed = status->status == STATUS_FAILED;
    bool is_final = status_is_final(status) && !is_failed;
    strbuf_addf(out, "<div id=\"live\" role=\"status\"%s>",
                is_failed  ? " class=\"failed\""
                : is_final ? " class=\"done\""
                           : "");
    if (is_failed)
        add_failure(page, out);
    else if (!is_final)
        add_progress(status, out);
    if (status->stage == STAGE_WAITING_RATE_LIMIT && !is_final)
        add_retry(page, out);
    strbuf_adds(out, "</div>\n");
}

/* Title */

static void add_view_link(struct strbuf *out, const char *text, const char *url, bool is_current)
{
    html_add(out, "<li><a href=\"%s\"", url);
    strbuf_adds(out, is_current ? " aria-current=\"page\">" : ">");
    html_add(out, "%s</a></li>", text);
}

static void add_views(const struct page_image *page, const char *reference, const char *json_path,
                      struct strbuf *out)
{
    AUTO(strbuf) struct strbuf url = STRBUF_INIT(4096);
    bool is_dockerfile = page->route->kind == ROUTE_PAGE_DOCKERFILE;
    page_image_url(&url, reference, NULL, NULL, page->route->platform);
    strbuf_adds(out, "<nav aria-label=\"Views\"><ul class=\"row views\">");
    add_view_link(out, "Overview", strbuf_str(&url), !is_dockerfile);
    strbuf_adds(&url, page->route->platform ? "&view=dockerfile" : "?view=dockerfile");
    add_view_link(out, "Dockerfile", strbuf_str(&url), is_dockerfile);
    strbuf_reset(&url);
    strbuf_adds(&url, "/compare?a=");
    page_url(&url, reference);
    add_view_link(out, "Compare", strbuf_str(&url), false);
    add_view_link(out, "JSON", json_path, false);
    strbuf_adds(out, "</ul></nav>\n");
}

/* The registry and the path stand apart: the last part of the path is what people look for. */
static void add_title(const struct page_image *page, struct strbuf *out)
{
    const struct reference *image = &page->route->image;
    bool is_hub = strcmp(image->registry, "docker.io") == 0;
    const char *path = is_hub ? page->shown : image->path;
    const char *description = jsonx_str(page->image, "Description");
    html_add(out, "<div id=\"title\"><p class=\"registry\">%s</p>\n<h1>%s", image->registry, path);
    if (image->digest)
        html_add(out, "<span class=\"part\">@%s</span>", image->digest);
    else
        html_add(out, "<span class=\"part\">:%s</span>", page_tag(page));
    strbuf_adds(out, "</h1>\n");
    if (*description)
        html_add(out, "<p class=\"lead\">%s</p>\n", description);
    strbuf_adds(out, "</div>\n");
}

/* Content */

static void add_dockerfile(const struct page_image *page, const char *path, struct strbuf *out)
{
    strbuf_adds(out, "<section aria-labelledby=\"h-dockerfile\"><h2 id=\"h-dockerfile\">Dockerfile"
                     "</h2>\n");
    if (page->dockerfile)
        html_add(out,
                 "<p>Put together from what the image tells of itself, or recorded by its builder: "
                 "its first line says which.</p>\n<pre tabindex=\"0\" id=\"dockerfile\" "
                 "data-copy=\"Dockerfile\">%s</pre>\n",
                 page->dockerfile);
    else if (page->is_found)
        strbuf_adds(out, "<p>It is too long to be shown here.</p>\n");
    else
        strbuf_adds(out, "<p>The layers of this version have not been read yet.</p>\n");
    html_add(out, "<p><a href=\"%s\">As plain text</a></p></section>\n", path);
}

static void add_overview(const struct page_image *page, struct strbuf *out)
{
    page_facts(page, out);
    page_layers(page, out);
    page_sheet(page, out);
    page_config(page, out);
    page_base(page, out);
    page_platforms(page, out);
    page_versions(page, out);
    page_attachments(page, out);
    page_badges(page, out);
    if (*page->omitted)
        html_add(out,
                 "<p class=\"note\">Too long to be shown here, all of it is in the JSON: %s.</p>\n",
                 page->omitted);
}

void page_image(const struct page_image *page, struct strbuf *out)
{
    bool is_dockerfile = page->route->kind == ROUTE_PAGE_DOCKERFILE;
    AUTO(free) char *reference = page_reference(&page->route->image, page->shown);
    AUTO(free) char *json_path = api_path(page, reference, "images");
    AUTO(free) char *text_path = api_path(page, reference, "dockerfile");
    AUTO(free) char *title = xasprintf("%s%s", is_dockerfile ? "Dockerfile of " : "", reference);
    AUTO(free)
    char *otherwise =
        xasprintf("Size, layers, commands, labels, platforms and tags of %s.", reference);
    const char *description = jsonx_str(page->image, "Description");
    const struct page_head head = {.title = title,
                                   .description = *description ? description : otherwise,
                                   .json_path = json_path,
                                   .refresh_seconds = page->retry_seconds};
    page_begin(out, &head);
    html_add(out, "<article id=\"image\" data-name=\"%s\" data-status=\"%s\">\n", reference,
             image_status_str(page->status->status));
    add_title(page, out);
    add_views(page, reference, json_path, out);
    add_live(page, out);
    strbuf_adds(out, "<div id=\"content\">\n");
    if (is_dockerfile)
        add_dockerfile(page, text_path, out);
    else
        add_overview(page, out);
    strbuf_adds(out, "</div>\n</article>\n");
    page_end(out);
}
