#include <string.h>

#include "html.h"
#include "jsonx.h"
#include "mem.h"
#include "page_parts.h"
#include "page_sections.h"

#define VALUE_SHOWN_BYTES 600

/* Labels and annotations */

static void add_value(const json_t *row, struct strbuf *out)
{
    const char *value = jsonx_str(row, "Value");
    if (strlen(value) > VALUE_SHOWN_BYTES)
        page_cut(out, value, VALUE_SHOWN_BYTES);
    else
        page_value(out, value);
    if (json_is_true(json_object_get(row, "Truncated")))
        strbuf_adds(out, " <span class=\"mark\">cut</span>");
}

static void add_source(const json_t *row, struct strbuf *out)
{
    html_text(out, jsonx_str(row, "Source"));
    if (json_is_true(json_object_get(row, "Inherited")))
        strbuf_adds(out, " <span class=\"mark\">from the base image</span>");
}

/* Further places of the same meaning, only where they add something. */
static void add_others(const json_t *row, struct strbuf *out)
{
    const json_t *others = jsonx_array(row, "Others");
    size_t i;
    json_t *other;
    json_array_foreach(others, i, other)
    {
        bool is_same = strcmp(jsonx_str(other, "Value"), jsonx_str(row, "Value")) == 0;
        html_add(out, "<p class=\"also\">%s %s (%s)", is_same ? "also" : "but",
                 jsonx_str(other, "Key"), jsonx_str(other, "Source"));
        if (!is_same) {
            strbuf_adds(out, ": ");
            page_cut(out, jsonx_str(other, "Value"), VALUE_SHOWN_BYTES);
        }
        strbuf_adds(out, "</p>");
    }
}

static void add_row(const json_t *row, struct strbuf *out)
{
    const char *meaning = jsonx_str(row, "Meaning");
    const char *key = jsonx_str(row, "Key");
    strbuf_adds(out, "<tr><th scope=\"row\">");
    html_text(out, *meaning ? meaning : key);
    if (*meaning && strcmp(meaning, key) != 0)
        html_add(out, "<code class=\"key\">%s</code>", key);
    strbuf_adds(out, "</th><td class=\"value\">");
    add_value(row, out);
    if (json_is_true(json_object_get(row, "Conflict")))
        strbuf_adds(out, " <span class=\"mark warn\">places differ</span>");
    add_others(row, out);
    strbuf_adds(out, "</td><td>");
    add_source(row, out);
    strbuf_adds(out, "</td></tr>\n");
}

void page_sheet(const struct page_image *page, struct strbuf *out)
{
    const struct page_rows rows = {
        .id = "labels",
        .heading = "Labels and metadata",
        .heads = "<th scope=\"col\">What</th><th scope=\"col\">Value</th>"
                 "<th scope=\"col\">Found in</th>",
        .add_row = add_row,
    };
    page_rows_section(&rows, jsonx_array(page->image, "Metadata"), out);
}

/* Configuration */

static void add_item(const char *text, struct strbuf *out)
{
    strbuf_adds(out, "<code class=\"line\">");
    page_cut(out, text, VALUE_SHOWN_BYTES);
    strbuf_adds(out, "</code>");
}

/* Texts as they are, lists line by line, objects by their keys. */
static void add_setting(const char *name, const json_t *value, struct strbuf *out)
{
    size_t i;
    json_t *item;
    const char *key;
    html_add(out, "<tr><th scope=\"row\">%s</th><td class=\"value\">", name);
    if (json_is_string(value))
        add_item(json_string_value(value), out);
    json_array_foreach(value, i, item) if (json_is_string(item))
        add_item(json_string_value(item), out);
    if (json_is_object(value))
        json_object_foreach((json_t *)value, key, item)
        {
            AUTO(free)
            char *line = json_is_string(item) ? xasprintf("%s: %s", key, json_string_value(item))
                                              : xstrdup(key);
            add_item(line, out);
        }
    strbuf_adds(out, "</td></tr>\n");
}

void page_config(const struct page_image *page, struct strbuf *out)
{
    const json_t *config = jsonx_object(page->image, "Config");
    const char *key;
    json_t *value;
    if (!json_object_size(config))
        return;
    strbuf_adds(out, "<section aria-labelledby=\"config\"><h2 id=\"config\">How it runs</h2>\n");
    page_table_begin(out, "How it runs",
                     "<th scope=\"col\">Setting</th><th scope=\"col\">Value</th>");
    json_object_foreach((json_t *)config, key, value) add_setting(key, value, out);
    page_table_end(out);
    strbuf_adds(out, "</section>\n");
}
