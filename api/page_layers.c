#include <string.h>

#include "html.h"
#include "jsonx.h"
#include "mem.h"
#include "page_parts.h"
#include "page_sections.h"

#define COMMAND_SHOWN_BYTES 240
#define STRIP_UNITS 1000
#define SHADES 4

static int64_t size_of(const json_t *layer)
{
    int64_t bytes = jsonx_int(layer, "DownloadSize");
    return bytes > 0 ? bytes : 0;
}

static bool is_base(const json_t *layer)
{
    return json_is_true(json_object_get(layer, "Base"));
}

static int64_t total_of(const json_t *layers)
{
    int64_t total = 0;
    size_t i;
    json_t *layer;
    json_array_foreach(layers, i, layer) total += size_of(layer);
    return total;
}

static double percent(int64_t part, int64_t total)
{
    return total > 0 ? 100.0 * (double)part / (double)total : 0;
}

/* The whole download as one bar. Told in words by the list below, so it is one picture to a screen
 * reader. Base layers are hatched: colour alone tells nothing. */
static void add_strip(const json_t *layers, int64_t total, struct strbuf *out)
{
    double at = 0;
    size_t shade = 0;
    size_t i;
    json_t *layer;
    strbuf_addf(
        out,
        "<svg class=\"strip\" viewBox=\"0 0 %d 28\" preserveAspectRatio=\"none\" "
        "role=\"img\" aria-label=\"Share of each layer in the download\">"
        "<defs><pattern id=\"hatch\" width=\"8\" height=\"8\" "
        "patternUnits=\"userSpaceOnUse\"><path d=\"M0 8L8 0\" class=\"hatching\"/></pattern>"
        "</defs>",
        STRIP_UNITS);
    json_array_foreach(layers, i, layer)
    {
        double width = percent(size_of(layer), total) * STRIP_UNITS / 100;
        if (width < 0.5) {
            at += width;
            continue;
        }
        strbuf_addf(out, "<rect class=\"s%zu\" x=\"%.1f\" width=\"%.1f\" height=\"28\"/>",
                    shade++ % SHADES, at, width);
        if (is_base(layer))
            strbuf_addf(out, "<rect class=\"hatch\" x=\"%.1f\" width=\"%.1f\" height=\"28\"/>", at,
                        width);
        at += width;
    }
    strbuf_adds(out, "</svg>\n");
}

static const char *certainty_text(const char *certainty)
{
    if (strcmp(certainty, "lossy") == 0)
        return "names or quotes not recorded";
    if (strcmp(certainty, "guess") == 0)
        return "a guess";
    if (strcmp(certainty, "foreign") == 0)
        return "no Dockerfile instruction";
    if (strcmp(certainty, "missing") == 0)
        return "command not recorded";
    return "";
}

static void add_detail(struct strbuf *out, const char *name, const char *value)
{
    if (*value)
        html_add(out, "<div><dt>%s</dt><dd><code>%s</code></dd></div>", name, value);
}

static void add_list(struct strbuf *out, const char *name, const json_t *texts)
{
    size_t i;
    json_t *text;
    json_array_foreach(texts, i, text) if (json_is_string(text))
        add_detail(out, name, json_string_value(text));
}

static void add_details(const json_t *layer, size_t number, struct strbuf *out)
{
    const char *command = jsonx_str(layer, "Command");
    const char *created_by = jsonx_str(layer, "CreatedBy");
    bool is_long = strlen(command) > COMMAND_SHOWN_BYTES;
    bool is_other = strcmp(command, created_by) != 0;
    if (json_is_true(json_object_get(layer, "Empty")) && !is_long && !is_other)
        return;
    strbuf_addf(out,
                "<details id=\"details-%zu\"><summary>Details<span class=\"hidden\"> of step "
                "%zu</span></summary><dl>",
                number, number);
    if (is_long)
        add_detail(out, "Command", command);
    add_detail(out, "Digest", jsonx_str(layer, "BlobSum"));
    add_detail(out, "Uncompressed", jsonx_str(layer, "DiffID"));
    add_detail(out, "Media type", jsonx_str(layer, "MediaType"));
    if (is_other)
        add_detail(out, "As recorded", created_by);
    add_list(out, "Build argument", jsonx_array(layer, "BuildArgs"));
    add_list(out, "Made of", jsonx_array(layer, "FlattenedFrom"));
    strbuf_adds(out, "</dl></details>");
}

