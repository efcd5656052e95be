#include "view.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jsonx.h"
#include "mem.h"
#include "text.h"

#define FACT_INDENT 2
#define FACT_COLUMNS 13 /* of a fact's name */

char *view_escape(const struct view *view, const char *text)
{
    return text_escape(text, "", view->terminal->is_utf8);
}

char *view_text(const struct view *view, const json_t *object, const char *key)
{
    return view_escape(view, jsonx_str(object, key));
}

void view_add(const struct view *view, const char *text)
{
    strbuf_adds(view->out, text);
}

void view_addf(const struct view *view, const char *format, ...)
{
    va_list args;
    char *text = NULL;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0)
        abort();
    strbuf_adds(view->out, text);
    free(text);
}

void view_styled(const struct view *view, enum style style, const char *text)
{
    if (*text)
        view_addf(view, "%s%s%s", terminal_style(view->terminal, style), text,
                  terminal_plain(view->terminal));
}

void view_heading(const struct view *view, const char *text)
{
    if (view->out->len)
        view_add(view, "\n");
    view_styled(view, STYLE_BOLD, text);
    view_add(view, "\n");
}

void view_fact(const struct view *view, const char *name, const char *value)
{
    const size_t indent = FACT_INDENT + FACT_COLUMNS;
    AUTO(strbuf) struct strbuf padded = STRBUF_INIT(VIEW_MAX_BYTES);
    if (!*value)
        return;
    text_add_padded(&padded, name, FACT_COLUMNS);
    view_addf(view, "%*s", FACT_INDENT, "");
    view_styled(view, STYLE_DIM, strbuf_str(&padded));
    text_add_wrapped(view->out, value, (size_t)view->terminal->columns - indent, indent);
    view_add(view, "\n");
}

char *view_short_digest(const struct view *view, const char *digest)
{
    AUTO(free) char *cut = xstrndup(digest, VIEW_DIGEST_CHARACTERS);
    return view_escape(view, cut);
}

static void add_joined(const struct view *view, struct strbuf *out, const char *text,
                       const char *separator)
{
    AUTO(free) char *escaped = view_escape(view, text);
    strbuf_adds(out, out->len ? separator : "");
    strbuf_adds(out, escaped);
}

char *view_join(const struct view *view, const json_t *texts, const char *separator)
{
    struct strbuf out = STRBUF_INIT(VIEW_MAX_BYTES);
    size_t i;
    json_t *text;
    json_array_foreach(texts, i, text)
    {
        if (json_is_string(text))
            add_joined(view, &out, json_string_value(text), separator);
    }
    return strbuf_detach(&out);
}

char *view_tags(const struct view *view, const json_t *tags)
{
    struct strbuf out = STRBUF_INIT(VIEW_MAX_BYTES);
    size_t i;
    json_t *tag;
    json_array_foreach(tags, i, tag)
    {
        add_joined(view, &out, jsonx_str(tag, "tag"), ", ");
    }
    return strbuf_detach(&out);
}
