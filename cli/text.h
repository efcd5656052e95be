/* Foreign text on a terminal: escaped, measured in columns, cut and wrapped. Pure; widths want a
 * UTF-8 locale (terminal_init). */
#ifndef MB_TEXT_H
#define MB_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "strbuf.h"

#define TEXT_MAX_BYTES (64u << 20)

/* Text that no terminal takes for anything else: control characters as symbols, those of direction
 * and of no width as <U+202E>; where is_utf8 is false, everything beyond ASCII as <U+00E9>. keep:
 * characters that stay, such as "\n". What is no UTF-8 becomes U+FFFD. Caller frees. */
char *text_escape(const char *text, const char *keep, bool is_utf8);

/* Columns of an escaped text. */
size_t text_width(const char *text);
/* Bytes of the longest beginning that is no wider than columns. */
size_t text_fit(const char *text, size_t columns);
/* Appends text, cut with an ellipsis where it is wider than columns. */
void text_add_cut(struct strbuf *out, const char *text, size_t columns, bool is_utf8);
/* Appends text and blanks up to columns. */
void text_add_padded(struct strbuf *out, const char *text, size_t columns);
/* Appends text in lines of up to `columns`, broken at blanks only: digests and addresses stay whole
 * to be copied. Every line after the first is indented. No line end after the last. */
void text_add_wrapped(struct strbuf *out, const char *text, size_t columns, size_t indent);

#endif
