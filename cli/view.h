/* What all views are made of: from the API's JSON to lines for people. Pure; all foreign text goes
 * through view_text or view_escape. */
#ifndef MB_VIEW_H
#define MB_VIEW_H

#include <jansson.h>
#include <stddef.h>

#include "strbuf.h"
#include "terminal.h"

#define VIEW_MAX_BYTES (64u << 20)
#define VIEW_DIGEST_CHARACTERS 19 /* "sha256:" and twelve digits */

struct view {
    const struct terminal *terminal;
    struct strbuf *out;
};

/* Escaped for the terminal; caller frees. */
char *view_escape(const struct view *view, const char *text);
char *view_text(const struct view *view, const json_t *object, const char *key);

void view_add(const struct view *view, const char *text);
void view_addf(const struct view *view, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void view_styled(const struct view *view, enum style style, const char *text);
/* A line of its own, after an empty one unless it is the first. */
void view_heading(const struct view *view, const char *text);

/* "  Name         value", the value wrapped; nothing where the value is "". The value is escaped
 * already. */
void view_fact(const struct view *view, const char *name, const char *value);

/* The beginning of a digest, escaped. Caller frees. */
char *view_short_digest(const struct view *view, const char *digest);
/* The strings of an array, joined; what is no string is left out. Escaped; caller frees. */
char *view_join(const struct view *view, const json_t *texts, const char *separator);
/* The tags of a "Tags" array, joined by ", ". Caller frees. */
char *view_tags(const struct view *view, const json_t *tags);

#endif
