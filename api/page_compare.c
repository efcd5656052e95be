#include "page_compare.h"

#include <string.h>

#include "html.h"
#include "jsonx.h"
#include "mem.h"
#include "page.h"
#include "page_compare_tables.h"
#include "page_parts.h"

static const char *const letters[] = {"A", "B"};

/* "nginx:1.27" as it was asked for, "" where no image is given. Caller frees. */
static char *reference_of(const struct route_side *side)
{
    if (!side->image.path)
        return xstrdup("");
    AUTO(free) char *shown = reference_shown(&side->image);
    return page_reference(&side->image, shown);
}

/* The form */

static void add_fields(const struct route_side *side, size_t i, struct strbuf *out)
{
    const char *name = route_side_names[i];
    AUTO(free) char *reference = reference_of(side);
    html_add(out,
             "<p class=\"field\"><label for=\"%s\">Image %s</label><input type=\"text\" id=\"%s\" "
             "name=\"%s\" "
             "value=\"%s\" placeholder=\"nginx:1.%s\" autocapitalize=\"none\" spellcheck=\"false\" "
             "autocomplete=\"off\" required>",
             name, letters[i], name, name, reference, i ? "27" : "26");
    html_add(
        out,
        "<label for=\"platform_%s\">Platform of %s</label><input type=\"text\" id=\"platform_%s\" "
        "name=\"platform_%s\" value=\"%s\" placeholder=\"the default\" list=\"platforms-known\" "
        "autocapitalize=\"none\" spellcheck=\"false\" autocomplete=\"off\"></p>\n",
        name, letters[i], name, name, side->platform ? side->platform : "");
}

static void add_form(const struct route *route, struct strbuf *out)
{
    strbuf_adds(out, "<form action=\"/compare\" class=\"compare\">\n");
    for (size_t i = 0; i < ARRAY_LEN(route->sides); i++)
        add_fields(&route->sides[i], i, out);
    strbuf_adds(out, "<datalist id=\"platforms-known\"><option value=\"linux/amd64\"></option>"
                     "<option value=\"linux/arm64\"></option><option value=\"linux/arm/v7\">"
                     "</option><option value=\"linux/386\"></option></datalist>\n"
                     "<p><button type=\"submit\">Compare</button></p></form>\n");
}

static void begin(const struct route *route, const char *json_path, int refresh_seconds,
                  struct strbuf *out)
{
    AUTO(free) char *a = reference_of(&route->sides[0]);
    AUTO(free) char *b = reference_of(&route->sides[1]);
    AUTO(free) char *title = *a && *b ? xasprintf("%s and %s", a, b) : xstrdup("Compare images");
    const struct page_head head = {
        .title = title, .json_path = json_path, .refresh_seconds = refresh_seconds};
    page_begin(out, &head);
    strbuf_adds(out, "<h1>Compare images</h1>\n");
    add_form(route, out);
}

void page_compare_form(const struct route *route, struct strbuf *out)
{
    begin(route, NULL, 0, out);
    strbuf_adds(out,
                "<p class=\"lead\">What changed between two tags, images or platforms: layers, "
                "sizes, labels, settings and Dockerfile lines.</p>\n");
    page_end(out);
}

void page_compare_problem(const struct route *route, int status, const char *detail,
                          int retry_after_seconds, struct strbuf *out)
{
    begin(route, NULL, retry_after_seconds, out);
    html_add(out, "<section aria-labelledby=\"problem\"><h2 id=\"problem\">%s</h2>\n<p>%s</p>\n",
             status == 404   ? "One of them was not found"
             : status == 400 ? "This cannot be compared"
             : status == 422 ? "Too large to compare"
                             : "Not available right now",
             detail);
    if (retry_after_seconds)
        html_add(out,
                 "<p id=\"retry\" data-seconds=\"%lld\">This page tries again in %lld seconds.</p>",
                 (long long)retry_after_seconds, (long long)retry_after_seconds);
    strbuf_adds(out, "</section>\n");
    page_end(out);
}

/* Waiting */

static void add_part(const struct answer_part *part, const char *letter, struct strbuf *out)
{
    const struct status *status = part->status;
    html_add(out, "<li>%s, %s: ", letter, part->name);
    if (part->is_found)
        strbuf_adds(out, "here");
    else if (status->status == STATUS_FAILED)
        html_add(out, "could not be looked into. %s", status->error ? status->error : "");
    else if (status->total > 0)
        html_add(out, "%lld of %lld versions", (long long)status->done, (long long)status->total);
    else
        strbuf_adds(out, "being looked into");
    strbuf_adds(out, "</li>\n");
}

