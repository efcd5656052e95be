#include <string.h>

#include "html.h"
#include "jsonx.h"
#include "mem.h"
#include "page_parts.h"
#include "page_sections.h"

/* Base image */

static const char *kind_text(const char *kind)
{
    if (strcmp(kind, "chain") == 0)
        return "Its layers are the lowest ones of this image";
    if (strcmp(kind, "annotation") == 0 || strcmp(kind, "annotations") == 0)
        return "An annotation names it";
    if (strcmp(kind, "label") == 0 || strcmp(kind, "labels") == 0)
        return "A label names it";
    if (strcmp(kind, "history") == 0)
        return "The image's history names it";
    if (strcmp(kind, "provenance") == 0)
        return "The build's provenance lists it";
    return kind;
}

static void add_named(const json_t *object, struct strbuf *out)
{
    const char *name = jsonx_str(object, "Name");
    const char *tag = jsonx_str(object, "Tag");
    if (!*name)
        return;
    strbuf_adds(out, "<a href=\"");
    page_image_url(out, name, tag, *tag ? NULL : jsonx_str(object, "Digest"), NULL);
    html_add(out, "\">%s%s%s</a>", name, *tag ? ":" : "", tag);
}

static void add_evidence(const json_t *evidence, struct strbuf *out)
{
    html_add(out, "<li>%s", kind_text(jsonx_str(evidence, "Kind")));
    if (*jsonx_str(evidence, "Name")) {
        strbuf_adds(out, ": ");
        add_named(evidence, out);
    }
    if (json_is_false(json_object_get(evidence, "Agrees")))
        strbuf_adds(out, " <span class=\"mark warn\">does not agree with the layers</span>");
    strbuf_adds(out, "</li>\n");
}

static const char *certainty_text(const char *certainty)
{
    if (strcmp(certainty, "exact") == 0)
        return "found by its layers";
    if (strcmp(certainty, "declared") == 0)
        return "as the image declares";
    return "a guess";
}

static void add_base_image(const json_t *base, struct strbuf *out)
{
    size_t i;
    json_t *evidence;
    strbuf_adds(out, "<p>");
    add_named(base, out);
    html_add(out, " <span class=\"mark\">%s</span></p>\n",
             certainty_text(jsonx_str(base, "Certainty")));
    if (!json_array_size(jsonx_array(base, "Evidence")))
        return;
    strbuf_adds(out, "<ul class=\"plain\">\n");
    json_array_foreach(jsonx_array(base, "Evidence"), i, evidence) add_evidence(evidence, out);
    strbuf_adds(out, "</ul>\n");
}

static void add_relative(const json_t *version, struct strbuf *out)
{
    const char *name = jsonx_str(version, "ImageName");
    const json_t *tag = json_array_get(jsonx_array(version, "Tags"), 0);
    strbuf_adds(out, "<li><a href=\"");
    page_image_url(out, name, jsonx_str(tag, "tag"), tag ? NULL : jsonx_str(version, "Digest"),
                   NULL);
    html_add(out, "\">%s%s%s</a> <span class=\"none\">", name, tag ? ":" : "",
             jsonx_str(tag, "tag"));
    page_size(out, jsonx_int(version, "DownloadSize"));
    strbuf_adds(out, strcmp(jsonx_str(version, "Match"), "config") == 0
                         ? ", the same configuration too</span></li>\n"
                         : "</span></li>\n");
}

static void add_relatives(const char *heading, const json_t *versions, struct strbuf *out)
{
    size_t i;
    json_t *version;
    if (!json_array_size(versions))
        return;
    html_add(out, "<h3>%s</h3>\n<ul class=\"plain\">\n", heading);
    json_array_foreach(versions, i, version) add_relative(version, out);
    strbuf_adds(out, "</ul>\n");
}

void page_base(const struct page_image *page, struct strbuf *out)
{
    const json_t *base = jsonx_object(page->image, "Base");
    const json_t *parents = jsonx_array(page->image, "Parents");
    const json_t *identical = jsonx_array(page->image, "Identical");
    if (!json_object_size(base) && !json_array_size(parents) && !json_array_size(identical))
        return;
    strbuf_adds(out, "<section aria-labelledby=\"base\"><h2 id=\"base\">Base image and "
                     "relatives</h2>\n");
    if (json_object_size(base))
        add_base_image(base, out);
    add_relatives("Built on", parents, out);
    add_relatives("The same image elsewhere", identical, out);
    strbuf_adds(out, "</section>\n");
}

/* Signatures, SBOMs, provenance */

static void add_attachment(const json_t *row, struct strbuf *out)
{
    const char *about = jsonx_str(row, "PredicateType");
    if (!*about)
        about = jsonx_str(row, "ArtifactType");
    if (!*about)
        about = jsonx_str(row, "MediaType");
    html_add(out, "<tr><th scope=\"row\">%s</th><td>", jsonx_str(row, "Type"));
    page_value(out, about);
    html_add(out, "</td><td>%s</td><td class=\"number\">", jsonx_str(row, "Platform"));
    page_size(out, jsonx_int(row, "Size"));
    strbuf_adds(out, "</td><td>");
    page_digest(out, jsonx_str(row, "Digest"));
    html_text(out, jsonx_str(row, "Tag"));
    strbuf_adds(out, "</td></tr>\n");
}

void page_attachments(const struct page_image *page, struct strbuf *out)
{
    const struct page_rows rows = {
        .id = "attachments",
        .heading = "Signatures, SBOM, provenance",
        .heads = "<th scope=\"col\">Type</th><th scope=\"col\">What it is</th>"
                 "<th scope=\"col\">Platform</th><th scope=\"col\">Size</th>"
                 "<th scope=\"col\">Digest or tag</th>",
        .add_row = add_attachment,
    };
    page_rows_section(&rows, jsonx_array(page->image, "Attachments"), out);
}

/* Badges: pictures are asked for only where somebody unfolds them. */
void page_badges(const struct page_image *page, struct strbuf *out)
{
    static const char *const types[] = {"image",     "version", "size",   "layers",
                                        "platforms", "license", "commit", "base"};
    if (!page->is_found)
        return;
    AUTO(free) char *reference = page_reference(&page->route->image, page->shown);
    strbuf_adds(out, "<section aria-labelledby=\"badges\"><h2 id=\"badges\">Badges</h2>\n"
                     "<details id=\"badge-list\" class=\"fold\"><summary>Badges for a README, as "
                     "Markdown</summary>\n<ul class=\"plain badges\">\n");
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        html_add(out,
                 "<li><img src=\"/badges/%s/%s.svg\" alt=\"%s badge\" height=\"20\" "
                 "loading=\"lazy\"> ",
                 types[i], reference, types[i]);
        html_add(out,
                 "<code id=\"badge-%s\" data-copy=\"Markdown of the %s badge\" "
                 "class=\"origin\">[![%s](/badges/%s/%s.svg)](/images/%s)</code></li>\n",
                 types[i], types[i], types[i], types[i], reference, reference);
    }
    strbuf_adds(out, "</ul></details></section>\n");
}
