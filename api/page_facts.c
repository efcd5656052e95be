#include <string.h>

#include "html.h"
#include "jsonx.h"
#include "mem.h"
#include "page_parts.h"
#include "page_sections.h"

#define TAGS_SHOWN 12

static bool has_latest(const json_t *tags)
{
    size_t i;
    json_t *tag;
    json_array_foreach(tags, i, tag) if (strcmp(jsonx_str(tag, "tag"), "latest") == 0) return true;
    return !json_array_size(tags);
}

const char *page_tag(const struct page_image *page)
{
    const char *other = jsonx_str(page->image, "LatestVersion");
    if (page->route->image.tag)
        return page->route->image.tag;
    return has_latest(jsonx_array(page->image, "Tags")) || !*other ? "latest" : other;
}

static void add_fact(struct strbuf *out, const char *name, const char *value)
{
    if (*value)
        html_add(out, "<div><dt>%s</dt><dd>%s</dd></div>\n", name, value);
}

static void add_count(struct strbuf *out, const char *name, int64_t count)
{
    if (count > 0)
        html_add(out, "<div><dt>%s</dt><dd>%lld</dd></div>\n", name, (long long)count);
}

static void add_size(const struct page_image *page, struct strbuf *out)
{
    strbuf_adds(out, "<div><dt>Download size</dt><dd>");
    if (page->is_found)
        page_size(out, jsonx_int(page->image, "DownloadSize"));
    else
        strbuf_adds(out, "<span class=\"wait\">not yet</span>");
    strbuf_adds(out, "</dd></div>\n");
}

static void add_date(struct strbuf *out, const char *name, const char *time)
{
    if (!*time || strncmp(time, "0001-", 5) == 0)
        return;
    html_add(out, "<div><dt>%s</dt><dd>", name);
    html_time(out, time);
    strbuf_adds(out, "</dd></div>\n");
}

/* "MIT" of {"Code": "MIT", ...}. */
static const char *license_code(const json_t *image)
{
    return jsonx_str(jsonx_object(image, "License"), "Code");
}

static void add_base_fact(const struct page_image *page, struct strbuf *out)
{
    const json_t *base = jsonx_object(page->image, "Base");
    const char *name = jsonx_str(base, "Name");
    const char *tag = jsonx_str(base, "Tag");
    if (!*name)
        return;
    strbuf_adds(out, "<div><dt>Base image</dt><dd><a href=\"");
    page_image_url(out, name, tag, NULL, NULL);
    html_add(out, "\">%s%s%s</a></dd></div>\n", name, *tag ? ":" : "", tag);
}

/* Of what could not be looked into there is nothing to wait for. */
static void add_stats(const struct page_image *page, struct strbuf *out)
{
    const json_t *image = page->image;
    if (!page->is_found && page->status->status == STATUS_FAILED)
        return;
    strbuf_adds(out, "<dl class=\"facts\">\n");
    add_size(page, out);
    add_count(out, "Layers", jsonx_int(image, "LayerCount"));
    add_fact(out, "Platform", jsonx_str(image, "Platform"));
    add_date(out, "Created", jsonx_str(image, "Created"));
    add_base_fact(page, out);
    add_fact(out, "License", license_code(image));
    add_fact(out, "Author", jsonx_str(image, "Author"));
    add_count(out, "Pulls", jsonx_int(image, "PullCount"));
    add_count(out, "Stars", jsonx_int(image, "StarCount"));
    add_date(out, "Last push", jsonx_str(image, "LastUpdated"));
    add_date(out, "Looked into", jsonx_str(image, "UpdatedAt"));
    strbuf_adds(out, "</dl>\n");
}