void page_compare_pending(const struct route *route, const struct answer_part parts[2],
                          int retry_seconds, struct strbuf *out)
{
    begin(route, NULL, retry_seconds, out);
    strbuf_adds(out, "<section aria-labelledby=\"wait\"><h2 id=\"wait\">Not known yet</h2>\n"
                     "<ul class=\"plain\" role=\"status\">\n");
    for (size_t i = 0; i < ARRAY_LEN(letters); i++)
        add_part(&parts[i], letters[i], out);
    html_add(out,
             "</ul>\n<p id=\"retry\" data-seconds=\"%lld\">This page looks again in %lld "
             "seconds.</p></section>\n",
             (long long)retry_seconds, (long long)retry_seconds);
    page_end(out);
}

/* Result */

static const char *match_text(const char *match)
{
    if (strcmp(match, "manifest") == 0)
        return "Both are the same image: one manifest, byte for byte.";
    if (strcmp(match, "config") == 0)
        return "Both are the same image in two manifests: configuration and content are the same.";
    if (strcmp(match, "layers") == 0)
        return "Both have the same layers; what differs is the configuration.";
    return "";
}

static void add_side(const json_t *side, const char *letter, struct strbuf *out)
{
    const char *digest = jsonx_str(side, "ImageDigest");
    html_add(out, "<div><dt>%s: <a href=\"", letter);
    page_image_url(out, jsonx_str(side, "ImageName"), NULL, jsonx_str(side, "Digest"),
                   jsonx_str(side, "Platform"));
    html_add(out, "\">%s</a></dt><dd>", jsonx_str(side, "Reference"));
    page_size(out, jsonx_int(side, "DownloadSize"));
    html_add(out, "<span class=\"key\">%s, created ", jsonx_str(side, "Platform"));
    html_time(out, jsonx_str(side, "Created"));
    strbuf_adds(out, "</span>");
    page_digest(out, digest);
    strbuf_adds(out, "</dd></div>\n");
}

static void add_base(const json_t *base, struct strbuf *out)
{
    const char *change = jsonx_str(base, "Change");
    if (!base)
        return;
    html_add(out, "<p>Base image: %s.",
             strcmp(change, "kept") == 0      ? "the same"
             : strcmp(change, "changed") == 0 ? "another one"
                                              : "known of one only");
    for (size_t i = 0; i < ARRAY_LEN(letters); i++) {
        const json_t *side = jsonx_object(base, letters[i]);
        const char *tag = jsonx_str(side, "Tag");
        if (*jsonx_str(side, "Name"))
            html_add(out, " %s: <code>%s%s%s</code>", letters[i], jsonx_str(side, "Name"),
                     *tag ? ":" : "", tag);
    }
    strbuf_adds(out, "</p>\n");
}

static void add_summary(const json_t *result, struct strbuf *out)
{
    const char *text = match_text(jsonx_str(result, "Match"));
    strbuf_adds(out, "<section aria-labelledby=\"summary\"><h2 id=\"summary\">Summary</h2>\n");
    if (*text)
        html_add(out, "<p class=\"lead\">%s</p>\n", text);
    strbuf_adds(out, "<dl class=\"facts\"><div><dt>Download of B against A</dt><dd>");
    page_compare_difference(out, jsonx_int(jsonx_object(result, "DownloadSize"), "Difference"));
    strbuf_adds(out, "</dd></div>\n");
    for (size_t i = 0; i < ARRAY_LEN(letters); i++)
        add_side(jsonx_object(result, letters[i]), letters[i], out);
    strbuf_adds(out, "</dl>\n");
    add_base(jsonx_object(result, "Base"), out);
    strbuf_adds(out, "</section>\n");
}

/* The same as JSON. Caller frees. */
static char *json_path_of(const struct route *route)
{
    AUTO(strbuf) struct strbuf path = STRBUF_INIT(4096);
    strbuf_adds(&path, "/v1/compare");
    for (size_t i = 0; i < ARRAY_LEN(route->sides); i++) {
        AUTO(free) char *reference = reference_of(&route->sides[i]);
        strbuf_addf(&path, "%c%s=", i ? '&' : '?', route_side_names[i]);
        page_url(&path, reference);
        if (route->sides[i].platform) {
            strbuf_addf(&path, "&platform_%s=", route_side_names[i]);
            page_url(&path, route->sides[i].platform);
        }
    }
    return xstrdup(strbuf_str(&path));
}

void page_compare(const struct route *route, const json_t *result, struct strbuf *out)
{
    AUTO(free) char *json_path = json_path_of(route);
    begin(route, json_path, 0, out);
    add_summary(result, out);
    page_compare_layers(jsonx_object(result, "Layers"), out);
    page_compare_table("config", "Settings", jsonx_object(result, "Config"), out);
    page_compare_table("env", "Environment", jsonx_object(result, "Env"), out);
    page_compare_table("labels", "Labels", jsonx_object(result, "Labels"), out);
    page_compare_platforms(jsonx_object(result, "Platforms"), out);
    page_compare_lines(jsonx_object(result, "Dockerfile"), out);
    html_add(out, "<p><a href=\"%s\">The same as JSON</a></p>\n", json_path);
    page_end(out);
}
