/* The parts of an image's page, each from the API's JSON of the image; each gives nothing where
 * there is nothing to tell. Pure. */
#ifndef MB_PAGE_SECTIONS_H
#define MB_PAGE_SECTIONS_H

#include "page_image.h"

/* The tag that the page is about: the one asked for; else `latest`, or what stands in for it.
 * Borrowed. */
const char *page_tag(const struct page_image *page);

void page_facts(const struct page_image *page, struct strbuf *out);       /* page_facts.c */
void page_layers(const struct page_image *page, struct strbuf *out);      /* page_layers.c */
void page_sheet(const struct page_image *page, struct strbuf *out);       /* page_sheet.c */
void page_config(const struct page_image *page, struct strbuf *out);      /* page_sheet.c */
void page_versions(const struct page_image *page, struct strbuf *out);    /* page_tags.c */
void page_platforms(const struct page_image *page, struct strbuf *out);   /* page_tags.c */
void page_attachments(const struct page_image *page, struct strbuf *out); /* page_related.c */
void page_base(const struct page_image *page, struct strbuf *out);        /* page_related.c */
void page_badges(const struct page_image *page, struct strbuf *out);      /* page_related.c */

#endif
