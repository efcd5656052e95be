/* Text into HTML. Everything that comes from an image is foreign text: it goes through here. */
#ifndef MB_HTML_H
#define MB_HTML_H

#include <stdbool.h>
#include <stdint.h>

#include "strbuf.h"

/* Escaped for element content and quoted attributes. Control characters and the ones that change
 * the direction of text (Unicode TR 9) are shown as "\u{202e}". NULL is fine. */
void html_text(struct strbuf *out, const char *text);

/* A template: literal HTML in which %s is an escaped text, %lld a number, %% a per cent sign;
 * nothing else is known. */
void html_add(struct strbuf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* True for an http or https URL without blanks or controls: only such become links. */
bool html_is_link(const char *url);

/* "12.3 MB" from bytes, 1024-based as v1's badges. */
#define HTML_SIZE_BYTES 32
void html_size(int64_t bytes, char ret_text[HTML_SIZE_BYTES]);

/* <time datetime="...">2026-02-14 10:15</time>; "unknown" for the year 1 and nonsense. */
void html_time(struct strbuf *out, const char *rfc3339);

#endif
