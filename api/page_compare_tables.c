#include "page_compare_tables.h"

#include <stdbool.h>
#include <string.h>

#include "html.h"
#include "jsonx.h"
#include "mem.h"
#include "page_parts.h"

#define VALUE_SHOWN_BYTES 2000

/* A sign and a word: colour alone tells nothing. */
struct change {
    const char *name, *sign, *word, *css;
};

static const struct change *change_of(const json_t *row)
{
    static const struct change changes[] = {
        {"kept", "=", "same", "kept"},
        {"added", "+", "added", "added"},
        {"removed", "-", "removed", "removed"},
        {"changed", "±", "changed", "changed"},
    };
    const char *name = jsonx_str(row, "Change");
    for (size_t i = 1; i < ARRAY_LEN(changes); i++)
        if (strcmp(changes[i].name, name) == 0)
            return &changes[i];
    return &changes[0];
}

static void begin_section(const char *id, const char *heading, struct strbuf *out)
{
    html_add(out, "<section aria-labelledby=\"%s\"><h2 id=\"%s\">%s</h2>\n", id, id, heading);
}

static void add_change(const json_t *row, struct strbuf *out)
{
    const struct change *change = change_of(row);
    html_add(out, "<tr class=\"%s\"><td><span aria-hidden=\"true\">%s</span> %s</td>", change->css,
             change->sign, change->word);
}

static void add_omitted(const json_t *object, const char *key, const char *what, struct strbuf *out)
{
    int64_t count = jsonx_int(object, key);
    if (count > 0)
        html_add(out, "<p class=\"note\">%lld more %s are not shown.</p>\n", (long long)count,
                 what);
}

/* Values */

static void add_value(const json_t *value, struct strbuf *out)
{
    strbuf_adds(out, "<td class=\"value\">");
    if (!value) {
        strbuf_adds(out, "<span class=\"none\">not set</span>");
    } else if (json_is_string(value)) {
        page_cut(out, json_string_value(value), VALUE_SHOWN_BYTES);
    } else {
        AUTO(free) char *text = jsonx_dump(value);
        strbuf_adds(out, "<code>");
        page_cut(out, text, VALUE_SHOWN_BYTES);
        strbuf_adds(out, "</code>");
    }
    strbuf_adds(out, "</td>");
}

/* A section of what A and B have under each name; what the cells hold is add_cell's. */
struct two_sides {
    const char *id, *heading;
    const char *name_head; /* of the column of names */
    const char *rows_name; /* for the note of what is left out */
    void (*add_cell)(const json_t *value, struct strbuf *out);
};

static void add_two_sides(const struct two_sides *sides, const json_t *table, struct strbuf *out)
{
    const json_t *rows = jsonx_array(table, "Rows");
    size_t i;
    json_t *row;
    if (!json_array_size(rows))
        return;
    AUTO(free)
    char *heads = xasprintf("<th scope=\"col\">Change</th><th scope=\"col\">%s</th>"
                            "<th scope=\"col\">A</th><th scope=\"col\">B</th>",
                            sides->name_head);
    begin_section(sides->id, sides->heading, out);
    page_table_begin(out, sides->heading, heads);
    json_array_foreach(rows, i, row)
    {
        add_change(row, out);
        html_add(out, "<th scope=\"row\">%s</th>", jsonx_str(row, "Name"));
        sides->add_cell(json_object_get(row, "A"), out);
        sides->add_cell(json_object_get(row, "B"), out);
        strbuf_adds(out, "</tr>\n");
    }
    page_table_end(out);
    add_omitted(table, "RowsOmitted", sides->rows_name, out);
    strbuf_adds(out, "</section>\n");
}

void page_compare_table(const char *id, const char *heading, const json_t *table,
                        struct strbuf *out)
{
    const struct two_sides sides = {id, heading, "Name", "rows", add_value};
    add_two_sides(&sides, table, out);
}

/* Sizes */

void page_compare_difference(struct strbuf *out, int64_t bytes)
{
    char text[HTML_SIZE_BYTES];
    html_size(bytes < 0 ? -bytes : bytes, text);
    if (bytes)
        html_add(out, "%s%s", bytes < 0 ? "-" : "+", text);
    else
        strbuf_adds(out, "no difference");
}

static void add_platform_size(const json_t *platform, struct strbuf *out)
{
    strbuf_adds(out, "<td class=\"number\">");
    if (!json_is_object(platform))
        strbuf_adds(out, "<span class=\"none\">not there</span>");
    else if (!json_object_get(platform, "DownloadSize"))
        strbuf_adds(out, "<span class=\"none\">not known yet</span>");
    else
        page_size(out, jsonx_int(platform, "DownloadSize"));
    strbuf_adds(out, "</td>");
}