/* What docker takes: Docker Hub's names as they are shown. */
static void add_pull_lines(const struct page_image *page, struct strbuf *out)
{
    const struct reference *asked = &page->route->image;
    const char *digest = jsonx_str(page->image, "Digest");
    const char *platform = page->route->platform;
    AUTO(free)
    char *options = platform ? xasprintf("--platform %s ", platform) : xstrdup("");
    AUTO(free)
    char *by_tag = xasprintf("docker pull %s%s:%s", options, page->shown, page_tag(page));
    AUTO(free) char *by_digest = xasprintf("docker pull %s%s@%s", options, page->shown, digest);
    strbuf_adds(out, "<dl class=\"pull\">\n");
    if (!asked->digest)
        page_copy(out, "pull", "Pull by tag", by_tag);
    if (*digest)
        page_copy(out, "pull-digest", "Pull by digest", by_digest);
    strbuf_adds(out, "</dl>\n");
}

static void add_choice(struct strbuf *out, const char *text, bool is_current)
{
    strbuf_adds(out, is_current ? "\" aria-current=\"true\">" : "\">");
    html_add(out, "%s</a></li>\n", text);
}

/* An index of Windows images has one platform several times: the first is what it names. */
static bool is_repeated(const json_t *platforms, size_t at, const char *name)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(jsonx_str(json_array_get(platforms, i), "Platform"), name) == 0)
            return true;
    return false;
}

static void add_platform_choice(const struct page_image *page, struct strbuf *out)
{
    const json_t *platforms = jsonx_array(page->image, "Platforms");
    const struct reference *asked = &page->route->image;
    const char *current = jsonx_str(page->image, "Platform");
    if (json_array_size(platforms) < 2)
        return;
    strbuf_adds(out, "<nav aria-label=\"Platforms\"><span>Platform</span><ul class=\"row\">\n");
    size_t i;
    json_t *platform;
    json_array_foreach(platforms, i, platform)
    {
        const char *name = jsonx_str(platform, "Platform");
        if (!*name || is_repeated(platforms, i, name))
            continue;
        strbuf_adds(out, "<li><a href=\"");
        page_image_url(out, page->shown, asked->tag, asked->digest, name);
        add_choice(out, name, strcmp(name, current) == 0);
    }
    strbuf_adds(out, "</ul></nav>\n");
}

/* The tags of the newest versions; all of them are further down. */
static void add_tag_choice(const struct page_image *page, struct strbuf *out)
{
    const char *current = page_tag(page);
    size_t shown = 0;
    size_t i, t;
    json_t *version, *tag;
    if (!json_array_size(jsonx_array(page->image, "Versions")))
        return;
    strbuf_adds(out, "<nav aria-label=\"Tags\"><span>Tag</span><ul class=\"row\">\n");
    json_array_foreach(jsonx_array(page->image, "Versions"), i, version)
    {
        json_array_foreach(jsonx_array(version, "Tags"), t, tag)
        {
            const char *name = jsonx_str(tag, "tag");
            if (++shown > TAGS_SHOWN)
                continue;
            strbuf_adds(out, "<li><a href=\"");
            page_image_url(out, page->shown, name, NULL, page->route->platform);
            add_choice(out, name, !page->route->image.digest && strcmp(name, current) == 0);
        }
    }
    if (shown > TAGS_SHOWN)
        strbuf_adds(out, "<li><a href=\"#tags\">all tags</a></li>\n");
    strbuf_adds(out, "</ul></nav>\n");
}

void page_facts(const struct page_image *page, struct strbuf *out)
{
    strbuf_adds(out,
                "<section aria-labelledby=\"h-facts\"><h2 id=\"h-facts\" class=\"hidden\">At a "
                "glance</h2>\n<div class=\"choices\">\n");
    add_tag_choice(page, out);
    add_platform_choice(page, out);
    strbuf_adds(out, "</div>\n");
    add_stats(page, out);
    add_pull_lines(page, out);
    if (*jsonx_str(page->image, "Unreadable"))
        html_add(out, "<p class=\"note\">Not all of it can be read: %s</p>\n",
                 jsonx_str(page->image, "Unreadable"));
    strbuf_adds(out, "</section>\n");
}
