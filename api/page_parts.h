/* Small pieces that several parts of a page are made of. Pure. */
#ifndef MB_PAGE_PARTS_H
#define MB_PAGE_PARTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "route.h"
#include "strbuf.h"

/* Texts in a URL's path or query, percent-encoded but for "/", ":", "@" and what needs none. */
void page_url(struct strbuf *out, const char *text);
/* "/images/NAME:TAG?platform=P" in a quoted attribute; tag, digest, platform may be NULL or "".
 * The digest wins over the tag. */
void page_image_url(struct strbuf *out, const char *name, const char *tag, const char *digest,
                    const char *platform);
/* The beginning of a digest, the whole of it in its title; "" gives nothing. */
void page_digest(struct strbuf *out, const char *digest);
/* "12.3 MB"; for 0 a dash that says so. */
void page_size(struct strbuf *out, int64_t bytes);
/* Text of at most max_bytes, cut at a character; "…" tells. */
void page_cut(struct strbuf *out, const char *text, size_t max_bytes);
/* As a link where it is a web address. */
void page_value(struct strbuf *out, const char *text);
/* A line of text with a button that copies it, where JavaScript puts one. id is the element's, and
 * literal. */
void page_copy(struct strbuf *out, const char *id, const char *label, const char *text);
/* A table that scrolls within itself where it is wide. label names it; heads are literal HTML. */
void page_table_begin(struct strbuf *out, const char *label, const char *heads);
void page_table_end(struct strbuf *out);

/* A section that is one table; nothing where there are no rows. */
struct page_rows {
    const char *id, *heading; /* the section's */
    const char *heads;        /* as of page_table_begin */
    void (*add_row)(const json_t *row, struct strbuf *out);
};
void page_rows_section(const struct page_rows *table, const json_t *rows, struct strbuf *out);

/* "nginx:1.27" or "nginx@sha256:..." as it was asked for. Caller frees. */
char *page_reference(const struct reference *image, const char *shown);

#endif
