#include "compare_view.h"

#include <string.h>

#include "amount.h"
#include "jsonx.h"
#include "mem.h"
#include "text.h"

static enum style style_of(const char *change)
{
    if (strcmp(change, "added") == 0)
        return STYLE_GREEN;
    if (strcmp(change, "removed") == 0)
        return STYLE_RED;
    return strcmp(change, "changed") == 0 ? STYLE_YELLOW : STYLE_DIM;
}

static const char *sign_of(const char *change)
{
    if (strcmp(change, "added") == 0)
        return "+";
    if (strcmp(change, "removed") == 0)
        return "-";
    return strcmp(change, "changed") == 0 ? "~" : " ";
}

/* "  + text", wrapped behind the sign. */
static void change_line(const struct view *view, const char *change, const char *text)
{
    const size_t indent = 4;
    AUTO(strbuf) struct strbuf line = STRBUF_INIT(VIEW_MAX_BYTES);
    strbuf_addf(&line, "%s ", sign_of(change));
    text_add_wrapped(&line, text, (size_t)view->terminal->columns - indent, indent);
    view_add(view, "  ");
    view_styled(view, style_of(change), strbuf_str(&line));
    view_add(view, "\n");
}

static void side_fact(const struct view *view, const char *name, const json_t *side)
{
    char created[AMOUNT_BYTES];
    AUTO(free) char *reference = view_text(view, side, "Reference");
    AUTO(free) char *digest = view_short_digest(view, jsonx_str(side, "Digest"));
    AUTO(free) char *platform = view_text(view, side, "Platform");
    amount_time_text(jsonx_str(side, "Created"), created);
    AUTO(free)
    char *text = xasprintf("%s  %s  %s  %s", reference, digest, platform, created);
    view_fact(view, name, text);
}

static const char *match_text(const char *match)
{
    if (strcmp(match, "manifest") == 0)
        return "the same image";
    if (strcmp(match, "config") == 0)
        return "the same image in another manifest";
    return strcmp(match, "layers") == 0 ? "the same layers under another config" : "";
}

static void size_fact(const struct view *view, const json_t *comparison)
{
    const json_t *size = jsonx_object(comparison, "DownloadSize");
    int64_t difference = jsonx_int(size, "Difference");
    char a[AMOUNT_BYTES];
    char b[AMOUNT_BYTES];
    char by[AMOUNT_BYTES];
    amount_size_text(jsonx_int(size, "A"), a);
    amount_size_text(jsonx_int(size, "B"), b);
    amount_size_text(difference < 0 ? -difference : difference, by);
    AUTO(free)
    char *text = difference
                     ? xasprintf("%s to %s: %s %s", a, b, by, difference < 0 ? "less" : "more")
                     : xasprintf("%s, no difference", a);
    view_fact(view, "Size", text);
}

static void layers_fact(const struct view *view, const json_t *layers)
{
    static const char *const kinds[] = {"Shared", "Added", "Removed"};
    static const char *const words[] = {"shared", "added", "removed"};
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(VIEW_MAX_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const json_t *kind = jsonx_object(layers, kinds[i]);
        char size[AMOUNT_BYTES];
        amount_size_text(jsonx_int(kind, "DownloadSize"), size);
        strbuf_addf(&text, "%s%lld %s (%s)", i ? ", " : "", (long long)jsonx_int(kind, "Count"),
                    words[i], size);
    }
    view_fact(view, "Layers", strbuf_str(&text));
}

/* "nginx:1.26 to nginx:1.27", with '(none)' for what is not there. */
static char *base_text(const struct view *view, const json_t *base)
{
    AUTO(free) char *name = view_text(view, base, "Name");
    AUTO(free) char *tag = view_text(view, base, "Tag");
    return xasprintf("%s%s%s", *name ? name : "(none known)", *tag ? ":" : "", tag);
}

static void base_fact(const struct view *view, const json_t *base)
{
    AUTO(free) char *a = base_text(view, jsonx_object(base, "A"));
    AUTO(free) char *b = base_text(view, jsonx_object(base, "B"));
    AUTO(free) char *both = xasprintf("%s to %s", a, b);
    if (base)
        view_fact(view, "Base image", strcmp(a, b) == 0 ? a : both);
}

