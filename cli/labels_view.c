#include "labels_view.h"

#include <string.h>

#include "jsonx.h"
#include "mem.h"
#include "text.h"

#define NAME_COLUMNS 15
#define INDENT (2 + NAME_COLUMNS)

/* "org.opencontainers.image.title (label)" */
static char *place_text(const struct view *view, const json_t *place)
{
    AUTO(free) char *key = view_text(view, place, "Key");
    AUTO(free) char *source = view_text(view, place, "Source");
    bool is_inherited = json_is_true(json_object_get(place, "Inherited"));
    bool is_cut = json_is_true(json_object_get(place, "Truncated"));
    return xasprintf("%s (%s%s%s)", key, source, is_inherited ? ", of the base image" : "",
                     is_cut ? ", shortened here" : "");
}

static void add_wrapped(const struct view *view, enum style style, const char *text)
{
    AUTO(strbuf) struct strbuf wrapped = STRBUF_INIT(VIEW_MAX_BYTES);
    size_t room = (size_t)view->terminal->columns - INDENT;
    text_add_wrapped(&wrapped, text, room, INDENT);
    if (style == STYLE_PLAIN)
        view_add(view, strbuf_str(&wrapped));
    else
        view_styled(view, style, strbuf_str(&wrapped));
    view_add(view, "\n");
}

/* The other places that say the same, in one paragraph. */
static char *same_places(const struct view *view, const json_t *row)
{
    struct strbuf text = STRBUF_INIT(VIEW_MAX_BYTES);
    AUTO(free) char *first = place_text(view, row);
    size_t i;
    json_t *place;
    strbuf_adds(&text, first);
    json_array_foreach(jsonx_array(row, "Others"), i, place)
    {
        if (strcmp(jsonx_str(place, "Value"), jsonx_str(row, "Value")) != 0)
            continue;
        AUTO(free) char *other = place_text(view, place);
        strbuf_addf(&text, ", %s", other);
    }
    return strbuf_detach(&text);
}

static void add_other_values(const struct view *view, const json_t *row)
{
    bool is_conflict = json_is_true(json_object_get(row, "Conflict"));
    size_t i;
    json_t *place;
    json_array_foreach(jsonx_array(row, "Others"), i, place)
    {
        if (strcmp(jsonx_str(place, "Value"), jsonx_str(row, "Value")) == 0)
            continue;
        AUTO(free) char *where = place_text(view, place);
        AUTO(free) char *value = view_text(view, place, "Value");
        AUTO(free)
        char *text = xasprintf("%s: %s in %s", is_conflict ? "differs" : "also", value, where);
        view_addf(view, "%*s", INDENT, "");
        add_wrapped(view, is_conflict ? STYLE_YELLOW : STYLE_DIM, text);
    }
}

static void add_row(const struct view *view, const json_t *row)
{
    const char *meaning = jsonx_str(row, "Meaning");
    AUTO(free) char *name = view_escape(view, *meaning ? meaning : jsonx_str(row, "Key"));
    AUTO(free) char *value = view_text(view, row, "Value");
    AUTO(free) char *places = same_places(view, row);
    AUTO(strbuf) struct strbuf padded = STRBUF_INIT(VIEW_MAX_BYTES);
    view_add(view, "  ");
    if (text_width(name) < NAME_COLUMNS) {
        text_add_padded(&padded, name, NAME_COLUMNS);
        view_styled(view, STYLE_CYAN, strbuf_str(&padded));
    } else {
        view_styled(view, STYLE_CYAN, name);
        view_addf(view, "\n%*s", INDENT, "");
    }
    add_wrapped(view, STYLE_PLAIN, *value ? value : "\"\"");
    view_addf(view, "%*s", INDENT, "");
    add_wrapped(view, STYLE_DIM, places);
    add_other_values(view, row);
}

void labels_view(const struct view *view, const json_t *image)
{
    const json_t *rows = jsonx_array(image, "Metadata");
    size_t i;
    json_t *row;
    if (json_array_size(rows) == 0)
        return;
    view_heading(view, "Labels");
    json_array_foreach(rows, i, row)
    {
        add_row(view, row);
    }
}
