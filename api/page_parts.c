#include "page_parts.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "html.h"
#include "mem.h"

#define DIGEST_SHOWN 12

void page_url(struct strbuf *out, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (isalnum(*c) || strchr("-._~/:@", *c))
            strbuf_addc(out, (char)*c);
        else
            strbuf_addf(out, "%%%02X", *c);
    }
}

void page_image_url(struct strbuf *out, const char *name, const char *tag, const char *digest,
                    const char *platform)
{
    strbuf_adds(out, "/images/");
    page_url(out, name);
    if (digest && *digest) {
        strbuf_addc(out, '@');
        page_url(out, digest);
    } else if (tag && *tag) {
        strbuf_addc(out, ':');
        page_url(out, tag);
    }
    if (platform && *platform) {
        strbuf_adds(out, "?platform=");
        page_url(out, platform);
    }
}

void page_digest(struct strbuf *out, const char *digest)
{
    const char *hex = digest_hex(digest);
    AUTO(free) char *shown = xasprintf("%.*s", DIGEST_SHOWN, hex);
    if (*digest)
        html_add(out, "<code title=\"%s\">%s</code>", digest, shown);
}

void page_size(struct strbuf *out, int64_t bytes)
{
    char text[HTML_SIZE_BYTES];
    html_size(bytes, text);
    if (bytes > 0)
        strbuf_adds(out, text);
    else
        strbuf_adds(out, "<span class=\"none\">not known</span>");
}

void page_cut(struct strbuf *out, const char *text, size_t max_bytes)
{
    size_t len = strlen(text);
    if (len <= max_bytes) {
        html_text(out, text);
        return;
    }
    len = max_bytes;
    while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    AUTO(free) char *cut = xstrndup(text, len);
    html_text(out, cut);
    strbuf_adds(out, "…");
}

void page_value(struct strbuf *out, const char *text)
{
    if (html_is_link(text))
        html_add(out, "<a href=\"%s\" rel=\"nofollow noopener noreferrer\">%s</a>", text, text);
    else
        html_text(out, text);
}

void page_copy(struct strbuf *out, const char *id, const char *label, const char *text)
{
    html_add(out,
             "<div class=\"copy\"><dt>%s</dt><dd><code id=\"%s\" data-copy=\"%s\">%s</code></dd>"
             "</div>\n",
             label, id, label, text);
}

void page_table_begin(struct strbuf *out, const char *label, const char *heads)
{
    html_add(out, "<div class=\"scroll\" tabindex=\"0\"><table aria-label=\"%s\"><thead><tr>",
             label);
    strbuf_adds(out, heads);
    strbuf_adds(out, "</tr></thead>\n<tbody>\n");
}

void page_table_end(struct strbuf *out)
{
    strbuf_adds(out, "</tbody></table></div>\n");
}

void page_rows_section(const struct page_rows *table, const json_t *rows, struct strbuf *out)
{
    size_t i;
    json_t *row;
    if (!json_array_size(rows))
        return;
    html_add(out, "<section aria-labelledby=\"%s\"><h2 id=\"%s\">%s</h2>\n", table->id, table->id,
             table->heading);
    page_table_begin(out, table->heading, table->heads);
    json_array_foreach(rows, i, row) table->add_row(row, out);
    page_table_end(out);
    strbuf_adds(out, "</section>\n");
}

char *page_reference(const struct reference *image, const char *shown)
{
    const char *part = image->digest ? image->digest : image->tag;
    return xasprintf("%s%s%s", shown, !part ? "" : image->digest ? "@" : ":", part ? part : "");
}