static void add_size(const json_t *layer, int64_t total, struct strbuf *out)
{
    int64_t bytes = size_of(layer);
    char text[HTML_SIZE_BYTES];
    html_size(bytes, text);
    if (json_is_true(json_object_get(layer, "Empty")))
        strbuf_adds(out, "<p class=\"size none\">no layer</p>");
    else if (!bytes)
        strbuf_adds(out, "<p class=\"size none\">nothing new</p>");
    else
        strbuf_addf(out,
                    "<p class=\"size\">%s <span class=\"share\">%.1f %%</span></p>"
                    "<svg class=\"meter\" viewBox=\"0 0 100 4\" preserveAspectRatio=\"none\" "
                    "aria-hidden=\"true\"><rect width=\"%.2f\" height=\"4\"/></svg>",
                    text, percent(bytes, total), percent(bytes, total));
}

/* "RUN" stands out: the eye looks for the instruction. */
static void add_command(const char *command, struct strbuf *out)
{
    size_t word = strspn(command, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    bool is_instruction = word >= 3 && (command[word] == ' ' || !command[word]);
    strbuf_adds(out, "<code class=\"command\">");
    if (is_instruction)
        strbuf_addf(out, "<b>%.*s</b>", (int)word, command);
    page_cut(out, command + (is_instruction ? word : 0), COMMAND_SHOWN_BYTES);
    strbuf_adds(out, *command ? "</code>" : "no command is recorded</code>");
}

static void add_layer(const json_t *layer, size_t number, int64_t total, struct strbuf *out)
{
    const char *note = jsonx_str(layer, "Note");
    const char *certainty = certainty_text(jsonx_str(layer, "Certainty"));
    strbuf_addf(out, "<li id=\"layer-%zu\" class=\"layer\">", number);
    add_command(jsonx_str(layer, "Command"), out);
    if (*certainty && *jsonx_str(layer, "Command"))
        html_add(out, " <span class=\"mark\">%s</span>", certainty);
    add_size(layer, total, out);
    if (*note)
        html_add(out, "<p class=\"remark\">%s</p>", note);
    add_details(layer, number, out);
    strbuf_adds(out, "</li>\n");
}

static void add_layers(const json_t *layers, size_t from, size_t to, int64_t total,
                       struct strbuf *out)
{
    strbuf_addf(out, "<ol class=\"layers\" start=\"%zu\">\n", from + 1);
    for (size_t i = from; i < to; i++)
        add_layer(json_array_get(layers, i), i + 1, total, out);
    strbuf_adds(out, "</ol>\n");
}

/* Folded: who opens the page looks for what this image adds. */
static void add_base_layers(const struct page_image *page, const json_t *layers, size_t count,
                            int64_t total, struct strbuf *out)
{
    const char *name = jsonx_str(jsonx_object(page->image, "Base"), "Name");
    char text[HTML_SIZE_BYTES];
    int64_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += size_of(json_array_get(layers, i));
    html_size(bytes, text);
    html_add(out,
             "<details id=\"base-layers\" class=\"fold\"><summary>%lld steps of the base image %s",
             (long long)count, name);
    strbuf_addf(out, " <span class=\"share\">%s, %.1f %%</span></summary>\n", text,
                percent(bytes, total));
    add_layers(layers, 0, count, total, out);
    strbuf_adds(out, "</details>\n");
}

void page_layers(const struct page_image *page, struct strbuf *out)
{
    const json_t *layers = jsonx_array(page->image, "Layers");
    size_t count = json_array_size(layers);
    if (!count)
        return;
    int64_t total = total_of(layers);
    size_t base = 0;
    while (base < count && is_base(json_array_get(layers, base)))
        base++;
    strbuf_adds(out, "<section aria-labelledby=\"layers\"><h2 id=\"layers\">Layers</h2>\n");
    if (total)
        add_strip(layers, total, out);
    if (base)
        add_base_layers(page, layers, base, total, out);
    if (base < count)
        add_layers(layers, base, count, total, out);
    strbuf_adds(out, "</section>\n");
}
