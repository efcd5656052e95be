#include "layers_view.h"

#include <string.h>

#include "amount.h"
#include "bar.h"
#include "jsonx.h"
#include "mem.h"
#include "text.h"

#define BAR_COLUMNS 12
#define SIZE_COLUMNS 9
/* "  " size "  " bar " " share "  " */
#define COMMAND_INDENT (2 + SIZE_COLUMNS + 2 + BAR_COLUMNS + 1 + 6 + 2)

size_t layers_count(const json_t *version)
{
    size_t count = 0;
    size_t i;
    json_t *layer;
    json_array_foreach(jsonx_array(version, "Layers"), i, layer)
    {
        count += !json_is_true(json_object_get(layer, "Empty"));
    }
    return count;
}

static void add_size(const struct view *view, const json_t *layer, int64_t whole_bytes)
{
    char size[AMOUNT_BYTES];
    int64_t size_bytes = jsonx_int(layer, "DownloadSize");
    double share = whole_bytes > 0 ? 100.0 * (double)size_bytes / (double)whole_bytes : 0;
    if (json_is_true(json_object_get(layer, "Empty"))) {
        view_addf(view, "%*s", COMMAND_INDENT, "");
        return;
    }
    amount_size_text(size_bytes, size);
    view_addf(view, "  %*s  ", SIZE_COLUMNS, size);
    view_add(view, terminal_style(view->terminal, STYLE_GREEN));
    bar_add(view->out, size_bytes, whole_bytes, BAR_COLUMNS, view->terminal->is_utf8);
    view_addf(view, "%s %5.1f%%  ", terminal_plain(view->terminal), share);
}

/* "sha256:66cce4caada2  lossy: root file system" */
static void add_notes(const struct view *view, const json_t *layer)
{
    const char *certainty = jsonx_str(layer, "Certainty");
    bool is_exact = strcmp(certainty, "exact") == 0;
    AUTO(free) char *digest = view_short_digest(view, jsonx_str(layer, "BlobSum"));
    AUTO(free) char *word = view_escape(view, is_exact ? "" : certainty);
    AUTO(free) char *note = view_text(view, layer, "Note");
    AUTO(free)
    char *text = xasprintf("%s%s%s%s%s", digest, *digest && (*word || *note) ? "  " : "", word,
                           *word && *note ? ": " : "", note);
    AUTO(strbuf) struct strbuf wrapped = STRBUF_INIT(VIEW_MAX_BYTES);
    if (!*text)
        return;
    text_add_wrapped(&wrapped, text, (size_t)view->terminal->columns - COMMAND_INDENT,
                     COMMAND_INDENT);
    view_addf(view, "%*s", COMMAND_INDENT, "");
    view_styled(view, STYLE_DIM, strbuf_str(&wrapped));
    view_add(view, "\n");
}

static void add_layer(const struct view *view, const json_t *layer, int64_t whole_bytes,
                      enum layers_detail detail)
{
    size_t columns = (size_t)view->terminal->columns;
    size_t room = columns > COMMAND_INDENT + 10 ? columns - COMMAND_INDENT : 10;
    const char *recorded = jsonx_str(layer, "Command");
    bool is_empty = json_is_true(json_object_get(layer, "Empty"));
    AUTO(free) char *command = view_escape(view, *recorded ? recorded : "(nothing is recorded)");
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(VIEW_MAX_BYTES);
    if (detail == LAYERS_FULL)
        text_add_wrapped(&text, command, room, COMMAND_INDENT);
    else
        text_add_cut(&text, command, room, view->terminal->is_utf8);
    add_size(view, layer, whole_bytes);
    if (is_empty)
        view_styled(view, STYLE_DIM, strbuf_str(&text));
    else
        view_add(view, strbuf_str(&text));
    view_add(view, "\n");
    if (detail == LAYERS_FULL)
        add_notes(view, layer);
}

/* Between the base image's layers and the image's own. */
static void add_part(const struct view *view, const char *text)
{
    view_add(view, "  ");
    view_styled(view, STYLE_CYAN, text);
    view_add(view, "\n");
}

void layers_view(const struct view *view, const json_t *version, enum layers_detail detail)
{
    const json_t *layers = jsonx_array(version, "Layers");
    int64_t whole_bytes = jsonx_int(version, "DownloadSize");
    bool was_base = false;
    size_t i;
    json_t *layer;
    view_heading(view, "Layers");
    json_array_foreach(layers, i, layer)
    {
        bool is_base = json_is_true(json_object_get(layer, "Base"));
        if (is_base && i == 0)
            add_part(view, "of the base image");
        else if (was_base && !is_base)
            add_part(view, "of this image");
        was_base = is_base;
        add_layer(view, layer, whole_bytes, detail);
    }
    if (json_array_size(layers) == 0)
        view_add(view, "  none\n");
}
