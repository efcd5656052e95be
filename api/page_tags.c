#include <string.h>

#include "document.h"
#include "html.h"
#include "jsonx.h"
#include "page_parts.h"
#include "page_sections.h"

#define TAGS_A_VERSION 12

/* Versions: tags grouped by digest */

static void add_tag_link(const struct page_image *page, const char *tag, struct strbuf *out)
{
    strbuf_adds(out, "<a class=\"tag\" href=\"");
    page_image_url(out, page->shown, tag, NULL, page->route->platform);
    html_add(out, "\">%s</a> ", tag);
}

static void add_tags(const struct page_image *page, const json_t *version, size_t number,
                     struct strbuf *out)
{
    const json_t *tags = jsonx_array(version, "Tags");
    size_t count = json_array_size(tags);
    size_t i;
    json_t *tag;
    json_array_foreach(tags, i, tag)
    {
        if (i == TAGS_A_VERSION)
            html_add(out, "<details id=\"tags-%lld\"><summary>%lld more</summary>",
                     (long long)number, (long long)(count - i));
        add_tag_link(page, jsonx_str(tag, "tag"), out);
    }
    if (count > TAGS_A_VERSION)
        strbuf_adds(out, "</details>");
}

static const char *last_push(const json_t *version)
{
    const char *last = "";
    size_t i;
    json_t *tag;
    json_array_foreach(jsonx_array(version, "Tags"), i, tag)
    {
        const char *pushed = jsonx_str(tag, "PushedAt");
        if (strcmp(pushed, last) > 0)
            last = pushed;
    }
    return last;
}

static void add_time(const char *time, struct strbuf *out)
{
    if (*time && strncmp(time, "0001-", 5) != 0)
        html_time(out, time);
    else
        strbuf_adds(out, "<span class=\"none\">not known</span>");
}

static void add_version(const struct page_image *page, const json_t *version, size_t number,
                        struct strbuf *out)
{
    const char *digest = jsonx_str(version, "Digest");
    const char *pushed = last_push(version);
    bool is_shown = *digest && strcmp(digest, jsonx_str(page->image, "Digest")) == 0;
    strbuf_adds(out,
                is_shown ? "<tr class=\"current\"><th scope=\"row\">" : "<tr><th scope=\"row\">");
    add_tags(page, version, number, out);
    if (is_shown)
        strbuf_adds(out, "<span class=\"mark\">shown here</span>");
    strbuf_adds(out, "</th><td class=\"number\">");
    page_size(out, jsonx_int(version, "DownloadSize"));
    strbuf_adds(out, "</td><td>");
    add_time(*pushed ? pushed : jsonx_str(version, "Created"), out);
    strbuf_adds(out, *pushed ? " <span class=\"none\">pushed</span></td><td class=\"number\">"
                             : "</td><td class=\"number\">");
    if (json_array_size(jsonx_array(version, "Platforms")))
        html_add(out, "%lld", (long long)json_array_size(jsonx_array(version, "Platforms")));
    else
        strbuf_adds(out, "<span class=\"none\">not known</span>");
    strbuf_adds(out, "</td><td>");
    if (*digest) {
        strbuf_adds(out, "<a href=\"");
        page_image_url(out, page->shown, NULL, digest, NULL);
        strbuf_adds(out, "\">");
        page_digest(out, digest);
        strbuf_adds(out, "</a>");
    } else {
        strbuf_adds(out, "<span class=\"none\">not yet</span>");
    }
    strbuf_adds(out, "</td></tr>\n");
}

void page_versions(const struct page_image *page, struct strbuf *out)
{
    const json_t *versions = jsonx_array(page->image, "Versions");
    size_t count = json_array_size(versions);
    size_t i;
    json_t *version;
    if (!count)
        return;
    strbuf_adds(out, "<section aria-labelledby=\"tags\"><h2 id=\"tags\">Tags by version</h2>\n");
    page_table_begin(out, "Tags by version",
                     "<th scope=\"col\">Tags</th><th scope=\"col\">Size</th><th scope=\"col\">"
                     "Date</th><th scope=\"col\">Platforms</th><th scope=\"col\">Digest</th>");
    json_array_foreach(versions, i, version) add_version(page, version, i + 1, out);
    page_table_end(out);
    if (count >= DOCUMENT_PAGE_VERSIONS || page->status->total > (int64_t)count)
        html_add(out, "<p class=\"note\">These are the newest %lld; all are in the JSON.</p>\n",
                 (long long)count);
    strbuf_adds(out, "</section>\n");
}

/* Platforms side by side */

static void add_platform(const struct page_image *page, const json_t *platform, struct strbuf *out)
{
    const char *name = jsonx_str(platform, "Platform");
    const char *digest = jsonx_str(platform, "Digest");
    bool is_pending = json_is_true(json_object_get(platform, "Pending"));
    strbuf_adds(out, "<tr><th scope=\"row\"><a href=\"");
    page_image_url(out, page->shown, NULL, digest, NULL);
    html_add(out, "\">%s</a> %s</th><td class=\"number\">", *name ? name : "unknown",
             jsonx_str(platform, "OSVersion"));
    if (is_pending)
        strbuf_adds(out, "<span class=\"none\">not looked into yet</span>");
    else
        page_size(out, jsonx_int(platform, "DownloadSize"));
    strbuf_adds(out, "</td><td class=\"number\">");
    if (!is_pending)
        html_add(out, "%lld", (long long)jsonx_int(platform, "LayerCount"));
    strbuf_adds(out, "</td><td>");
    page_digest(out, digest);
    strbuf_adds(out, "</td></tr>\n");
}

void page_platforms(const struct page_image *page, struct strbuf *out)
{
    const json_t *platforms = jsonx_array(page->image, "Platforms");
    size_t i;
    json_t *platform;
    if (json_array_size(platforms) < 2)
        return;
    strbuf_adds(out,
                "<section aria-labelledby=\"platforms\"><h2 id=\"platforms\">Platforms</h2>\n");
    page_table_begin(out, "Platforms",
                     "<th scope=\"col\">Platform</th><th scope=\"col\">Size</th>"
                     "<th scope=\"col\">Layers</th><th scope=\"col\">Digest</th>");
    json_array_foreach(platforms, i, platform) add_platform(page, platform, out);
    page_table_end(out);
    strbuf_adds(out, "</section>\n");
}