void page_compare_platforms(const json_t *table, struct strbuf *out)
{
    const struct two_sides sides = {"platforms", "Platforms", "Platform", "platforms",
                                    add_platform_size};
    add_two_sides(&sides, table, out);
}

/* Layers */

static void add_share(const char *label, const json_t *share, struct strbuf *out)
{
    char text[HTML_SIZE_BYTES];
    html_size(jsonx_int(share, "DownloadSize"), text);
    html_add(out, "<div><dt>%s</dt><dd>%lld <span class=\"share\">%s</span></dd></div>", label,
             (long long)jsonx_int(share, "Count"), text);
}

static void add_side(const json_t *row, const char *index_key, const char *size_key,
                     struct strbuf *out)
{
    strbuf_adds(out, "<td class=\"number\">");
    if (json_object_get(row, index_key)) {
        html_add(out, "<span class=\"key\">step %lld</span>",
                 (long long)jsonx_int(row, index_key) + 1);
        page_size(out, jsonx_int(row, size_key));
    }
    strbuf_adds(out, "</td>");
}

static void add_layer(const json_t *row, struct strbuf *out)
{
    bool has_own_a = json_object_get(row, "DownloadSizeA") != NULL;
    const char *command = jsonx_str(row, "Command");
    add_change(row, out);
    html_add(out, "<th scope=\"row\"><code class=\"command\">%s</code> ",
             *command ? command : "no command is recorded");
    page_digest(out, jsonx_str(row, "BlobSum"));
    if (json_is_true(json_object_get(row, "Moved")))
        strbuf_adds(out, " <span class=\"mark\">moved</span>");
    if (has_own_a)
        strbuf_adds(out, " <span class=\"mark\">compressed anew</span>");
    strbuf_adds(out, "</th>");
    add_side(row, "IndexA", has_own_a ? "DownloadSizeA" : "DownloadSize", out);
    add_side(row, "IndexB", "DownloadSize", out);
    strbuf_adds(out, "</tr>\n");
}

void page_compare_layers(const json_t *layers, struct strbuf *out)
{
    const json_t *rows = jsonx_array(layers, "Rows");
    size_t i;
    json_t *row;
    begin_section("layers", "Layers", out);
    strbuf_adds(out, "<dl class=\"facts\">");
    add_share("Shared", jsonx_object(layers, "Shared"), out);
    add_share("Only in A", jsonx_object(layers, "Removed"), out);
    add_share("Only in B", jsonx_object(layers, "Added"), out);
    strbuf_adds(out, "</dl>\n");
    if (json_array_size(rows)) {
        page_table_begin(out, "Layers",
                         "<th scope=\"col\">Change</th><th scope=\"col\">Layer</th>"
                         "<th scope=\"col\">A</th><th scope=\"col\">B</th>");
        json_array_foreach(rows, i, row) add_layer(row, out);
        page_table_end(out);
    }
    add_omitted(layers, "RowsOmitted", "layers", out);
    strbuf_adds(out, "</section>\n");
}

/* Dockerfile */

static void add_line(const json_t *line, struct strbuf *out)
{
    const struct change *change = change_of(line);
    const char *sign = strcmp(change->css, "kept") == 0 ? " " : change->sign;
    const char *element = strcmp(change->css, "added") == 0     ? "ins"
                          : strcmp(change->css, "removed") == 0 ? "del"
                                                                : "span";
    html_add(out, "<%s class=\"line %s\">%s ", element, change->css, sign);
    html_add(out, "%s\n</%s>", jsonx_str(line, "Text"), element);
}

void page_compare_lines(const json_t *dockerfile, struct strbuf *out)
{
    const json_t *lines = jsonx_array(dockerfile, "Lines");
    size_t i;
    json_t *line;
    if (!json_array_size(lines))
        return;
    begin_section("dockerfile", "Dockerfile", out);
    html_add(out,
             "<p>Put together from the history of both: %lld lines added (+), %lld removed (-), "
             "%lld the same.</p>\n",
             (long long)jsonx_int(dockerfile, "Added"), (long long)jsonx_int(dockerfile, "Removed"),
             (long long)jsonx_int(dockerfile, "Kept"));
    strbuf_adds(out, "<pre tabindex=\"0\" class=\"diff\">");
    json_array_foreach(lines, i, line) add_line(line, out);
    strbuf_adds(out, "</pre>\n");
    add_omitted(dockerfile, "OmittedA", "lines of A", out);
    add_omitted(dockerfile, "OmittedB", "lines of B", out);
    strbuf_adds(out, "</section>\n");
}