static void layer_rows(const struct view *view, const json_t *layers)
{
    bool is_first = true;
    size_t i;
    json_t *row;
    json_array_foreach(jsonx_array(layers, "Rows"), i, row)
    {
        const char *change = jsonx_str(row, "Change");
        char size[AMOUNT_BYTES];
        if (strcmp(change, "kept") == 0)
            continue;
        if (is_first)
            view_heading(view, "Layers");
        is_first = false;
        amount_size_text(jsonx_int(row, "DownloadSize"), size);
        AUTO(free) char *command = view_text(view, row, "Command");
        bool is_moved = json_is_true(json_object_get(row, "Moved"));
        AUTO(free)
        char *text = xasprintf("%9s  %s%s", size, command, is_moved ? " (at another place)" : "");
        change_line(view, change, text);
    }
}

/* A text as it is, everything else as JSON. */
static char *value_text(const struct view *view, const json_t *value)
{
    if (json_is_string(value))
        return view_escape(view, json_string_value(value));
    AUTO(free) char *json = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    return view_escape(view, json ? json : "");
}

/* A platform is an object: its size says most. */
static char *platform_text(const struct view *view, const json_t *platform)
{
    char size[AMOUNT_BYTES];
    AUTO(free) char *digest = view_short_digest(view, jsonx_str(platform, "Digest"));
    amount_size_text(jsonx_int(platform, "DownloadSize"), size);
    return jsonx_int(platform, "DownloadSize") > 0 ? xasprintf("%s %s", digest, size)
                                                   : TAKE(digest);
}

static void table_row(const struct view *view, const json_t *row, bool are_platforms)
{
    const char *change = jsonx_str(row, "Change");
    char *(*text_of)(const struct view *, const json_t *) =
        are_platforms ? platform_text : value_text;
    AUTO(free) char *name = view_text(view, row, "Name");
    AUTO(free) char *a = text_of(view, json_object_get(row, "A"));
    AUTO(free) char *b = text_of(view, json_object_get(row, "B"));
    bool is_changed = strcmp(change, "changed") == 0;
    bool is_removed = strcmp(change, "removed") == 0;
    AUTO(free)
    char *text = is_changed ? xasprintf("%s: %s to %s", name, a, b)
                            : xasprintf("%s: %s", name, is_removed ? a : b);
    change_line(view, change, text);
}

static void table(const struct view *view, const char *heading, const json_t *comparison,
                  const char *key)
{
    const json_t *part = jsonx_object(comparison, key);
    int64_t omitted = jsonx_int(part, "RowsOmitted");
    bool is_first = true;
    size_t i;
    json_t *row;
    json_array_foreach(jsonx_array(part, "Rows"), i, row)
    {
        if (strcmp(jsonx_str(row, "Change"), "kept") == 0)
            continue;
        if (is_first)
            view_heading(view, heading);
        is_first = false;
        table_row(view, row, strcmp(key, "Platforms") == 0);
    }
    if (omitted > 0)
        view_addf(view, "  and %lld more\n", (long long)omitted);
}

static void dockerfile_lines(const struct view *view, const json_t *dockerfile)
{
    size_t i;
    json_t *line;
    if (jsonx_int(dockerfile, "Added") + jsonx_int(dockerfile, "Removed") == 0)
        return;
    view_heading(view, "Dockerfile");
    json_array_foreach(jsonx_array(dockerfile, "Lines"), i, line)
    {
        AUTO(free) char *text = view_text(view, line, "Text");
        change_line(view, jsonx_str(line, "Change"), text);
    }
}

void compare_view(const struct view *view, const json_t *comparison)
{
    const json_t *layers = jsonx_object(comparison, "Layers");
    view_heading(view, "Comparison");
    side_fact(view, "From", jsonx_object(comparison, "A"));
    side_fact(view, "To", jsonx_object(comparison, "B"));
    view_fact(view, "Match", match_text(jsonx_str(comparison, "Match")));
    size_fact(view, comparison);
    layers_fact(view, layers);
    base_fact(view, jsonx_object(comparison, "Base"));
    layer_rows(view, layers);
    table(view, "Platforms", comparison, "Platforms");
    table(view, "Labels", comparison, "Labels");
    table(view, "Environment", comparison, "Env");
    table(view, "Configuration", comparison, "Config");
    dockerfile_lines(view, jsonx_object(comparison, "Dockerfile"));
}
